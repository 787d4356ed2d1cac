"""The pipelines that ship with vbatch, and what can be wrong with a pipeline file."""

import sys
from pathlib import Path

import pandera.polars as pa
import polars as pl
import pytest

from vbatch import Code, Discount, GiftCard, LayoutError, LoyaltyCard, MixedVoucher, Pipeline, PipelineError
from vbatch.catalog import available, pipeline, pipelines
from vbatch.catalog.shelf import Shelf
from vbatch.model.rulebook import rulebook

SHIPPED = {
    "code_list": ("coupon_carrier", Code, "coupon_carrier"),
    "discounts": ("voucherify_campaign_csv", Discount, "voucherify"),
    "gift_cards": ("voucherify_campaign_csv", GiftCard, "voucherify"),
    "loyalty_cards": ("voucherify_campaign_csv", LoyaltyCard, "voucherify"),
    "standalone": ("voucherify_standalone_csv", MixedVoucher, "voucherify"),
    "voucherify_json": ("voucherify_json", MixedVoucher, "voucherify"),
}

GOOD = '''\
"""ACME's 2019 shop export, to Voucherify."""

import pandera.polars as pa

from vbatch import GiftCard, Pipeline, layout, target


class AcmeGiftCard(GiftCard):
    """ACME printed eight hex digits, always upper case."""

    code: str = pa.Field(str_matches=r"^ACME-[0-9A-F]{8}$")


pipeline = Pipeline(
    name="acme",
    layout=layout("voucherify_campaign_csv"),
    schema=AcmeGiftCard,
    target=target("voucherify"),
    scope="acme-prod",
)
'''


def write(folder: Path, text: str) -> Path:
    file = folder / "acme.py"
    file.write_text(text, encoding="utf-8")
    return file


def test_these_pipelines_ship() -> None:
    assert available() == tuple(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_pipeline_loads(name: str) -> None:
    loaded = pipeline(name)
    assert loaded.name == name
    assert (loaded.layout.name, loaded.schema, loaded.target.name) == SHIPPED[name]
    assert loaded.scope == loaded.target.name


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_pipeline_can_be_worked_out(name: str) -> None:
    book = rulebook(pipeline(name))
    assert {"code.missing", "code.duplicate", "code.masked"} <= {fault.code for fault in book.book}


def test_an_installed_vbatch_has_its_pipelines_inside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    monkeypatch.setattr(pipelines, "PIPELINES", Shelf(what="pipeline", ending=".py", folder=tmp_path, error=PipelineError))
    assert available() == ("acme",)
    assert pipeline("acme").scope == "acme-prod"


def test_a_pipeline_of_ones_own(tmp_path: Path) -> None:
    loaded = pipeline(str(write(tmp_path, GOOD)))
    assert isinstance(loaded, Pipeline)
    assert issubclass(loaded.schema, GiftCard)
    assert "code.str_matches" in {fault.code for fault in rulebook(loaded).book}


def test_annotations_may_be_postponed(tmp_path: Path) -> None:
    loaded = pipeline(write(tmp_path, GOOD.replace('"""\n\n', '"""\n\nfrom __future__ import annotations\n\n', 1)))
    assert "code.str_matches" in {fault.code for fault in rulebook(loaded).book}


def test_our_own_future_does_not_reach_into_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD + '\nif AcmeGiftCard.__annotations__["code"] is not str:\n    raise TypeError\n')
    assert pipeline(file).name == "acme"


def test_a_layout_may_stand_beside_the_pipeline(tmp_path: Path) -> None:
    text = 'name = "beside"\ntitle = "t"\nreference = "r"\nformat = "csv"\n[[fields]]\ncolumn = "code"\nsource = "Code"\nkind = "text"\n'
    (tmp_path / "acme.toml").write_text(text, encoding="utf-8")
    source = GOOD.replace('"voucherify_campaign_csv"', 'Path(__file__).with_suffix(".toml")').replace(
        "import pandera", "from pathlib import Path\nimport pandera", 1
    )
    assert pipeline(write(tmp_path, source)).layout.name == "beside"


def test_two_files_and_one_file_twice_do_not_meet(tmp_path: Path) -> None:
    first, second = (pipeline(write(tmp_path, GOOD)) for _ in range(2))
    assert first.schema is not second.schema
    assert first.schema.__module__ != second.schema.__module__


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    before = set(sys.modules)
    with pytest.raises(PipelineError):
        pipeline(write(tmp_path, "1 / 0\n"))
    pipeline(write(tmp_path, GOOD))
    assert [path.name for path in tmp_path.iterdir()] == ["acme.py"]
    assert len({name for name in set(sys.modules) - before if name.startswith("vbatch_pipeline_")}) == 1


