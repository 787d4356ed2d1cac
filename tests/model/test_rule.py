"""What a schema may not ask for, because it cannot be judged row by row, and what becomes of what it may."""

# ruff: noqa: N805 - pandera makes class methods of checks

from collections.abc import Callable
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest
from pandera.api.polars.types import PolarsData

from vbatch import Code, Fault, GiftCard, LayoutError, LoyaltyCard, Pipeline, PipelineError, Severity, layout, target
from vbatch.model.rule import Rule, Schema, kind_of, rules
from vbatch.model.rulebook import rulebook

TYPES = {"code": pl.String(), "gift_amount": pl.Decimal(18, 2), "redeemed_amount": pl.Decimal(18, 2)}

Expression = Callable[[pl.Expr], Any]


def refusal(schema: Schema) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        rules(schema, TYPES)
    assert not isinstance(caught.value, LayoutError)
    assert caught.value.hint
    return caught.value


def with_field(**asks: Any) -> Schema:
    class Asking(Code):
        code: str = pa.Field(nullable=False, **asks)

    return Asking


def with_column_check(expression: Expression, **options: Any) -> Schema:
    class Asking(GiftCard):
        @pa.check("gift_amount", **options)
        def gift_amount__odd(cls, data: PolarsData) -> pl.LazyFrame:
            return data.lazyframe.select(expression(pl.col(data.key)))

    return Asking


def with_row_check(answer: Callable[[pl.LazyFrame], Any], **options: Any) -> Schema:
    class Asking(GiftCard):
        @pa.dataframe_check(**options)
        def record__odd(cls, data: PolarsData) -> Any:
            return answer(data.lazyframe)

    return Asking


def own(schema: Schema, code: str) -> Rule:
    (found,) = [rule for rule in rules(schema, TYPES) if rule.fault.code == code]
    return found


def passes(rule: Rule, **columns: list[Any]) -> list[bool]:
    frame = pl.LazyFrame(columns, schema_overrides={name: dtype for name, dtype in TYPES.items() if name in columns})
    return rule.passes(frame).collect().to_series().to_list()


# What is refused.


def test_unique_columns_are_refused() -> None:
    assert "'code' unique" in refusal(with_field(unique=True)).message


def test_unique_sets_of_columns_are_refused() -> None:
    class Asking(GiftCard):
        class Config(GiftCard.Config):
            unique = ("code", "gift_amount")

    assert "'code' unique" in refusal(Asking).message


def test_coercion_of_a_column_is_refused() -> None:
    assert "coerce=True" in refusal(with_field(coerce=True)).message


def test_coercion_of_a_schema_is_refused() -> None:
    class Asking(GiftCard):
        class Config(GiftCard.Config):
            coerce = True

    assert "coerce=True" in refusal(Asking).message


@pytest.mark.parametrize("pattern", ["AA|BB", "^AA|BB$", "A(?:B)|C", r"[(]|A", r"A\\|B", "|", r"\(|\)", "(A|B)|C"])
def test_alternatives_outside_a_group_are_refused(pattern: str) -> None:
    refused = refusal(with_field(str_matches=pattern))
    assert "code.str_matches" in refused.message
    assert pattern in refused.message


@pytest.mark.parametrize("pattern", ["AA", "^(?:AA|BB)$", r"A\|B", "[|]A", r"[\]|]", "((A|B)|C)", r"(\)|A)", r"[(|]"])
def test_alternatives_inside_a_group_are_fine(pattern: str) -> None:
    assert own(with_field(str_matches=pattern), "code.str_matches").column == "code"


def test_alternatives_anywhere_are_fine_where_nothing_is_anchored() -> None:
    assert passes(own(with_field(str_contains="AA|BB"), "code.str_contains"), code=["AA", "xBBx", "A"]) == [True, True, False]


