"""The part of a source that is in memory: as UTF-8, and as it stands in the source."""

from io import BytesIO

import numpy as np
import numpy.typing as npt

from vbatch.steps.read.encoding import transcoder

Positions = npt.NDArray[np.int64]


class Window:
    """Bytes of a source that are not settled yet.

    Args:
        offset: position of the first in the decompressed source.
        line: its physical line, from 1.
        encoding: of the source.
    """

    def __init__(self, *, offset: int, line: int, encoding: str) -> None:
        self.data = b""
        self.offset, self.line = offset, line
        self._transcoder = transcoder(encoding)
        self._source = b""
        self._given = 0

    @property
    def needs_before(self) -> bool:
        """Whether all data before the window must be passed over first, because of its encoding."""
        return self._transcoder is not None and self._transcoder.has_shifts

    def pass_over(self, block: bytes) -> None:
        """Take notice of bytes before the window."""
        if self._transcoder is not None and self._transcoder.has_shifts:
            self._transcoder.utf8(block, at_end=False)

    @property
    def pending(self) -> bytes:
        """The bytes that the next block begins with, so that they need not be copied."""
        return self.data if self._transcoder is None else b""

    def append(self, block: bytes, *, at_end: bool) -> None:
        """Add the next bytes of the source; the block begins with what is pending."""
        if self._transcoder is None:
            self.data = block
        else:
            self._source += block
            self.data += self._transcoder.utf8(block, at_end=at_end)

    def give(self, size: int) -> bytes:
        """The first so many bytes of the UTF-8, of which only those behind them stay until bytes are dropped.

        They are not copied, which would take as long as reading them, but cut off where they are, if nobody else holds on to all of them.
        """
        if self._transcoder is not None:
            return self.data[:size]
        rest, held = self.data[size:], BytesIO(self.data)
        self.data, self._given = rest, size
        held.truncate(size)
        return held.getvalue()

    def drop(self, size: int, lines: int) -> None:
        """Forget settled bytes: so many of the UTF-8, which hold so many lines."""
        gone = size if self._transcoder is None else int(self._transcoder.before(self.data, self._source, np.array([size]))[0])
        self.data, self._source, self._given = self.data[size - self._given :], self._source[gone:], 0
        self.offset, self.line = self.offset + gone, self.line + lines

    def places(self, starts: Positions, ends: Positions) -> tuple[Positions, Positions]:
        """Offset in the source and bytes there of records, by their bounds in the UTF-8."""
        if self._transcoder is None:
            return starts + self.offset, ends - starts
        begins, stops = (self._transcoder.before(self.data, self._source, bounds) for bounds in (starts, ends))
        return begins + self.offset, stops - begins

    @property
    def is_utf8(self) -> bool:
        """Whether the source's bytes are UTF-8 as they are."""
        return self._transcoder is None

    def original(self, offset: int, stop: int) -> bytes:
        """The bytes between two places in a source that is not UTF-8."""
        return self._source[offset - self.offset : stop - self.offset]
