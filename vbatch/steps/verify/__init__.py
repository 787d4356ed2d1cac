"""Holds the files of a run against its report."""

from vbatch.steps.verify.difference import Difference
from vbatch.steps.verify.verify import verify_run

__all__ = ["Difference", "verify_run"]