@pytest.mark.parametrize("answer", [True, False])
def test_one_answer_for_a_whole_batch_is_refused(answer: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert "one verdict for a whole batch" in refusal(with_row_check(lambda _: answer)).message


@pytest.mark.parametrize(
    "expression",
    [
        lambda amount: amount.mean() > 0,
        lambda amount: amount.is_null().any(),
        lambda _: pl.lit(value=True),
        lambda amount: amount * 2,
        lambda amount: amount.cast(pl.String),
    ],
)
def test_what_is_not_one_boolean_for_each_row_is_refused(expression: Expression) -> None:
    assert "gift_amount.odd does not give one boolean for each row" in refusal(with_column_check(expression)).message


@pytest.mark.parametrize(
    "expression",
    [
        lambda amount: amount.is_unique(),
        lambda amount: amount.is_first_distinct(),
        lambda amount: ~amount.is_duplicated(),
        lambda amount: amount > amount.mean(),
        lambda amount: amount == amount.max(),
        lambda amount: amount >= amount.shift(),
        lambda amount: pl.len().over(amount) == 1,
        lambda amount: amount.rank() < 2,
        lambda amount: amount.cum_sum() < 2,
    ],
)
def test_what_compares_rows_with_each_other_is_refused(expression: Expression) -> None:
    assert refusal(with_column_check(expression)).message == "the check gift_amount.odd compares rows with each other"
    assert "compares rows" in refusal(with_row_check(lambda frame: frame.select(expression(pl.col("gift_amount"))))).message


@pytest.mark.parametrize(
    "answer",
    [
        lambda frame: frame.select(pl.col("no_such_column") > 0),
        lambda frame: frame.select(pl.col("code") + pl.col("gift_amount")),
        lambda _: 1 / 0,
        lambda _: None,
    ],
)
def test_a_check_that_fails_is_refused(answer: Callable[[pl.LazyFrame], Any]) -> None:
    assert "record.odd" in refusal(with_row_check(answer)).message


def test_a_check_that_fails_on_some_values_only_is_not_refused() -> None:
    numbers = with_row_check(lambda frame: frame.select(pl.col("code").str.to_date("%Y") > pl.date(2020, 1, 1)))
    assert own(numbers, "record.odd").reads == {"code"}


def test_a_schema_that_does_not_say_its_kind_is_refused() -> None:
    class Bare(pa.DataFrameModel):
        code: str

    with pytest.raises(PipelineError, match="Bare does not say what kind"):
        kind_of(Bare)


def book_of(schema: Schema) -> list[Fault]:
    used = layout("voucherify_campaign_csv")
    return list(rulebook(Pipeline(name="p", layout=used, schema=schema, target=target("voucherify"), scope="s")).book)


def test_two_checks_of_one_name_are_refused() -> None:
    class Doubled(GiftCard):
        @pa.check("gift_amount")
        def money__odd(cls, data: PolarsData) -> pl.LazyFrame:
            return data.lazyframe.select(pl.col(data.key) > 1)

        @pa.check("gift_amount")
        def amount__odd(cls, data: PolarsData) -> pl.LazyFrame:
            return data.lazyframe.select(pl.col(data.key) > 2)

    with pytest.raises(PipelineError, match=r"two rules share the name 'gift_amount\.odd'") as caught:
        book_of(Doubled)
    assert "rename" in caught.value.hint


def test_a_check_with_the_name_of_a_fault_of_vbatch_is_refused() -> None:
    class Doubled(GiftCard):
        @pa.check("gift_amount")
        def gift_amount__unreadable(cls, data: PolarsData) -> pl.LazyFrame:
            return data.lazyframe.select(pl.col(data.key) > 1)

    with pytest.raises(PipelineError, match=r"two rules share the name 'gift_amount\.unreadable'"):
        book_of(Doubled)


def test_more_faults_than_bits_are_refused() -> None:
    def named(name: str) -> Callable[..., pl.LazyFrame]:
        def always(_cls: type, data: PolarsData) -> pl.LazyFrame:
            return data.lazyframe.select(pl.col("code").is_not_null())

        always.__name__ = name
        return always

    many = {name: pa.dataframe_check(named(name)) for name in (f"record__{number}" for number in range(40))}
    with pytest.raises(PipelineError, match="a row's mask holds 64"):
        book_of(type("Many", (GiftCard,), many))


# What becomes of checks.


def test_a_check_says_what_its_fault_is() -> None:
    told = with_column_check(lambda amount: amount > 1, title="Odd", error="{value} is odd", description="Even it out", raise_warning=True)
    assert own(told, "gift_amount.odd").fault == Fault(
        code="gift_amount.odd", severity=Severity.WARNING, title="Odd", message="{value} is odd", hint="Even it out"
    )


def test_a_check_that_says_nothing_has_its_name_in_the_message() -> None:
    fault = own(with_column_check(lambda amount: amount > 1), "gift_amount.odd").fault
    assert (fault.message, fault.severity, fault.column) == ("{value} fails odd", Severity.ERROR, "gift_amount")
    assert own(with_row_check(lambda frame: frame.select(pl.col("code") > "")), "record.odd").fault.column is None


def test_a_missing_value_passes_unless_the_check_says_otherwise() -> None:
    lenient, strict = (with_column_check(lambda amount: amount > 1, ignore_na=ignore) for ignore in (True, False))
    amounts = {"gift_amount": ["2.00", None, "0.50"]}
    assert passes(own(lenient, "gift_amount.odd"), **amounts) == [True, True, False]
    assert passes(own(strict, "gift_amount.odd"), **amounts) == [True, False, False]


def test_several_booleans_for_a_row_must_all_hold() -> None:
    both = with_column_check(lambda amount: [amount > 1, (amount < 9).alias("second")])
    assert passes(own(both, "gift_amount.odd"), gift_amount=["0.50", "5.00", "9.00"]) == [False, True, False]


def test_a_rule_of_a_row_knows_what_it_reads() -> None:
    rule = own(GiftCard, "redeemed_amount.exceeds_amount")
    assert (rule.column, rule.reads) == (None, {"gift_amount", "redeemed_amount"})


def test_a_subclass_has_the_rules_of_its_parents_and_its_own() -> None:
    parents = [rule.fault.code for rule in rules(GiftCard, TYPES)]
    assert {*parents, "gift_amount.odd"} == {rule.fault.code for rule in rules(with_column_check(lambda amount: amount > 1), TYPES)}


def test_all_kinds_have_the_same_rules_of_codes() -> None:
    gifts, points = ([rule.fault.code for rule in rules(schema, {"code": pl.String()})] for schema in (GiftCard, LoyaltyCard))
    assert gifts == points
