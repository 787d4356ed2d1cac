"""What vbatch says about itself, and how little it needs for that."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
from conftest import SCRIPT, environment

import vbatch
from vbatch import registry
from vbatch.catalog import available
from vbatch.cli import registry_app, registry_changes
from vbatch.cli.app import app
from vbatch.cli.shell import run
from vbatch.cli.verb import Verb, Verbs

HEAVY = ("polars", "pandera", "duckdb", "pyarrow", "numpy", "rich")


def verbs(group: Verbs = app, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Verb]]:
    for name, command in group.commands.items():
        if isinstance(command, Verbs):
            yield from verbs(command, (*path, name))
        else:
            assert isinstance(command, Verb)
            yield (*path, name), command


VERBS = dict(verbs())


def test_help_imports_nothing_heavy() -> None:
    lines = [["--help"], ["--version"], ["registry", "--help"], *([*path, "--help"] for path in VERBS)]
    script = (
        f"import sys\nfrom vbatch.cli.shell import run\nfor line in {lines}: assert run(line) == 0\nprint([*sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment(), check=True)
    loaded = done.stderr
    assert [name for name in HEAVY if f"'{name}'" in loaded] == []


def test_a_run_without_a_registry_does_without_its_library(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("ABC-1\nABC-2\n")
    script = "import sys\nfrom vbatch.cli.shell import run\nassert run(sys.argv[1:]) == 0\nprint('duckdb' in sys.modules)"
    line = ["validate", "a.txt", "-p", "code_list", "--quiet"]
    command = [sys.executable, "-c", script, *line]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment(), check=True).stdout == "False\n"


def test_these_verbs_exist() -> None:
    names = [" ".join(path) for path in VERBS]
    questions = ["info", "runs", "find", "check"]
    changes = ["import", "export", "forget", "mark"]
    assert names == ["validate", "load", "explain", "verify", *(f"registry {name}" for name in questions + changes)]


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_a_verb_is_documented(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    verb = VERBS[path]
    assert run([*path, "--help"]) == 0
    text = capsys.readouterr().out
    assert len((verb.help or "").split("\n\n")) > 1, "a line and a paragraph"
    assert verb.examples
    for example in verb.examples:
        assert example.command.startswith(f"vbatch {' '.join(path)}")
        assert f"  # {example.does}\n  {example.command}\n" in text
    for option in verb.params:
        assert isinstance(option, click.Argument) or (isinstance(option, click.Option) and option.help)


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_every_option_has_the_variable_of_its_name(path: tuple[str, ...]) -> None:
    options = [one for one in VERBS[path].params if isinstance(one, click.Option)]
    assert options
    for one in options:
        long = next(name for name in one.opts if name.startswith("--"))
        assert one.envvar == "VBATCH_" + long[2:].replace("-", "_").upper()


def test_the_words_for_a_status_are_those_of_the_registry() -> None:
    assert get_args(registry_app.Status) == get_args(registry.Status)
    assert get_args(registry_changes.Mark) == get_args(registry.Mark)


def test_the_help_names_the_shipped_pipelines(capsys: pytest.CaptureFixture[str]) -> None:
    run(["--help"])
    assert ", ".join(available()) in " ".join(capsys.readouterr().out.split())


def test_without_a_verb_the_help_comes_as_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("Usage: vbatch [OPTIONS] COMMAND")


@pytest.mark.parametrize("start", [[SCRIPT], [sys.executable, "-m", "vbatch"]])
def test_the_version(start: list[str]) -> None:
    done = subprocess.run([*start, "--version"], capture_output=True, text=True, env=environment(), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"vbatch {vbatch.__version__}\n", "")
