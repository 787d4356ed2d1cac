"""Starts the command line, and turns whatever ends it into an exit code and, for errors, two lines: `error: …` and `hint: …`."""

import atexit
import ctypes
import gc
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NamedTuple, NoReturn

import click

from vbatch.cli.app import app
from vbatch.cli.mask import visible
from vbatch.errors import VbatchError

INTERRUPTED = 130

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt: https://man7.org/linux/man-pages/man3/mallopt.3.html"""

KEPT = 256 << 20
"""Bytes that glibc keeps of what was freed."""

MAPPED = 32 << 20
"""Bytes of an allocation that glibc maps by itself, and gives back at once; it takes no higher limit."""


class TerminatedError(KeyboardInterrupt):
    """A scheduler stops the process, or its terminal is closed; like Ctrl-C, so that all that holds codes is removed."""

    def __init__(self, number: int) -> None:
        super().__init__("terminated")
        self.exit_code = 128 + number


class Told(NamedTuple):
    """An error as its reader sees it."""

    error: str
    hint: str
    code: int = 2


def main() -> NoReturn:
    """Run the command line with the arguments of the process, and end the process."""
    # Outputs and registry hold codes: whatever is created is the owner's alone.
    os.umask(0o077)
    for stop in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(stop) is signal.SIG_DFL:  # nohup ignores them
            signal.signal(stop, _terminate)
    _keep_memory()
    # Imports make objects by the ten thousand, and none of them is garbage.
    gc.set_threshold(100_000)
    # Pandera imports this test library where it is installed, which takes longer than to judge a small export.
    sys.modules.setdefault("hypothesis", None)  # type: ignore[arg-type] # None is how Python marks what must not be imported
    _end(run(sys.argv[1:]))


def _keep_memory() -> None:
    """See to it that each batch is judged in the memory of the one before: pages that are given back and asked for again cost a tenth."""
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000,muzzy_decay_ms:10000")
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    with suppress(AttributeError, OSError):  # there is no glibc
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, MAPPED)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT)


def _end(code: int) -> NoReturn:
    """End the process as Python does, but without looking through all that is left in memory, which takes as long as a small export."""
    atexit._run_exitfuncs()  # noqa: SLF001 - what Python itself calls, and multiprocessing before it ends a process so
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # there is none, its reader has left, or it is closed
            stream.flush()
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns the exit code, whatever happens."""
    notes: dict[str, bool] = {}
    try:
        return int(app.main(list(arguments), prog_name="vbatch", standalone_mode=False, obj=notes) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place that can turn it into words
        if notes.get("debug"):
            traceback.print_exception(error)
        told = explained(error)
        with suppress(OSError):
            click.echo(f"{click.style('error:', fg='red', bold=True)} {visible(told.error)}", err=True)
            click.echo(f"{click.style('hint:', fg='cyan', bold=True)} {visible(told.hint)}", err=True)
        return told.code


def explained(error: BaseException) -> Told:
    """What to tell about an error."""
    match error:
        case VbatchError():
            return Told(error.message, error.hint, error.exit_code)
        case click.UsageError():
            return Told(_sentence(error), getattr(error, "hint", None) or _usage_hint(error))
        case click.Abort() | KeyboardInterrupt():
            return _stopped(error)
        case MemoryError():
            return Told("there is not enough memory", "judge fewer records at a time with --batch-rows")
        case OSError(filename=str(name), strerror=str(reason)):
            return Told(f"{name}: {reason}", "check the path, its permissions and the disk")
        case _:
            # Its message may quote codes, so the place must do.
            return Told(
                f"internal error: {type(error).__name__} at {_place(error)}",
                "this is a bug in vbatch: run the command again with --debug and report the traceback without the codes in it",
            )


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    raise TerminatedError(number)


def _stopped(error: BaseException) -> Told:
    # Click and the body of a run put an error of their own around what the signal raised.
    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__:
        causes.append(cause)
    terminated = next((one for one in causes if isinstance(one, TerminatedError)), None)
    hint = getattr(error, "hint", "run the same command again")
    return Told("terminated", hint, terminated.exit_code) if terminated else Told("interrupted", hint, INTERRUPTED)


def _sentence(error: click.UsageError) -> str:
    """Click's message in the manner of all others: no capital, no full stop, no suggestions (they go into the hint)."""
    text = (error.message if _possibilities(error) else error.format_message()).strip().partition("\n")[0].rstrip(".")
    return text[:1].lower() + text[1:]


def _usage_hint(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx else "vbatch"
    likely = " or ".join(repr(one) for one in _possibilities(error))
    parameter = error.param if isinstance(error, click.BadParameter) else None
    if error.ctx and parameter and parameter.name and _from_environment(error.ctx, parameter.name):
        return f"the value comes from the environment variable {parameter.envvar}; `{command} --help` lists the options"
    return f"{f'did you mean {likely}? ' if likely else ''}`{command} --help` shows how it is used"


def _possibilities(error: click.UsageError) -> Sequence[str]:
    return getattr(error, "possibilities", None) or ()


def _from_environment(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.ENVIRONMENT


def _place(error: BaseException) -> str:
    """File and line of vbatch where an error arose."""
    home = Path(__file__).parents[1]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(home)]
    return f"{Path(frames[-1].filename).relative_to(home.parent)}:{frames[-1].lineno}" if frames else "an unknown place"
