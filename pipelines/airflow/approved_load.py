"""Validate, let a person look at what would be registered, and load exactly that."""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Asset, Param

from vbatch.airflow import VbatchLoadOperator, VbatchValidateOperator

QUESTION = """\
{% set told = ti.xcom_pull(task_ids="validate") %}
{{ told.accepted }} of {{ told.records }} records would be registered, {{ told.rejected }} are rejected.

| amount | accepted | rejected |
|---|--:|--:|
{% for column, sums in told.totals.items() %}| {{ column }} | {{ sums.accepted }} | {{ sums.rejected }} |
{% endfor %}

Faults: {{ told.faults }}. Every rejected record is in `{{ told.errors }}`.
"""

with DAG(
    dag_id="vbatch_approved_load",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    params={"export": Param("exports/cards.csv", type="string", description="the export to load")},
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["vbatch"],
    doc_md=__doc__,
):
    validate = VbatchValidateOperator(
        task_id="validate", sources="{{ params.export }}", pipeline="gift_cards", max_rejected="10%", on_rejected="skip_downstream"
    )
    approve = ApprovalOperator(
        task_id="approve",
        subject="Load {{ params.export }}?",
        body=QUESTION,
        response_timeout=timedelta(days=2),
        retries=0,
    )
    load = VbatchLoadOperator(
        task_id="load",
        validated=validate.output,
        pipeline="gift_cards",
        pool="vbatch_registry",
        outlets=[Asset("vbatch://codes/gift_cards")],
    )
    validate >> approve >> load
