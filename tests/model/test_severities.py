from dataclasses import replace

import pytest

from vbatch import PipelineError, Severity
from vbatch.catalog import pipeline
from vbatch.model.faults import KEEP_OUT
from vbatch.model.rulebook import rulebook

GIFT_CARDS = pipeline("gift_cards")
JSON = pipeline("voucherify_json")


@pytest.mark.parametrize("code", sorted(fault.code for fault in rulebook(JSON).book if fault.code in KEEP_OUT))
def test_what_leaves_no_voucher_is_never_a_warning(code: str) -> None:
    with pytest.raises(PipelineError, match=f"{code} cannot be a warning"):
        rulebook(replace(JSON, severities={code: "warning"}))
    rulebook(replace(JSON, severities={code: Severity.DISCARD}))


def test_a_severity_that_does_not_exist_is_named() -> None:
    with pytest.raises(PipelineError, match=r"active\.unreadable cannot have the severity 'warn'"):
        rulebook(replace(GIFT_CARDS, severities={"active.unreadable": "warn"}))


def test_other_faults_may_be_warnings() -> None:
    book = rulebook(replace(GIFT_CARDS, severities={"gift_amount.negative": "warning"})).book
    assert book.mask(Severity.WARNING) & book.bit("gift_amount.negative")
