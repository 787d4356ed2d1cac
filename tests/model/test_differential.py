"""Every schema, vbatch's and a user's, finds the same faults as pandera itself: row by row and check by check."""

# ruff: noqa: N805 - pandera makes class methods of checks

import warnings
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.api.polars.types import PolarsData
from pandera.errors import SchemaErrors

from vbatch import Amount, Code, Discount, GiftCard, LoyaltyCard, MixedVoucher, Pipeline
from vbatch.catalog import pipeline
from vbatch.model.rule import Rule, Schema, required_columns, rules
from vbatch.model.rulebook import Rulebook
from vbatch.model.voucher import AS_OF
from vbatch.steps.check import check


class Acme(GiftCard):
    """A user's schema: checks of fields, of columns and of whole rows."""

    code: str = pa.Field(str_matches=r"^(?:ACME|XMAS)-[0-9A-F]+$", str_length={"min_value": 6, "max_value": 10}, ne="ACME-0000")
    campaign: str = pa.Field(nullable=False, isin=["spring", "autumn"])
    category: str = pa.Field(nullable=True, notin=["none", "-"], str_startswith="c")
    redeemed_quantity: int = pa.Field(nullable=True, in_range={"min_value": 0, "max_value": 5}, raise_warning=True)
    gift_amount: Amount = pa.Field(nullable=False, gt=1, le=Decimal("500.00"))
    pin: int = pa.Field(nullable=True, ge=1000, lt=10_000)

    @pa.check("pin", "redemption_limit", error="{value} is odd")
    def number__odd(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key) % 2 == 0)

    @pa.check("status", ignore_na=False, forbidden="void")
    def status__unsold(cls, data: PolarsData, *, forbidden: str) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).is_not_null() & (pl.col(data.key) != forbidden))

    @pa.check("additional_info", forbidden=3)
    def additional_info__long(cls, data: PolarsData, *, forbidden: int) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).str.len_chars() < forbidden)

    @pa.check("currency", element_wise=True)
    def currency__unknown(cls, text: str) -> bool:
        return text in {"x", "EUR"}

    @pa.dataframe_check(error="a card of {campaign} needs a pin", ignore_na=False)
    def pin__missing(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select((pl.col("campaign") != "spring") | pl.col("pin").is_not_null())

    @pa.dataframe_check
    def record__sold(cls, data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select((pl.col("status") == "sold") | (pl.col("redeemed_amount") == 0))


SCHEMAS: tuple[Schema, ...] = (Code, GiftCard, Discount, LoyaltyCard, MixedVoucher, Acme)

TEXTS = {
    "code": (
        *("A1", " A1", "A 1", "A\t1", "A\u200b1", "1.5E+15", "12,0", "'1", "#N/A", "1-Mar", "**1", "XXXX-XXXX-1", "Ä", "a/b"),
        *("1" * 15 + "000", "ACME-12", "XMAS-F", "ACME-0000", "zzXMAS-F", "ACME-123456789", ""),
    ),
    "kind": ("gift_card", "discount", "loyalty_card"),
    "discount_type": ("amount", "percent", "fixed", "unit", "free_shipping", "other"),
    "campaign": ("spring", "autumn", "winter"),
    "category": ("c", "none", "-", "x"),
    "status": ("sold", "void", "xvoidx"),
    "additional_info": ("", "a3", "333", "abcd"),
}
DAYS = ("1970-01-01", "1970-01-02", "2024-02-29T12:00", "9999-12-31T23:59:59")
DATES = tuple(datetime.fromisoformat(text).replace(tzinfo=UTC) for text in DAYS)
AMOUNTS = ("-0.01", "0.00", "0.01", "1.00", "1.01", "2.50", "100.00", "100.01", "500.00", "9999999999999999.99")
VALUES: dict[type[pl.DataType], st.SearchStrategy[Any]] = {
    pl.String: st.sampled_from(("", "x", "P1D")),
    pl.Boolean: st.booleans(),
    pl.Int64: st.sampled_from((-1, 0, 1, 2, 5, 6, 1000, 9999, 10_000, 2**63 - 1, -(2**63))),
    pl.Decimal: st.sampled_from(AMOUNTS).map(Decimal),
    pl.Datetime: st.sampled_from(DATES) | st.sampled_from(DATES[:3]).map(lambda moment: moment + timedelta(microseconds=1)),
    pl.List: st.lists(st.sampled_from((-1, 0, 3, 6, 7)), max_size=3),
}


def types_of(schema: Schema) -> dict[str, pl.DataType]:
    return {name: column.dtype.type for name, column in schema.to_schema().columns.items()}


@cache
def rules_of(schema: Schema) -> tuple[Rule, ...]:
    return rules(schema, types_of(schema))


@cache
def without_warnings(schema: Schema) -> pa.DataFrameSchema:
    """Pandera's own schema, but its warnings are failures: they are faults, too."""
    described = deepcopy(schema.to_schema())
    for one in [*described.checks, *(one for column in described.columns.values() for one in column.checks)]:
        one.raise_warning = False
    return described


@st.composite
def frames(draw: st.DrawFn, schema: Schema) -> pl.DataFrame:
    types = types_of(schema) | {AS_OF: pl.Datetime("us", "UTC")}
    height = draw(st.integers(1, 20))
    columns = []
    for name, dtype in types.items():
        values = st.sampled_from(TEXTS[name]) if name in TEXTS else VALUES[dtype.base_type()]
        cells = draw(st.lists(st.none() | values, min_size=height, max_size=height))
        columns.append(pl.Series(name, cells, dtype))
    return pl.DataFrame(columns)


def found_by_pandera(schema: Schema, frame: pl.DataFrame) -> set[tuple[int, str, str]]:
    """Row, column and check for each failure."""
    described = without_warnings(schema)
    checks = {"": described.checks} | {name: column.checks for name, column in described.columns.items()}
    try:
        described.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
    else:
        return set()
    found = set()
    for context, name, number, row in cases.select("schema_context", "column", "check_number", "index").iter_rows():
        column = name if context == "Column" else ""
        found.add((row, column, "not_nullable" if number is None else str(checks[column][number].name)))
    return found


def found_by_rules(schema: Schema, frame: pl.DataFrame) -> set[tuple[int, str, str]]:
    found = {(row, name, "not_nullable") for name in required_columns(schema) for row in frame[name].is_null().arg_true()}
    for rule in rules_of(schema):
        passes = rule.passes(frame.lazy()).collect().to_series()
        assert (passes.name, passes.dtype, passes.null_count(), len(passes)) == (rule.fault.code, pl.Boolean, 0, frame.height)
        found |= {(row, rule.column or "", str(rule.check.name)) for row in (~passes).arg_true()}
    return found


@pytest.mark.parametrize("schema", SCHEMAS)
@settings(max_examples=25)
@given(data=st.data())
def test_rules_find_what_pandera_finds(schema: Schema, data: st.DataObject) -> None:
    frame = data.draw(frames(schema))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert found_by_rules(schema, frame) == found_by_pandera(schema, frame)


@pytest.mark.parametrize("schema", SCHEMAS)
@settings(max_examples=12)
@given(data=st.data())
def test_the_step_finds_what_its_rules_find(schema: Schema, data: st.DataObject) -> None:
    """The step looks for some patterns together, and only where one of them occurs."""
    frame, judged = data.draw(frames(schema)), rules_of(schema)
    book = Rulebook(kind="", fields=(), types=types_of(schema), required=(), rules=judged, book=None)  # type: ignore[arg-type]
    apart = {rule.fault.code: ~rule.passes(frame.lazy()).collect().to_series() for rule in judged}
    together = check(frame, book, {})
    assert {code: rows.to_list() for code, rows in together.items()} == {code: rows.to_list() for code, rows in apart.items() if rows.any()}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_check_of_a_schema_is_a_rule(schema: Schema) -> None:
    described = schema.to_schema()
    checks = [(name, str(one.name)) for name, column in described.columns.items() for one in column.checks]
    checks += [("", str(one.name)) for one in described.checks]
    assert [(rule.column or "", str(rule.check.name)) for rule in rules_of(schema)] == checks


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_rule_is_left_out_with_a_column_that_it_reads(schema: Schema) -> None:
    types = types_of(schema)
    every = rules_of(schema)
    for name in types:
        kept = rules(schema, {other: dtype for other, dtype in types.items() if other != name})
        assert codes(kept) == codes([rule for rule in every if name not in rule.reads])


def codes(found: tuple[Rule, ...] | list[Rule]) -> list[str]:
    return [rule.fault.code for rule in found]


@pytest.mark.parametrize("name", ["gift_cards", "discounts", "loyalty_cards", "standalone", "voucherify_json", "code_list"])
def test_every_schema_that_ships_is_compared(name: str) -> None:
    shipped: Pipeline = pipeline(name)
    assert shipped.schema in SCHEMAS
