"""One task each, for whatever files a run is configured with."""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset

from vbatch.airflow import VbatchBranchOperator, VbatchLoadOperator, VbatchValidateOperator

OPERATORS = {"validate": VbatchValidateOperator, "load": VbatchLoadOperator}

for verb, operator in OPERATORS.items():
    for on_rejected in ("fail", "skip_downstream", "continue"):
        with DAG(
            dag_id=f"{verb}_{on_rejected}",
            schedule=None,
            start_date=datetime(2026, 1, 1, tzinfo=UTC),
            params={"sources": "exports/*.csv", "pipeline": "gift_cards", "max_rejected": "", "as_of": "", "registry": "codes.duckdb"},
            default_args={"retries": 1, "retry_delay": timedelta(0)},
        ) as dag:
            judged = operator(
                task_id="judge",
                sources="{{ params.sources }}",
                pipeline="{{ params.pipeline }}",
                registry="{{ params.registry }}",
                max_rejected="{{ params.max_rejected }}",
                as_of="{{ params.as_of }}",
                on_rejected=on_rejected,
                wait=0,
                outlets=[Asset(f"vbatch://{verb}/{on_rejected}")],
            )
            route = VbatchBranchOperator(
                task_id="route", report=judged.output, routes={"code.duplicate": "doubles", "over_limit": "too_many"}, otherwise="fine"
            )
            route >> [EmptyOperator(task_id=name) for name in ("doubles", "too_many", "fine")]
        globals()[dag.dag_id] = dag
