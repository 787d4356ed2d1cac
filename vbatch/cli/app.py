"""The verbs: what each is called, takes and says about itself. What it does is imported when it runs."""

from pathlib import Path

import click

import vbatch
from vbatch.cli.asked import Asked, load_parameters, validate_parameters
from vbatch.cli.registry_app import registry
from vbatch.cli.verb import Example, Verb, Verbs, option

OUTCOMES = """\
Exit codes: 0 done; 1 done, but too many rows were rejected, or files differ from their report, or a code is not registered, or the
registry is not sound; 2 could not run; 75 try again later; 130 interrupted; 143 terminated. Data goes to stdout, everything else to
stderr."""

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Verbs, context_settings=SETTINGS, epilog=OUTCOMES)
@click.version_option(vbatch.__version__, "-V", "--version", prog_name="vbatch", message="%(prog)s %(version)s")
def app() -> None:
    """Move vouchers from one platform to another, and account for every record.

    Start with `vbatch validate EXPORT -p PIPELINE` until the rejected records are understood, then `vbatch load` the same files.
    Pipelines that ship with vbatch: code_list, discounts, gift_cards, loyalty_cards, standalone, voucherify_json.
    """


@app.command(
    cls=Verb,
    examples=(
        Example("vbatch validate gift_cards.csv -p gift_cards", "judge one export; outputs go to runs/<run id>"),
        Example(
            "vbatch validate shop/*.csv -p pipelines/acme.py -o out --max-rejected 2%", "several exports as one run, your own pipeline"
        ),
        Example("vbatch validate gift_cards.csv -p gift_cards --format json -q > result.json", "for a script"),
    ),
)
@validate_parameters
def validate(asked: Asked) -> int:
    """Judge exports and write all outputs.

    Every record of every SOURCE is accepted, rejected or discarded. OUT gets the accepted rows, the rejected ones in their own format
    to be mended, one line for every fault, and report.json. Codes are compared with the registry if there is one; nothing is registered.

    A SOURCE is a file, a folder of files, a quoted glob, or - for standard input; what is compressed is unpacked. A run that was
    interrupted goes on where it stopped when the same command is given again.
    """
    from vbatch.cli import judge  # noqa: PLC0415 - imports polars and all the rest

    return judge.judge("validate", asked)


@app.command(
    cls=Verb,
    examples=(
        Example("vbatch load gift_cards.csv -p gift_cards", "judge an export and register what is accepted"),
        Example("vbatch load delta.csv -p gift_cards --registry prod.duckdb --max-rejected 1%", "a nightly delta that must be clean"),
        Example("vbatch load mended/gift_cards.csv -p gift_cards --corrects 3f9c61d2a47b", "the mended rejects of an earlier load"),
    ),
)
@load_parameters
def load(asked: Asked) -> int:
    """Judge exports and register the accepted codes, as one step.

    Does what `vbatch validate` does, and adds the accepted codes to the registry: all of them or, when more rows are rejected than
    --max-rejected allows, none. A run that is registered already is not run again; its stored report comes back. With --corrects, the
    run is noted as one that mends the rejected records of another, and says which of them are still open.

    A SOURCE is a file, a folder of files, a quoted glob, or - for standard input; what is compressed is unpacked. A run that was
    interrupted goes on where it stopped when the same command is given again.
    """
    from vbatch.cli import judge  # noqa: PLC0415 - imports polars and all the rest

    return judge.judge("load", asked)


@app.command(
    cls=Verb,
    examples=(
        Example("vbatch explain", "all faults that shipped pipelines can report"),
        Example("vbatch explain gift_amount.unreadable", "what one of them means, and how to mend it"),
        Example("vbatch explain -p pipelines/acme.py", "the faults of your own pipeline"),
    ),
)
@click.argument("fault", required=False, metavar="[FAULT]")
@option("-p", "--pipeline", metavar="PIPELINE", help="Only faults of this pipeline, by name or path.  [default: all shipped ones]")
def explain(fault: str | None, pipeline: str | None) -> int:
    """Say what a fault means and how to mend it.

    FAULT is a code as it stands in the summary, in errors.csv and in report.json. Without it, all faults are listed.
    """
    from vbatch.cli import explain as body  # noqa: PLC0415 - imports pandera

    return body.explain(fault, pipeline)


@app.command(
    cls=Verb,
    examples=(
        Example("vbatch verify runs/047e6e7a92d8e8942ecf620477b5238e", "hold the files of a run against its report"),
        Example("vbatch verify out --against may.csv june.csv", "and every byte of its sources against its records"),
    ),
)
@click.argument("out", type=click.Path(path_type=Path))
@option("--against", is_flag=True, help="Prove that every byte of the SOURCES belongs to one record, blank line or header.")
@click.argument("sources", nargs=-1, metavar="[SOURCES...]")
def verify(out: Path, *, against: bool, sources: tuple[str, ...]) -> int:
    """Hold the files of a run against its report.

    Every hash, count and sum that OUT/report.json claims is worked out again from the files in OUT, the output folder of a run. Each
    difference is a line on stdout, and makes the exit code 1.
    """
    from vbatch.cli import verify as body  # noqa: PLC0415 - imports polars

    if against != bool(sources):
        raise click.UsageError("--against needs the sources of the run, in their order, and they need --against")
    return body.verify(out, sources)


app.add_command(registry)
