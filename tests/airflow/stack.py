"""Airflow as it runs in earnest: API server, scheduler, DAG processor and triggerer, on the loopback of this machine."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import Request, urlopen

Seen = TypeVar("Seen")
PATIENCE = 180.0
COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")


def until(look: Callable[[], Seen], what: str, patience: float = PATIENCE) -> Seen:
    """Look again and again until there is something to see."""
    deadline = monotonic() + patience
    while monotonic() < deadline:
        if seen := look():
            return seen
        sleep(0.1)
    raise AssertionError(f"waited {patience:.0f} s for {what}")


class Stack:
    """The four processes, and what they say through the API.

    Args:
        home: AIRFLOW_HOME, with a migrated database.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.processes: list[subprocess.Popen[bytes]] = []
        self.token = ""

    def start(self) -> None:
        environment = os.environ | {
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        }
        for component in COMPONENTS:
            with (self.home / f"{component}.log").open("wb") as log:
                command = [sys.executable, "-m", "airflow", component]
                # A group of its own, so that its children end with it.
                started = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
            self.processes.append(started)

    def stop(self) -> None:
        for process in self.processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def ask(self, path: str, method: str = "GET", body: Mapping[str, Any] | None = None) -> Any:
        """An answer of the API; None while there is none."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"http://127.0.0.1:{self.port}{path}", data=data, method=method)
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
                return json.loads(answer.read() or b"null")
        except (URLError, ConnectionError):
            return None

    def log_in(self) -> None:
        self.token = until(lambda: self.ask("/auth/token"), "the API server")["access_token"]

    def unpause(self, dag: str) -> None:
        until(lambda: self.ask(f"/api/v2/dags/{dag}", "PATCH", {"is_paused": False}), f"the DAG {dag}")

    def trigger(self, dag: str) -> str:
        return str(until(lambda: self.ask(f"/api/v2/dags/{dag}/dagRuns", "POST", {"logical_date": None}), f"a run of {dag}")["dag_run_id"])

    def task(self, dag: str, run: str, task: str) -> Mapping[str, Any]:
        return self.ask(f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}") or {"state": None, "pid": None}

    def run_of(self, dag: str) -> str:
        """The id of the only run of a DAG."""
        runs = until(lambda: (self.ask(f"/api/v2/dags/{dag}/dagRuns") or {}).get("dag_runs"), f"a run of {dag}")
        assert len(runs) == 1
        return str(runs[0]["dag_run_id"])

    def end(self, dag: str, run: str) -> str:
        """Wait for the end of a run: success or failed."""

        def ended() -> str | None:
            state = (self.ask(f"/api/v2/dags/{dag}/dagRuns/{run}") or {}).get("state")
            return state if state in {"success", "failed"} else None

        return str(until(ended, f"the end of {dag}"))

    def succeed(self, dag: str, run: str) -> None:
        """Wait for the end of a run; anything but success is told with the logs of its tasks."""
        if self.end(dag, run) != "success":
            logs = sorted(self.home.joinpath("logs", f"dag_id={dag}", f"run_id={run}").rglob("*.log"))
            raise AssertionError("\n".join(f"{log}\n{log.read_text()}" for log in logs))

    def log(self, dag: str, run: str, task: str, attempt: int) -> str:
        """The log of an attempt, as people read it."""
        found = self.ask(f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}?full_content=true")
        return "\n".join(str(line["event"]) if isinstance(line, dict) else str(line) for line in found["content"])
