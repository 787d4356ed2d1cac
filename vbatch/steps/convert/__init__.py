"""Texts become typed columns."""

from vbatch.steps.convert.convert import Converted, convert

__all__ = ["Converted", "convert"]
