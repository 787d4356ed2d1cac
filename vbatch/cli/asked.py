"""What a run is asked for on the command line: sources, a pipeline, one value of options, and how to tell the result."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any, Literal

import click

from vbatch.cli.values import Instant, RejectLimit, Size, Words
from vbatch.cli.verb import Function, option
from vbatch.model.options import Options

Format = Literal["text", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command line of `validate`, `load` or `registry import`, understood.

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

scope_option = option("--scope", type=Words(), metavar="NAME", help="Where codes must be unique.  [default: the pipeline's own scope]")

format_option = option(
    "--format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="For people, or as JSON on stdout."
)


def wait_option(seconds: int) -> Callable[[Function], Function]:
    """--wait with this default."""
    told = f"How long to wait for a registry that another run holds.  [default: {seconds}]"
    return option("--wait", type=click.FloatRange(min=0), default=float(seconds), metavar="SECONDS", help=told)


_SOURCES = click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
_OUT = option("-o", "--out", type=click.Path(path_type=Path), metavar="OUT", help="Output folder.  [default: runs/<run id>]")
_MAX_REJECTED = option(
    "--max-rejected",
    type=RejectLimit(),
    metavar="N|P%",
    help="With more rejected rows than this, the exit code is 1 and nothing is registered.  [default: 0 for validate; else no limit]",
)
_AS_OF = option("--as-of", type=Instant(), metavar="INSTANT", help="Judge expiry at this instant, with a zone.  [default: not judged]")
_CORRECTS = option("--corrects", type=Words(), metavar="RUN", help="The run whose rejected records these are, mended.  [default: none]")
_MEMORY = option(
    "--memory", type=Size(), metavar="SIZE", help="Memory for what grows with the input.  [default: a quarter of the machine's]"
)
_HOW = (
    option("--csv", is_flag=True, help="Write CSV twins of the Parquet files."),
    option("--allow-truncated", is_flag=True, help="Judge a compressed source that ends early as far as it goes."),
    option("--restart", is_flag=True, help="Throw away what an interrupted run has finished."),
    _MEMORY,
    option("--timings", is_flag=True, help="The report tells the seconds of each phase."),
    option("--batch-rows", type=click.IntRange(min=1), metavar="N", help="Records judged at a time.  [default: the pipeline's own]"),
)
_TOLD = (
    wait_option(600),
    option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="json prints report.json on stdout."),
    option("-q", "--quiet", is_flag=True, help="No progress and no summary; errors are still told."),
)


def _gathering(*parameters: Callable[[Any], Any]) -> Callable[[Callable[[Asked], int]], Callable[..., int]]:
    """Gives a command these parameters, and its body one value of them."""

    def decorated(body: Callable[[Asked], int]) -> Callable[..., int]:
        @wraps(body)
        def gathered(**given: Any) -> int:
            options = Options(**{one.name: given.pop(one.name) for one in fields(Options) if one.name in given})
            return body(Asked(options=options, **given))

        for parameter in reversed(parameters):
            gathered = parameter(gathered)
        return gathered

    return decorated


_WHERE = (pipeline_option, _OUT, registry_option, scope_option, _MAX_REJECTED, _AS_OF)
validate_parameters = _gathering(_SOURCES, *_WHERE, *_HOW, *_TOLD)
load_parameters = _gathering(_SOURCES, *_WHERE, _CORRECTS, *_HOW, *_TOLD)
import_parameters = _gathering(_SOURCES, pipeline_option, registry_option, scope_option, _MAX_REJECTED, _AS_OF, _MEMORY, *_TOLD)
