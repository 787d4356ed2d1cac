"""The faults that vbatch itself finds: in a record's structure, in a conversion, in the whole set. Rules bring their own (voucher.py)."""

from vbatch.model.fault import Fault, Severity

RECORD: tuple[Fault, ...] = (
    Fault(
        code="record.field_count",
        title="Too few or too many fields",
        message="the record does not have the {expected} fields that it should",
        hint="quote fields that contain the delimiter, or add the missing fields; the replay file holds the bytes",
    ),
    Fault(
        code="record.unclosed_quote",
        title="Quote never closed",
        message="a quote opens a field and no matching quote closes it",
        hint='close the quote, or double it ("") if it belongs to the text; unmended it may take in the records behind it in a replay file',
    ),
    Fault(
        code="record.stray_quote",
        title="Quote inside an unquoted field",
        message="a quote stands inside a field that does not start with one",
        hint='quote the whole field and double the inner quote ("")',
    ),
    Fault(
        code="record.text_after_quote",
        title="Text after a closing quote",
        message="text follows the quote that closes a field",
        hint='double the quote ("") if it belongs to the text, or put the delimiter behind it',
    ),
    Fault(
        code="record.encoding",
        title="Bytes that are not text",
        message="the bytes are not valid {encoding}",
        hint="declare the encoding that the old platform wrote in the layout's dialect, or mend the bytes",
    ),
    Fault(
        code="record.control",
        title="Control characters",
        message="the record holds control characters",
        hint="remove NUL and other control bytes; they often mark a damaged download",
    ),
    Fault(
        code="record.too_long",
        title="Record longer than the limit",
        message="the record is longer than {limit} bytes",
        hint="raise max_record_bytes in the layout's dialect if such records are real; it counts bytes of UTF-8 in every encoding",
    ),
    Fault(
        code="record.truncated",
        title="Record cut off",
        message="the compressed file ends within the record",
        hint="fetch the file again",
    ),
    Fault(
        code="record.repeated_header",
        title="Header line in the middle",
        message="the record repeats the header",
        hint="exports that were glued together repeat it; remove the line",
    ),
    Fault(
        code="record.json",
        title="Not JSON",
        message="the item is not valid JSON",
        hint="mend the item; the replay file holds its bytes",
    ),
    Fault(
        code="record.not_object",
        title="Not a JSON object",
        message="the item is not a JSON object",
        hint="each item must be an object with the fields of a voucher",
    ),
    Fault(
        code="record.duplicate_key",
        title="A key twice in one object",
        message="a key stands twice in the item, and only one of its values can be meant",
        hint="keep one of the two keys",
    ),
)

ANYWHERE = ("encoding", "control", "too_long", "truncated")
OBJECTS = ("json", "not_object", "duplicate_key", *ANYWHERE)
CODES_OF_FORMAT = {
    "csv": ("field_count", "unclosed_quote", "stray_quote", "text_after_quote", "repeated_header", *ANYWHERE),
    "lines": ANYWHERE,
    "fixed": ("field_count", *ANYWHERE),
    "json": OBJECTS,
    "parquet": OBJECTS,
    "xlsx": OBJECTS,
}

SET: tuple[Fault, ...] = (
    Fault(
        code="code.duplicate",
        title="Record twice",
        message="the same voucher, equal in every value, was accepted from {winner}",
        hint="nothing to do: one copy was accepted",
    ),
    Fault(
        code="code.conflict",
        title="One code, different values",
        message="the code also stands in {winner} with other values",
        hint="find out which record is right and load it alone, or set the pipeline's on_conflict policy",
    ),
    Fault(
        code="code.registered",
        title="Code registered already",
        message="the code was registered by {winner}",
        hint="the voucher is at the target already; `vbatch registry find CODE` shows since when",
    ),
    Fault(
        code="code.used",
        title="Code used already",
        message="the code has been used; it was registered by {winner}",
        hint="a used code is never loaded again; `vbatch registry find CODE` shows when it was marked",
    ),
    Fault(
        code="code.case_collision",
        severity=Severity.WARNING,
        title="Codes that differ only in case",
        message="the code differs only in upper and lower case from the one in {winner}",
        hint="a target that ignores case takes both for one; check the target project's setting before the import",
    ),
)


KEEP_OUT = frozenset(
    {fault.code for fault in RECORD}
    | {"code.missing", "code.not_text", "code.unreadable", "code.duplicate", "code.conflict", "code.registered", "code.used"}
)
"""Faults that leave no voucher to accept, or a code that another voucher has; they may set a record aside but not let it pass."""


def records(layout_format: str) -> tuple[Fault, ...]:
    """What can be wrong with the structure of a record of this format."""
    codes = CODES_OF_FORMAT[layout_format]
    return tuple(fault for fault in RECORD if fault.code.partition(".")[2] in codes)


def missing(column: str) -> Fault:
    """The fault of a required value that is not there."""
    return Fault(
        code=f"{column}.missing",
        title=f"No {column}",
        message=f"{column} is required and empty",
        hint="fill the value in at the source",
    )


def unreadable(column: str, expected: str) -> Fault:
    """The fault of a value that does not have the form the layout declares."""
    return Fault(
        code=f"{column}.unreadable",
        title=f"Unreadable {column}",
        message=f"{{value}} is not {expected}",
        hint="mend the value, or declare the form that the old platform wrote in the layout",
    )


def precision(column: str) -> Fault:
    """The fault of an amount with more decimals than its currency has."""
    return Fault(
        code=f"{column}.precision",
        title=f"Too many decimals in {column}",
        message="{value} has more decimals than its currency",
        hint="round it at the source, where someone can decide who gets the difference",
    )


def unknown_currency(column: str) -> Fault:
    """The fault of an amount whose record names no currency that ISO 4217 knows."""
    return Fault(
        code=f"{column}.unknown_currency",
        title=f"{column} in an unknown currency",
        message="the record of {value} names no active ISO 4217 currency",
        hint="fill in the currency's three letters at the source",
    )


def not_text(column: str) -> Fault:
    """The fault of a text that arrives as a number or as another type."""
    return Fault(
        code=f"{column}.not_text",
        title=f"{column} is not text",
        message="{value} is not a text; a number has lost leading zeros and more",
        hint="export it as a quoted text",
    )


def nonexistent(column: str) -> Fault:
    """The fault of a local time that the zone skips or has twice."""
    return Fault(
        code=f"{column}.nonexistent",
        title=f"{column} falls into a clock change",
        message="{value} does not exist exactly once in the layout's time zone",
        hint="write the time with its offset or in UTC",
    )
