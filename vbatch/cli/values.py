"""What the texts of options mean, and what is said about a text that means nothing."""

import re
from datetime import UTC, datetime
from typing import Any

import click

from vbatch.errors import VbatchError
from vbatch.model.options import Limit


class BadValue(click.BadParameter):
    """A value that an option cannot have, with a hint of its own."""

    def __init__(self, message: str, *, hint: str, param: click.Parameter | None, ctx: click.Context | None) -> None:
        super().__init__(message, ctx=ctx, param=param)
        self.hint = hint


class Instant(click.ParamType[datetime]):
    """A point in time: a date alone, or a time without a zone, is a different one in every place."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant, in UTC: two ways to write one instant make one run."""
        try:
            at = datetime.fromisoformat(value)
            if at.tzinfo is not None:
                return at.astimezone(UTC)
        except (ValueError, OverflowError):
            raise BadValue(f"{value!r} is not an instant", hint=self._hint(), param=param, ctx=ctx) from None
        raise BadValue(f"{value!r} has no zone", hint=self._hint(), param=param, ctx=ctx)

    def _hint(self) -> str:
        return "write date, time and zone, as in 2026-01-31T00:00:00Z or 2026-01-31T00:00:00+01:00"


class RejectLimit(click.ParamType[Limit]):
    """How many rejected rows are still fine."""

    name = "limit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Limit:
        """A number or a percentage."""
        try:
            return Limit.parse(value)
        except VbatchError as error:
            raise BadValue(error.message, hint=error.hint, param=param, ctx=ctx) from None


class Size(click.ParamType[int]):
    """Bytes, as people write them."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]i?B)", str(value).strip(), re.IGNORECASE)
        if not match:
            raise BadValue(f"{value!r} is not a size", hint="write 512MiB, 1GiB or 1.5GB", param=param, ctx=ctx)
        unit = match[2].upper()
        return int(float(match[1]) * (1024 if "I" in unit else 1000) ** (" KMGT".index(unit[0])))


class CodeText(click.ParamType[str]):
    """A code as the user types it. Registered codes are Unicode, so bytes that are not UTF-8 cannot be one."""

    name = "code"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The code, untouched."""
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadValue(f"the {self.name} is not valid UTF-8", hint="check the terminal's encoding", param=param, ctx=ctx) from None
        return str(value)


class Words(CodeText):
    """A text that the registry keeps or is asked for: it says something, and is Unicode."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text, untouched."""
        if not value.strip():
            raise BadValue("it is empty", hint="give it a text that others understand", param=param, ctx=ctx)
        return super().convert(value, param, ctx)
