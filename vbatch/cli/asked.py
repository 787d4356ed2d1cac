"""What a run is asked for on the command line: sources, a pipeline, one value of options, and how to tell the result."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any, Literal

import click

from vbatch.cli.values import Instant, RejectLimit
from vbatch.cli.verb import Function, option
from vbatch.model.options import Options

Format = Literal["text", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command line of `validate` or `load`, understood.

    Args:
        sources: paths as typed.
        pipeline: name or path as typed.
        options: what the run itself needs to know.
        format: what goes to stdout: nothing, or report.json.
        quiet: whether progress and summary are left out.
    """

    sources: tuple[str, ...]
    pipeline: str
    options: Options
    format: Format
    quiet: bool


pipeline_option = option(
    "-p",
    "--pipeline",
    required=True,
    metavar="PIPELINE",
    help="Name of a pipeline that ships with vbatch, or path of your own .py file.",
)

registry_option = option(
    "--registry",
    type=click.Path(path_type=Path),
    default=Path("codes.duckdb"),
    show_default=True,
    metavar="FILE",
    help="DuckDB file of the codes that exist.",
)

format_option = option(
    "--format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="For people, or as JSON on stdout."
)


def wait_option(seconds: int) -> Callable[[Function], Function]:
    """--wait with this default."""
    told = f"How long to wait for a registry that another run holds.  [default: {seconds}]"
    return option("--wait", type=click.FloatRange(min=0), default=float(seconds), metavar="SECONDS", help=told)


_RUN_PARAMETERS = (
    click.argument("sources", nargs=-1, required=True, metavar="SOURCE..."),
    pipeline_option,
    option("-o", "--out", type=click.Path(path_type=Path), metavar="OUT", help="Output folder.  [default: runs/<run id>]"),
    registry_option,
    option("--scope", metavar="NAME", help="Where codes must be unique.  [default: the pipeline's own scope]"),
    option(
        "--max-rejected",
        type=RejectLimit(),
        metavar="N|P%",
        help="With more rejected rows than this, the exit code is 1 and a load registers nothing.  [default: 0; no limit for load]",
    ),
    option("--as-of", type=Instant(), metavar="INSTANT", help="Judge expiry at this instant, with a zone.  [default: not judged]"),
    option("--csv", is_flag=True, help="Write CSV twins of the Parquet files."),
    option("--allow-truncated", is_flag=True, help="Judge a compressed source that ends early as far as it goes."),
    option("--restart", is_flag=True, help="Throw away what an interrupted run has finished."),
    option("--batch-rows", type=click.IntRange(min=1), metavar="N", help="Records judged at a time.  [default: the pipeline's own]"),
    wait_option(600),
    option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="json prints report.json on stdout."),
    option("-q", "--quiet", is_flag=True, help="No progress and no summary; errors are still told."),
)


def run_parameters(body: Callable[[Asked], int]) -> Callable[..., int]:
    """Give a command the parameters of a run, and its body one value of them."""

    @wraps(body)
    def gathered(**given: Any) -> int:
        options = Options(**{one.name: given.pop(one.name) for one in fields(Options)})
        return body(Asked(options=options, **given))

    for parameter in reversed(_RUN_PARAMETERS):
        gathered = parameter(gathered)
    return gathered
