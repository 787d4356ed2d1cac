"""Loads pipelines: shipped ones by name, a user's own by the path of its file. Whatever is wrong in a file is an error with its line."""

import ast
import re
import sys
from itertools import count
from pathlib import Path
from traceback import extract_tb
from types import CodeType, ModuleType

from vbatch.catalog.shelf import Shelf, did_you_mean
from vbatch.errors import PipelineError, VbatchError
from vbatch.model.pipeline import Pipeline

PACKAGE = Path(__file__).parents[1]
# A wheel carries them inside the package, a checkout has them beside it.
PACKED, BESIDE = PACKAGE / "pipelines", PACKAGE.parent / "pipelines"
PIPELINES = Shelf(what="pipeline", ending=".py", folder=PACKED if PACKED.is_dir() else BESIDE, error=PipelineError)

_numbers = count(1)


def available() -> tuple[str, ...]:
    """The names of the shipped pipelines, in alphabetical order."""
    return PIPELINES.names()


def pipeline(name_or_path: str | Path) -> Pipeline:
    """A pipeline that ships with vbatch, by name, or a user's own, by the path of its .py file.

    Raises:
        PipelineError: there is none of that name, or its file is not valid; the message starts with file and line.
    """
    path = PIPELINES.find(name_or_path)
    source = PIPELINES.read(path)
    code = _compiled(source, path)
    # Pandera looks annotations up in sys.modules, also long after the file has run.
    module = ModuleType(f"vbatch_pipeline_{next(_numbers)}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        _run(code, module, path)
        return _value(module, source, path)
    except BaseException:
        del sys.modules[module.__name__]
        raise


def _compiled(source: str, path: Path) -> CodeType:
    try:
        return compile(source, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise _error(path, error.lineno or 1, error, hint="mend the Python of the file") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise _error(path, 1, error, hint="mend the Python of the file") from error


def _run(code: CodeType, module: ModuleType, path: Path) -> None:
    try:
        exec(code, module.__dict__)  # noqa: S102 - a pipeline is Python by design
    except VbatchError:
        raise
    except ImportError as error:
        raise _error(path, _line(error, path), error, hint=_likely_import(error)) from error
    except (Exception, SystemExit) as error:
        raise _error(path, _line(error, path), error, hint="mend the file; it must run by itself, and only define things") from error


def _value(module: ModuleType, source: str, path: Path) -> Pipeline:
    names = vars(module)
    if "pipeline" not in names:
        others = [name for name, value in names.items() if isinstance(value, Pipeline)]
        line = _defined(source, others[0]) if others else 1
        hint = f"rename {others[0]!r}" if others else "end the file with pipeline = Pipeline(...)"
        raise PipelineError(f"{path}:{line}: no value is called `pipeline`", hint=hint)
    value = names["pipeline"]
    line = _defined(source, "pipeline")
    if not isinstance(value, Pipeline):
        message = f"{path}:{line}: `pipeline` must be a Pipeline, not {type(value).__name__}"
        raise PipelineError(message, hint="write pipeline = Pipeline(name=..., layout=..., schema=..., target=..., scope=...)")
    _work_out(value, _defined(source, value.schema.__name__, line), path)
    return value


def _work_out(value: Pipeline, line: int, path: Path) -> None:
    """Pandera reads the annotations of a schema when it is first used; this is the last moment at which the file can be named."""
    try:
        value.schema.to_schema()
    except Exception as error:
        raise _error(path, line, error, hint=f"mend the schema {value.schema.__name__}; see vbatch/model/voucher for examples") from error


def _error(path: Path, line: int, error: BaseException, *, hint: str) -> PipelineError:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    first = text.strip().partition("\n")[0]
    return PipelineError(f"{path}:{line}: {type(error).__name__}{': ' if first else ''}{first}", hint=hint)


def _line(error: BaseException, path: Path) -> int:
    """The innermost line of the file itself: the statement that its reader can change."""
    return max(
        (position, frame.lineno or 1) for position, frame in enumerate(extract_tb(error.__traceback__)) if frame.filename == str(path)
    )[1]


def _defined(source: str, name: str, otherwise: int = 1) -> int:
    """The line of the last statement at the top of the file that gives the name its value."""
    lines = [statement.lineno for statement in ast.parse(source).body if name in _named(statement)]
    return lines[-1] if lines else otherwise


def _named(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return {statement.name}
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _likely_import(error: ImportError) -> str:
    wanted = re.match(r"cannot import name '(\w+)' from", str(error))
    if wanted is None:
        return "install it into the environment of vbatch"
    names = getattr(sys.modules.get(error.name or ""), "__all__", ())
    return did_you_mean(wanted[1], names) + "check the name and the version of what it is imported from"
