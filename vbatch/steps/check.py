"""Evaluates a schema's rules on a typed batch, all in one pass."""

from collections.abc import Iterable, Mapping

import polars as pl

from vbatch.errors import PipelineError
from vbatch.model.rule import Rule
from vbatch.model.rulebook import Rulebook

Failures = Mapping[str, pl.Series]


def check(typed: pl.DataFrame, rulebook: Rulebook, failures: Failures) -> dict[str, pl.Series]:
    """Find the rows that fail a rule.

    Args:
        typed: the rulebook's columns and whatever else its rules read.
        rulebook: the rules.
        failures: conversion failures by fault code; a rule is silent where a value that it reads could not be read.

    Returns:
        Boolean series by fault code, true where the row fails, only those with a hit.
    """
    if typed.is_empty():
        return {}
    found = _failing(typed, [rule for rule in rulebook.rules if rule.forbidden is None])
    for column in {rule.column: None for rule in rulebook.rules if rule.forbidden is not None}:
        found |= _screened(typed, column or "", [rule for rule in rulebook.rules if rule.forbidden is not None and rule.column == column])
    reads = {rule.fault.code: rule.reads for rule in rulebook.rules}
    audible = {code: _silenced(rows, reads[code], failures) for code, rows in found.items()}
    return {code: rows for code, rows in audible.items() if rows.any()}


def _failing(typed: pl.DataFrame, rules: Iterable[Rule]) -> dict[str, pl.Series]:
    frame = typed.lazy()
    passes = {rule.fault.code: rule.passes(frame) for rule in rules}
    try:
        verdicts = pl.concat(passes.values(), how="horizontal").collect() if passes else pl.DataFrame()
    except pl.exceptions.PolarsError as error:
        raise _stumble(passes) from error
    return {verdict.name: ~verdict for verdict in verdicts if not verdict.all()}


def _stumble(passes: Mapping[str, pl.LazyFrame]) -> PipelineError:
    """Which check raises, without polars' own words: they would show the value."""
    for code, verdict in passes.items():
        try:
            verdict.collect()
        except pl.exceptions.PolarsError as error:
            name = type(error).__name__
            return PipelineError(f"the check {code} fails on a value: {name}", hint="let it give null where it cannot tell: strict=False")
    return PipelineError("the checks cannot be evaluated together", hint="run with fewer records at a time")


def _screened(typed: pl.DataFrame, column: str, rules: list[Rule]) -> dict[str, pl.Series]:
    """Look for all forbidden patterns of a column at once, and tell them apart only where one occurs."""
    screen = "|".join(f"(?:{rule.forbidden})" for rule in rules)
    suspects = typed[column].str.contains(screen).fill_null(value=False)
    if not suspects.any():
        return {}
    places = suspects.arg_true()
    nobody = pl.repeat(value=False, n=typed.height, dtype=pl.Boolean, eager=True)
    failing = _failing(typed.filter(suspects), rules)
    return {code: nobody.clone().scatter(places, rows) for code, rows in failing.items()}


def _silenced(fails: pl.Series, reads: frozenset[str], failures: Failures) -> pl.Series:
    for code, rows in failures.items():
        if code.partition(".")[0] in reads and not code.endswith(".missing"):
            fails = fails & ~rows
    return fails
