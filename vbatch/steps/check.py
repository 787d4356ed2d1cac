"""Evaluates a schema's rules on a typed batch, all in one pass."""

import polars as pl

from vbatch.model.rulebook import Rulebook


def check(typed: pl.DataFrame, rulebook: Rulebook, failures: dict[str, pl.Series]) -> dict[str, pl.Series]:
    """Find the rows that fail a rule.

    Args:
        typed: the rulebook's columns and whatever else its rules read.
        rulebook: the rules.
        failures: conversion failures by fault code; a rule is silent where a value that it reads could not be read.

    Returns:
        Boolean series by fault code, true where the row fails, only those with a hit.
    """
    if typed.height == 0 or not rulebook.rules:
        return {}
    frame = typed.lazy()
    verdicts = pl.concat([rule.passes(frame) for rule in rulebook.rules], how="horizontal").collect()
    found = {}
    for rule in rulebook.rules:
        passes = verdicts[rule.fault.code]
        if not passes.all():
            fails = ~passes
            for code, rows in failures.items():
                if code.partition(".")[0] in rule.reads and not code.endswith(".missing"):
                    fails &= ~rows
            if fails.any():
                found[rule.fault.code] = fails
    return found
