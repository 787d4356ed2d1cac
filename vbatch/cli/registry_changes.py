"""The verbs of `registry` that change it; like registry_app, only their words."""

import getpass
from pathlib import Path
from typing import Any, Literal, get_args

import click

from vbatch.cli.asked import Asked, import_parameters, registry_option, wait_option
from vbatch.cli.values import BadValue, Words
from vbatch.cli.verb import Example, Verb, option

Mark = Literal["delivered", "used", "disabled"]
"""As the registry has it, without what the registry imports."""


def login() -> str:
    """The login name of whoever runs this."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise BadValue("there is no login name", hint="say who you are with --by", param=None, ctx=None) from None


reason_option = option("--reason", type=Words(), required=True, metavar="TEXT", help="Why, for those who look at it later.")
by_option = option("--by", type=Words(), default=login, metavar="NAME", help="Who says so.  [default: the login name]")


@click.command(
    "import",
    cls=Verb,
    examples=(
        Example("vbatch registry import voucherify.csv -p gift_cards", "the target's own export, before the first load"),
        Example("vbatch registry import old/*.csv -p code_list --scope acme --max-rejected 0", "lists of codes, all of them or none"),
    ),
)
@import_parameters
def bring_in(asked: Asked) -> int:
    """Bring in codes that exist at the target already.

    The records of its export are judged as `vbatch load` would, and the acceptable codes are registered as one run, so that no load can
    bring them again; there are no output files. `vbatch validate` of the same files, beforehand, shows each record that is rejected.

    A SOURCE is a file, a folder of files, a quoted glob, or - for standard input; what is compressed is unpacked.
    """
    from vbatch.cli import judge  # noqa: PLC0415 - imports polars and all the rest

    return judge.judge("import", asked)


@click.command(cls=Verb, examples=(Example('vbatch registry forget 3f9c61d2a47b --reason "wrong price list"', "undo a load"),))
@click.argument("run", type=Words())
@reason_option
@by_option
@registry_option
@wait_option(600)
def forget(run: str, registry: Path, wait: float, **said: Any) -> int:
    """Undo one run.

    RUN is a run id, or its first eight digits and more. Exactly its codes are no longer registered, and its sources can be loaded again.
    What stays is an entry that says who forgot it, when and why, and every mark: a code that is used can never be loaded again.
    """
    from vbatch.cli import changes as body  # noqa: PLC0415 - imports duckdb

    return body.forget(registry, run, wait=wait, **said)


@click.command(
    cls=Verb,
    examples=(
        Example('vbatch registry mark delivered sent.txt --reason "mailing of May"', "a list of codes, one a line"),
        Example(
            'vbatch registry mark used redeemed.csv --column "Voucher Code" --scope acme --reason "export of 1 June"', "a column of a CSV"
        ),
    ),
)
@click.argument("status", type=click.Choice(get_args(Mark)), metavar="|".join(get_args(Mark)))
@click.argument("file", type=click.Path(path_type=Path))
@option(
    "-p",
    "--pipeline",
    "given",
    metavar="PIPELINE",
    help="FILE is written like the exports of this pipeline, and its scope is the pipeline's.",
)
@option("--column", type=Words(), metavar="NAME", help="The column of the codes.  [default: that of -p; else code or Code]")
@option("--scope", type=Words(), metavar="NAME", help="Where they are registered.  [default: the pipeline's scope, or the only one]")
@reason_option
@by_option
@registry_option
@wait_option(600)
def mark(status: Mark, file: Path, registry: Path, wait: float, **said: Any) -> int:
    """Record what became of codes at the platform.

    FILE is a Parquet file (.parquet), a CSV (.csv, or any name with --column), or else a list of codes, one a line. With -p, column,
    delimiter and encoding are those of the pipeline's exports. Codes are taken exactly as they stand. The latest mark of a code holds, but
    used is final: such a code can never be loaded again. A code that is not registered is not marked, and makes the exit code 1.
    """
    from vbatch.cli import changes as body  # noqa: PLC0415 - imports polars and duckdb

    return body.mark(registry, status, file, wait=wait, **said)
