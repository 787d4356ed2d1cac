"""A verb of the command line: a click command whose help ends with examples, and options that the environment can set."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

ENVIRONMENT = "Every option can also come from the environment, as VBATCH_<OPTION>: --max-rejected as VBATCH_MAX_REJECTED."


class Example(NamedTuple):
    """A command line to copy, and what it does."""

    command: str
    does: str


class Verb(click.Command):
    """A command with examples and `--debug`.

    Args:
        examples: shown at the end of its help; there is at least one.
    """

    def __init__(self, *args: Any, examples: Sequence[Example], **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.examples = tuple(examples)
        self.params.append(debug_option())

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, one command a line and never wrapped, so that they can be copied."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Examples"):
            indent = " " * formatter.current_indent
            for example in self.examples:
                formatter.write(f"{indent}# {example.does}\n{indent}{example.command}\n")
        formatter.write_paragraph()
        formatter.write_text(ENVIRONMENT)


class Verbs(click.Group):
    """A group whose help lists its commands in the order of their use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click calls it so
        """The names, in the order of definition."""
        return list(self.commands)


def option(*names: str, **attributes: Any) -> Callable[[Function], Function]:
    """A click option that can also come from the environment, whichever verb it belongs to."""
    return click.option(*names, envvar=environment_name(names), **attributes)


def environment_name(names: Sequence[str]) -> str:
    """VBATCH_MAX_REJECTED for --max-rejected."""
    long = next(name for name in names if name.startswith("--"))
    return "VBATCH_" + long.removeprefix("--").replace("-", "_").upper()


def debug_option() -> click.Option:
    """--debug: tracebacks instead of silence about where an error came from."""
    return click.Option(
        ["--debug"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        envvar="VBATCH_DEBUG",
        callback=_note_debug,
        help="Show the traceback of an error. It may hold codes.",
    )


def _note_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    if value and isinstance(ctx.obj, dict):
        ctx.obj["debug"] = True
