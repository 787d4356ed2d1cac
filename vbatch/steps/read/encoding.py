"""Turns text of any encoding into UTF-8 as it is read, and knows how many bytes each piece had before."""

import codecs
from importlib import import_module

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]


class Transcoder:
    """From one encoding to UTF-8.

    What is no text in the encoding comes out as lone surrogates, which are no UTF-8 either, so that it is found where UTF-8 is checked.

    Args:
        encoding: a name of Python's codecs.
    """

    def __init__(self, encoding: str) -> None:
        self._name = codecs.lookup(encoding).name
        self._errors = "surrogatepass" if self._name.startswith(("utf-16", "utf-32")) else "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(encoding)(self._errors)

    def utf8(self, block: bytes, *, at_end: bool) -> bytes:
        """The next bytes of the source as UTF-8; part of a character may wait for the next call."""
        text = self._decoder.decode(block, final=False)
        if at_end:
            try:
                text += self._decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                # The source ends within a character of UTF-16 or UTF-32.
                text += "\udcff"
        return text.encode("utf-8", "surrogatepass")

    def sizes(self, utf8: bytes, bounds: Positions) -> Positions:
        """Bytes in the source of each piece of UTF-8 between two bounds."""
        unit = self._unit()
        if unit is None:
            pieces = zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
            return np.array([self._size(utf8[start:end]) for start, end in pieces], np.int64)
        array = np.frombuffer(utf8, np.uint8)
        weights = np.where(array & 0xC0 == 0x80, 0, unit)  # noqa: PLR2004 - a byte that continues a character
        if self._name.startswith("utf-16"):
            weights = weights + np.where(array >= 0xF0, unit, 0)  # noqa: PLR2004 - characters that take a pair of units
        return np.diff(np.concatenate([[0], np.cumsum(weights)])[bounds])

    def _unit(self) -> int | None:
        """Bytes of a character in the source; None where that depends on the character."""
        if self._name.startswith("utf-16"):
            return 2
        if self._name.startswith("utf-32"):
            return 4
        return 1 if _is_single_byte(self._name) else None

    def _size(self, piece: bytes) -> int:
        return len(piece.decode("utf-8", "surrogatepass").encode(self._name, self._errors))


def transcoder(encoding: str) -> Transcoder | None:
    """What turns this encoding into UTF-8; None if nothing has to be turned."""
    return None if codecs.lookup(encoding).name in {"utf-8", "ascii", "utf-8-sig"} else Transcoder(encoding)


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


def _is_single_byte(name: str) -> bool:
    module = import_module(f"encodings.{name.replace('-', '_')}")
    return name == "iso8859-1" or hasattr(module, "decoding_table")
