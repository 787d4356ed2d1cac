"""Turns text of any encoding into UTF-8 as it is read, and knows how many bytes each piece had before."""

import codecs
from importlib import import_module

import numpy as np
import numpy.typing as npt

from vbatch.errors import SourceError

LF, CR = 10, 13
SHIFTED = ("iso2022", "utf-7", "hz")
"""Beginnings of the names of encodings that change what bytes mean until they change it again."""
Positions = npt.NDArray[np.int64]


class Transcoder:
    """From one encoding to UTF-8.

    What is no text in the encoding comes out as lone surrogates, which are no UTF-8 either, so that it is found where UTF-8 is checked.

    Args:
        encoding: a name of Python's codecs.
    """

    def __init__(self, encoding: str) -> None:
        self._name = codecs.lookup(encoding).name
        self._unit, self._pairs = _unit(self._name), self._name.startswith("utf-16")
        codecs.register_error("vbatch.lone_surrogates", _lone_surrogates)
        self._decoder = codecs.getincrementaldecoder(encoding)("vbatch.lone_surrogates")

    def utf8(self, block: bytes, *, at_end: bool) -> bytes:
        """The next bytes of the source as UTF-8; part of a character may wait for the next call."""
        try:
            return self._decoder.decode(block, final=at_end).encode("utf-8", "surrogatepass")
        except UnicodeError as error:
            raise SourceError(
                f"{self._name} cannot be read on behind a mistake", hint="declare the encoding that the old platform wrote"
            ) from error

    @property
    def has_shifts(self) -> bool:
        """Whether what bytes mean depends on bytes of other lines before them."""
        return self._name.startswith(SHIFTED)

    def before(self, utf8: bytes, source: bytes, bounds: Positions) -> Positions:
        """Bytes in the source before each bound of the UTF-8.

        Args:
            utf8: what became of the source.
            source: bytes of the source, which may go on behind the UTF-8.
            bounds: behind line ends, and behind the last byte if the source ends there.
        """
        if self._unit is None:
            return self._before_by_lines(utf8, source, bounds)
        array = np.frombuffer(utf8, np.uint8)
        characters = bounds - np.searchsorted(np.flatnonzero(array & 0xC0 == 0x80), bounds)  # noqa: PLR2004 - bytes within a character
        if self._pairs:
            characters += np.searchsorted(np.flatnonzero(array >= 0xF0), bounds)  # noqa: PLR2004 - characters that take two units
        # A source that ends within a character has fewer bytes than the character would.
        before: Positions = np.minimum(characters * self._unit, len(source))
        return before

    def _before_by_lines(self, utf8: bytes, source: bytes, bounds: Positions) -> Positions:
        """The same for encodings of more than one byte a character, where the bytes of a line end are part of no character."""
        here, there = (
            np.flatnonzero((array == LF) | (array == CR)) + 1 for array in (np.frombuffer(data, np.uint8) for data in (utf8, source))
        )
        if len(here) != len(there):
            raise SourceError(f"lines cannot be told apart in {self._name}", hint="convert the file to UTF-8 first")
        passed = np.searchsorted(here, bounds, side="right")
        behind = np.concatenate([[0], here])[passed]
        return np.where(behind == bounds, np.concatenate([[0], there])[passed], len(source))


def _lone_surrogates(error: UnicodeError) -> tuple[str | bytes, int]:
    """A lone surrogate for each byte or unit that is no character; those of UTF-16 and UTF-32 as they are."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - a decoder asks
    unit = {"utf-16": 2, "utf-32": 4}.get(error.encoding[:6])
    if unit is None:
        wrong = error.object[error.start : error.end]
        return "".join(chr(byte) if byte in {LF, CR} else "\udcff" for byte in wrong), error.end
    try:
        return codecs.lookup_error("surrogatepass")(error)
    except UnicodeDecodeError:
        return "\udcff" * -((error.start - error.end) // unit), error.end


def _unit(name: str) -> int | None:
    """Bytes of a character in the encoding; None where that depends on the character."""
    if name.startswith("utf-16"):
        return 2
    if name.startswith("utf-32"):
        return 4
    return 1 if name in {"ascii", "iso8859-1"} or hasattr(import_module(f"encodings.{name.replace('-', '_')}"), "decoding_table") else None


def transcoder(encoding: str) -> Transcoder | None:
    """What turns this encoding into UTF-8; None if nothing has to be turned."""
    return None if codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"} else Transcoder(encoding)


def byte_order_mark(data: bytes, encoding: str) -> int:
    """Bytes of the byte order mark that the data begins with."""
    name = codecs.lookup(encoding).name
    marks = {
        "utf-8": codecs.BOM_UTF8,
        "utf-8-sig": codecs.BOM_UTF8,
        "ascii": codecs.BOM_UTF8,
        "utf-16-le": codecs.BOM_UTF16_LE,
        "utf-16-be": codecs.BOM_UTF16_BE,
        "utf-32-le": codecs.BOM_UTF32_LE,
        "utf-32-be": codecs.BOM_UTF32_BE,
    }
    mark = marks.get(name, b"\0no mark")
    return len(mark) if data.startswith(mark) else 0


def exact_encoding(data: bytes, encoding: str) -> str | None:
    """The encoding with its byte order, which UTF-16 and UTF-32 may leave to a mark; None if there is no mark."""
    name = codecs.lookup(encoding).name
    for family, little, big in (("utf-16", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), ("utf-32", codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        if name == family:
            return f"{family}-le" if data.startswith(little) else f"{family}-be" if data.startswith(big) else None
    return name
