"""Many exports of one migration: each validated in a task of its own, all registered by one task, as one run, or not at all.

An export with too many rejected rows is left out, and shows in the list of mapped tasks; the others go on without it.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset

from vbatch.airflow import VbatchExportSensor, VbatchLoadOperator, VbatchValidateOperator

with DAG(
    dag_id="vbatch_many_exports",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["vbatch"],
    doc_md=__doc__,
):
    arrived = VbatchExportSensor(task_id="arrived", manifest="exports/many/manifest.json", deferrable=True)
    validate = VbatchValidateOperator.partial(
        task_id="validate",
        pipeline="gift_cards",
        manifest="exports/many/manifest.json",
        max_rejected="5%",
        on_rejected="skip_downstream",
        max_active_tis_per_dagrun=4,
    ).expand(sources=arrived.output)
    VbatchLoadOperator(
        task_id="commit",
        validated=validate.output,
        pipeline="gift_cards",
        pool="vbatch_registry",
        outlets=[Asset("vbatch://codes/gift_cards")],
    )
