"""What the scheduler runs in the tests: a schedule, an asset, a sensor in the triggerer, and loads that are killed or refused."""

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset

from vbatch.airflow import VbatchExportSensor, VbatchLoadOperator, VbatchValidateOperator

codes = Asset("vbatch://codes/stack")
ARGS = {"retries": 2, "retry_delay": timedelta(0)}

with DAG(
    dag_id="scheduled", schedule="@once", start_date=datetime(2026, 1, 1, tzinfo=UTC), default_args=ARGS, is_paused_upon_creation=True
):
    arrived = VbatchExportSensor(
        task_id="arrived", sources="arriving/*.csv", done_file="{}.done", stable_for=1, deferrable=True, poke_interval=0.5, timeout=120
    )
    VbatchLoadOperator(task_id="load", sources=arrived.output, pipeline="gift_cards", registry="scheduled.duckdb", outlets=[codes])

with DAG(
    dag_id="triggered", schedule=[codes], start_date=datetime(2026, 1, 1, tzinfo=UTC), default_args=ARGS, is_paused_upon_creation=True
):
    VbatchValidateOperator(
        task_id="check", sources="arriving/*.csv", pipeline="gift_cards", registry="scheduled.duckdb", on_rejected="continue"
    )

with DAG(dag_id="killed", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), default_args=ARGS, is_paused_upon_creation=True):
    VbatchLoadOperator(
        task_id="load", sources="big/*.csv", pipeline="gift_cards", registry="killed.duckdb", batch_rows=2_000, pool="vbatch_registry"
    )

with DAG(dag_id="refused", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), default_args=ARGS, is_paused_upon_creation=True):
    VbatchLoadOperator(task_id="load", sources="refused/*.csv", pipeline="gift_cards", registry="refused.duckdb", max_rejected=0)
