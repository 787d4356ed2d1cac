"""Where the records of a batch lie."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where the records of a batch lie in their source, and how far the source had been read when the batch was cut.

    Args:
        offset, size: bytes from the first record to the last, in the decompressed source.
        line, next_line: physical lines of the first record, and behind the last.
        first_record: number of the first record.
        blanks: blank lines between the batch before and the end of this one.
        seen: bytes of the source read by then.
        digest: SHA-256 of those.
    """

    offset: int
    size: int
    line: int
    next_line: int
    first_record: int
    blanks: int
    seen: int
    digest: str

    @property
    def end(self) -> int:
        """The byte behind the last record."""
        return self.offset + self.size
