"""The verbs of `registry`: what each is called, takes and says about itself. What it does is imported when it runs."""

from pathlib import Path
from typing import Literal, get_args

import click

from vbatch.cli.asked import Format, format_option, registry_option, wait_option
from vbatch.cli.registry_changes import bring_in, forget, mark
from vbatch.cli.values import CodeText, Words
from vbatch.cli.verb import Example, Verb, Verbs, option

Status = Literal["registered", "undelivered", "delivered", "used", "disabled"]
"""As the registry has it, without what the registry imports."""


@click.group(cls=Verbs)
def registry() -> None:
    """Ask and tell the registry which codes exist, and what became of them.

    Codes are masked but for their last four characters.
    """


@registry.command(
    cls=Verb,
    examples=(
        Example("vbatch registry info", "the registry in the working directory at a glance"),
        Example("vbatch registry info --registry prod.duckdb --format json", "another one, for a script"),
    ),
)
@registry_option
@wait_option(10)
@format_option
def info(registry: Path, wait: float, format: Format) -> int:  # noqa: A002 - named after the option
    """Show how many codes and runs the registry holds.

    With its size, the codes of each scope, and the version of its format.
    """
    from vbatch.cli import registry as body  # noqa: PLC0415 - imports duckdb

    return body.info(registry, wait=wait, as_json=format == "json")


@registry.command(cls=Verb, examples=(Example("vbatch registry runs --format json", "every load and import, oldest first, for a script"),))
@registry_option
@wait_option(10)
@format_option
def runs(registry: Path, wait: float, format: Format) -> int:  # noqa: A002 - named after the option
    """List the runs that registered codes, oldest first.

    Each with its time, run id, kind, pipeline, scope, number of codes, the run that it corrects, and sources. Runs that were forgotten
    are listed, too, with when, by whom and why.
    """
    from vbatch.cli import registry as body  # noqa: PLC0415 - imports duckdb

    return body.runs(registry, wait=wait, as_json=format == "json")


@registry.command(cls=Verb, examples=(Example("vbatch registry find GIFT-7KX2-99QD", "everything that happened to this code"),))
@click.argument("code", type=CodeText())
@registry_option
@wait_option(10)
@format_option
def find(code: str, registry: Path, wait: float, format: Format) -> int:  # noqa: A002 - named after the option
    """Show everything that happened to a code, in any scope.

    When, by which run, file and record it was registered, imported or forgotten; when and by whom it was marked as delivered, used or
    disabled; and every attempt to load it again. Codes that differ from CODE only in upper and lower case are shown, too. The exit code
    is 1 if CODE itself is not registered.
    """
    from vbatch.cli import registry as body  # noqa: PLC0415 - imports duckdb

    return body.find(registry, code, wait=wait, as_json=format == "json")


@registry.command(
    cls=Verb, examples=(Example("vbatch registry check --registry prod.duckdb", "for a nightly job: exit code 1 calls for you"),)
)
@registry_option
@wait_option(10)
def check(registry: Path, wait: float) -> int:
    """Prove that the registry is sound.

    Every code is registered once in its scope, nothing is without its origin, marks are in order, and every run has as many codes as its
    report says. Each finding is a line on stdout, and makes the exit code 1.
    """
    from vbatch.cli import registry as body  # noqa: PLC0415 - imports duckdb

    return body.check(registry, wait=wait)


registry.add_command(bring_in)


@registry.command(
    cls=Verb,
    examples=(
        Example("vbatch registry export codes.parquet", "every code that is registered, and all used ones"),
        Example("vbatch registry export todo.csv --scope acme --status undelivered", "what the platform has not been sent yet"),
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@option("--scope", type=Words(), metavar="NAME", help="Only codes of this scope.  [default: all]")
@option("--run", type=Words(), metavar="RUN", help="Only codes of this run.  [default: all]")
@option("--status", type=click.Choice(get_args(Status)), help="Only codes that are so.  [default: registered ones and used ones]")
@registry_option
@wait_option(10)
def export(file: Path, registry: Path, wait: float, *, scope: str | None, run: str | None, status: Status | None) -> int:
    """Write codes to a Parquet or CSV file.

    FILE ends with .parquet or .csv; one of that name is replaced. It is readable by its owner only, and holds the codes in full, each with
    its scope, run, time, source, record and status. Undelivered codes are those that were never marked.
    """
    from vbatch.cli import registry as body  # noqa: PLC0415 - imports duckdb

    return body.export(registry, file, wait=wait, scope=scope, run=run, status=status)


registry.add_command(forget)
registry.add_command(mark)
