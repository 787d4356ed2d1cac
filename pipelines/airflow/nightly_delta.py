"""Every night: wait for the day's exports, load them, tell those who follow how many codes came in.

A delta in which too many rows are rejected registers nothing, and the fault that matters decides who is asked.
"""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset

from vbatch.airflow import VbatchBranchOperator, VbatchExportSensor, VbatchLoadOperator

codes = Asset("vbatch://codes/gift_cards")

with DAG(
    dag_id="vbatch_nightly_delta",
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["vbatch"],
    doc_md=__doc__,
):
    arrived = VbatchExportSensor(
        task_id="arrived",
        sources="exports/{{ dag_run.run_after | ds }}/*.csv",
        done_file="exports/{{ dag_run.run_after | ds }}/DONE",
        deferrable=True,
        poke_interval=60,
        timeout=timedelta(hours=3),
    )
    load = VbatchLoadOperator(
        task_id="load",
        sources=arrived.output,
        pipeline="gift_cards",
        max_rejected="1%",
        on_rejected="continue",
        pool="vbatch_registry",
        outlets=[codes],
    )
    route = VbatchBranchOperator(
        task_id="route",
        report=load.output,
        routes={"code.registered": "ask_the_shop", "code.*": "ask_the_shop", "over_limit": "ask_the_data_team"},
        otherwise="done",
    )
    route >> [EmptyOperator(task_id=name) for name in ("ask_the_shop", "ask_the_data_team", "done")]
