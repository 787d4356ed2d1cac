"""Runs DAGs in this process, and reads from the metadata database what became of them."""

import json
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CODES = ("GIFT-", "CARD-")
"""How the codes of the tests begin; masking hides it."""

HEADER = "Code,Gift Amount,Start Date\n"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A finished run of a DAG.

    Args:
        dag: its id.
        run: the id of the run.
        states: state of each task, with the position of mapped ones as `task/0`.
        tries: the number of each task's last attempt.
    """

    dag: str
    run: str
    states: Mapping[str, str]
    tries: Mapping[str, int]

    def returned(self, task: str) -> Any:
        """What a task returned; None if nothing."""
        name, _, position = task.partition("/")
        found = query(
            "SELECT value FROM xcom WHERE dag_id = ? AND run_id = ? AND task_id = ? AND map_index = ? AND key = 'return_value'",
            self.dag,
            self.run,
            name,
            int(position or -1),
        )
        return plain(json.loads(found[0][0])) if found else None

    def link(self, task: str) -> str:
        """The report link of a task."""
        keys = self.dag, self.run, task
        found = query("SELECT value FROM xcom WHERE dag_id = ? AND run_id = ? AND task_id = ? AND key = '_link_VbatchReportLink'", *keys)
        return str(json.loads(found[0][0]))

    def events(self, uri: str) -> list[dict[str, Any]]:
        """What the events of an asset carry that this run caused."""
        found = query(
            "SELECT e.extra FROM asset_event e JOIN asset a ON a.id = asset_id WHERE uri = ? AND source_dag_id = ? AND source_run_id = ?",
            uri,
            self.dag,
            self.run,
        )
        return [json.loads(extra) for (extra,) in found]

    def logs(self) -> str:
        """The logs of all its tasks."""
        return "".join(file.read_text() for file in Path(os.environ["AIRFLOW_HOME"], "logs").rglob(f"*{self.run}*/**/*.log"))


def query(statement: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(Path(os.environ["AIRFLOW_HOME"], "airflow.db"), timeout=30)) as database:
        return database.execute(statement, values).fetchall()


def plain(value: Any) -> Any:
    """A value as Airflow keeps it, without the names of its types."""
    if isinstance(value, dict) and "__data__" in value:
        return plain(value["__data__"])
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def dags() -> Any:
    """The DAGs, read anew: a run leaves its params in them."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - slow, and only for the tests that run something

    bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    assert bag.import_errors == {}
    return bag.dags


def run(dag: str, **conf: str) -> Ran:
    """Run a DAG to its end."""
    return ran(dag, dags()[dag].test(run_conf=conf).run_id)


def ran(dag: str, run_id: str) -> Ran:
    rows = query("SELECT task_id, map_index, state, try_number FROM task_instance WHERE dag_id = ? AND run_id = ?", dag, run_id)
    named = {task if position < 0 else f"{task}/{position}": (state, tries) for task, position, state, tries in rows}
    return Ran(
        dag=dag,
        run=run_id,
        states={task: state for task, (state, _) in named.items()},
        tries={task: tries for task, (_, tries) in named.items()},
    )


def export(folder: Path, name: str, *rows: str) -> Path:
    """Write an export of gift cards."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return file


def cards(start: int, stop: int) -> list[str]:
    return [f"GIFT-{number:08d},10.00,2025-01-01" for number in range(start, stop)]


def registered(registry: Path) -> list[str]:
    """The codes of a registry."""
    import duckdb  # noqa: PLC0415 - after the imports that are timed

    with duckdb.connect(str(registry), read_only=True) as database:
        return [code for (code,) in database.execute("SELECT code FROM codes ORDER BY code").fetchall()]
