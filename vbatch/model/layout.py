"""A legacy format as data: how bytes become records, and which source field becomes which canonical column."""

from dataclasses import dataclass, field
from typing import Literal

Format = Literal["csv", "lines", "fixed", "json", "parquet", "xlsx"]
Kind = Literal["text", "json", "boolean", "integer", "integers", "amount", "timestamp"]

ISO_FORMS = ("%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%3fZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How the bytes of a CSV file or a list are cut into records and fields.

    Args:
        delimiter: one character between fields.
        quote: one character around fields, or None (in TOML: "") if the old platform never quotes.
        encoding: a name of Python's codecs.
        escape: one character that takes the meaning from the next, or None.
        keep_empty: whether a quoted empty field is an empty text instead of no value.
        header: whether the first record names the fields.
        skip_rows: physical lines before the header, or before the data if there is none.
        max_record_bytes: where an unclosed quote is given up and a record is too long, in bytes of UTF-8, whatever the encoding.
        max_ratio, max_bytes: how much a compressed source may unpack to, in times its size and in bytes.
    """

    delimiter: str = ","
    quote: str | None = '"'
    encoding: str = "utf-8"
    escape: str | None = None
    keep_empty: bool = False
    header: bool = True
    skip_rows: int = 0
    max_record_bytes: int = 1 << 20
    max_ratio: int = 200
    max_bytes: int = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """How one source field becomes one canonical column.

    Args:
        column: the canonical column.
        source: the name in the header, the dotted path in a JSON item, or the position from 1 where there is no header.
        kind: the type of the value; "json" is any value, kept as compact JSON text.
        required: whether a source without this field is refused.
        nulls: texts that mean "no value", besides the empty field.
        true, false: the texts of a boolean.
        values: the old platform's words and what they are called here; any other word is unreadable.
        decimal_mark, thousands_mark: how an amount or an integer is written; no thousands mark unless declared.
        unit: whether an amount counts major units (12.50) or minor ones (1250).
        decimals: how many decimals the currency of an amount has.
        currency: ISO 4217 code of every amount in this field, instead of `decimals`.
        currency_source: the source field that holds the ISO 4217 code of each record's amount, instead of `decimals`.
        formats: the forms of a timestamp: "iso" for Voucherify's six ISO forms, or strptime patterns.
        zone: IANA zone of timestamps without an offset.
        date_only: the instant that a date without a time means.
        when: source field and text: the field only counts for records where they agree.
        separator: what stands between several integers.
    """

    column: str
    source: str | int
    kind: Kind
    required: bool = False
    nulls: tuple[str, ...] = ()
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict)
    decimal_mark: str = "."
    thousands_mark: str | None = None
    unit: Literal["major", "minor"] | None = None
    decimals: int | None = None
    currency: str | None = None
    currency_source: str | int | None = None
    formats: tuple[str, ...] = ()
    zone: str | None = None
    date_only: Literal["start_of_day", "end_of_day"] | None = None
    when: dict[str, str] = field(default_factory=dict)
    separator: str = ","

    @property
    def consulted(self) -> tuple[str, ...]:
        """Other source fields that this one needs: those of its conditions, and that of its currency."""
        return (*self.when, *([str(self.currency_source)] if self.currency_source is not None else []))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """What happens to source fields that no field maps.

    Args:
        to: they become metadata, are refused, or are all dropped.
        drop: names that are dropped on purpose.
    """

    to: Literal["metadata", "refuse", "drop"] = "metadata"
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A legacy format as data.

    Args:
        name: how pipelines and reports call it.
        title: its name for people.
        reference: where the format is described.
        format: what the files are.
        fields: the source fields that have a canonical column.
        dialect: how bytes are cut into records and fields.
        unmapped: what happens to all other source fields.
        positions: in the format fixed, the first and last character of each source field, from 1.
        or_lines: whether a file without the CSV header is a list of codes, one a line. The first record decides: it is a header if one
            of its fields is exactly the source of the layout's one field.
    """

    name: str
    title: str
    reference: str
    format: Format
    fields: tuple[Field, ...]
    dialect: Dialect = Dialect()
    unmapped: Unmapped = Unmapped()
    positions: dict[str, tuple[int, int]] = field(default_factory=dict)
    or_lines: bool = False