BROKEN = [
    ("", "1: no value is called `pipeline`", "end the file with pipeline = Pipeline(...)"),
    (GOOD.replace("pipeline = ", "pipline = "), "14: no value is called `pipeline`", "rename 'pipline'"),
    (GOOD + "\n\npipeline = 'gift_cards'\n", "23: `pipeline` must be a Pipeline, not str", "write pipeline = Pipeline("),
    ("from os import path as pipeline\n", "1: `pipeline` must be a Pipeline, not module", "write pipeline = Pipeline("),
    ("\n\ndef pipeline():\n    pass\n", "3: `pipeline` must be a Pipeline, not function", "write pipeline = Pipeline("),
    ("pipeline = Pipeline(\n", "1: SyntaxError: '(' was never closed", "mend the Python"),
    ("x = 1\n\n  y = 2\n", "3: IndentationError: unexpected indent", "mend the Python"),
    ("x = 1\n\nx = 1 / 0\n", "3: ZeroDivisionError: division by zero", "it must run by itself"),
    ("def f():\n    raise ValueError\n\n\nf()\n", "2: ValueError", "it must run by itself"),
    ("def f():\n    raise ValueError('one\\ntwo')\n\n\nf()\n", "2: ValueError: one", "it must run by itself"),
    (
        "import json\n\njson.loads('{')\n",
        "3: JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        "by itself",
    ),
    ("import sys\n\nsys.exit('bye')\n", "3: SystemExit: bye", "it must run by itself"),
    (
        "\n\nimport nowhere_at_all\n",
        "3: ModuleNotFoundError: No module named 'nowhere_at_all'",
        "install it into the environment of vbatch",
    ),
    (
        GOOD.replace("schema=AcmeGiftCard", "schema=AcmeGiftCrd"),
        "17: NameError: name 'AcmeGiftCrd' is not defined",
        "it must run by itself",
    ),
    (GOOD.replace('name="acme"', 'nam="acme"'), "14: TypeError: Pipeline.__init__() got an unexpected keyword argument 'nam'", "by itself"),
    (GOOD.replace("    code: str", "    cod: strr"), "11: NameError: name 'strr' is not defined", "it must run by itself"),
    (
        GOOD.replace('"""\n\n', '"""\n\nfrom __future__ import annotations\n\n', 1).replace("    code: str", "    code: strr"),
        "10: NameError: name 'strr' is not defined",
        "mend the schema AcmeGiftCard",
    ),
]


@pytest.mark.parametrize(("text", "message", "hint"), BROKEN, ids=[message for _, message, _ in BROKEN])
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, message: str, hint: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(PipelineError) as caught:
        pipeline(file)
    assert caught.value.message == f"{file}:{message}"
    assert hint in caught.value.hint


def test_a_misspelt_import_is_corrected(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace("import GiftCard", "import GiftCrad"))
    with pytest.raises(PipelineError) as caught:
        pipeline(file)
    assert caught.value.message.startswith(f"{file}:5: ImportError: cannot import name 'GiftCrad' from 'vbatch'")
    assert caught.value.hint == "did you mean 'GiftCard'? check the name and the version of what it is imported from"


def test_an_error_in_an_imported_module_is_named_at_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "acme_rules_broken.py").write_text("\n\nx =\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    file = write(tmp_path, "\nimport acme_rules_broken\n")
    with pytest.raises(PipelineError, match=r"acme\.py:2: SyntaxError: invalid syntax$"):
        pipeline(file)


def test_errors_of_vbatch_keep_their_message(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match=r"^no layout is called 'acme'$"):
        pipeline(write(tmp_path, GOOD.replace("voucherify_campaign_csv", "acme")))
    with pytest.raises(PipelineError, match=r"^'ACME!' is not a name for a pipeline$"):
        pipeline(write(tmp_path, GOOD.replace('name="acme"', 'name="ACME!"')))


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "acme.py"
    file.write_bytes(b'"""Caf\n\xe9"""\n')
    with pytest.raises(PipelineError, match=r"acme\.py:2: not UTF-8: invalid continuation byte$"):
        pipeline(file)


def test_a_file_with_a_nul_byte(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"acme\.py:1: \w+Error: source code string cannot contain null bytes$"):
        pipeline(write(tmp_path, "x = 1\n\0\n"))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"nowhere\.py: no such file$") as caught:
        pipeline(str(tmp_path / "nowhere.py"))
    assert "working directory" in caught.value.hint


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r": is a directory$") as caught:
        pipeline(f"{tmp_path}/")
    assert caught.value.hint == "name the .py file in it"


def test_an_unknown_name() -> None:
    with pytest.raises(PipelineError, match=r"^no pipeline is called 'giftcards'$") as caught:
        pipeline("giftcards")
    assert caught.value.hint == f"did you mean 'gift_cards'? shipped: {', '.join(SHIPPED)}; give one of your own by its path"


ROWS = pl.DataFrame(
    {
        "code": ["A1", "A2", "A3", "A4", "A5", "A6"],
        "kind": ["gift_card", "gift_card", "discount", "discount", "loyalty_card", "loyalty_card"],
        "gift_amount": ["10", None, None, None, None, None],
        "discount_type": [None, None, "percent", None, None, None],
        "discount_value": [None, None, "10", None, None, None],
        "loyalty_points": [None, None, None, None, 0, None],
    }
).cast({"gift_amount": pl.Decimal(18, 2), "discount_value": pl.Decimal(18, 2), "loyalty_points": pl.Int64})


def test_each_kind_of_a_mixed_file_needs_its_own_values() -> None:
    filled = ROWS.select(
        ROWS[name] if name in ROWS.columns else pl.lit(None, dtype=column.dtype.type).alias(name)
        for name, column in MixedVoucher.to_schema().columns.items()
    )
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        MixedVoucher.validate(filled, lazy=True)
    failures = caught.value.failure_cases
    assert dict(zip(failures["check"], failures["index"], strict=True)) == {
        "a gift card needs an amount": 1,
        "a discount needs a type": 3,
        "a loyalty card needs points": 5,
    }
