"""The rules of gift cards in plain Python, written from the documents and not from vbatch."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Row = Mapping[str, str]

WARNINGS = {"code.url_unsafe", "code.lost_precision", "code.case_collision"}
COLUMNS = {
    "Category": "category",
    "Active": "active",
    "Start Date": "starts_at",
    "Expiration Date": "expires_at",
    "Redeemed Quantity": "redeemed_quantity",
    "Gift Amount": "gift_amount",
    "Redeemed Amount": "redeemed_amount",
}
SENTINELS = {(1, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1970, 1, 1), (9999, 12, 31)}
DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:(?:\.([0-9]{3}))?Z)?)?)?)?")
MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
SPREADSHEET = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"-?[0-9]+([.,][0-9]+)?[eE]\+[0-9]+",
        r"-?[0-9]+[.,][0-9]+[eE]-[0-9]+",
        r"[0-9]+[.,]0+",
        r"[='].*",
        r"#(NAME\?|REF!|VALUE!|N/A|NUM!|DIV/0!|NULL!)",
        rf"[0-9]{{1,2}}-{MONTH}(-[0-9]{{2,4}})?",
        rf"{MONTH}-[0-9]{{2}}",
    )
)


@dataclass
class Verdict:
    """One record: its values, and everything that is wrong with it."""

    values: dict[str, Any]
    faults: set[str] = field(default_factory=set)

    @property
    def accepted(self) -> bool:
        return self.faults <= WARNINGS


def judge(row: Row) -> Verdict:
    """A row on its own."""
    values: dict[str, Any] = dict.fromkeys(COLUMNS.values())
    faults = code_faults(row["Code"])
    for name, column in COLUMNS.items():
        if text := row.get(name, ""):
            values[column], what = READERS[column](text)
            faults |= {f"{column}.{what}"} if what else set()
    if not row["Gift Amount"]:
        faults.add("gift_amount.missing")
    faults |= row_faults(values)
    rest = {name: text or None for name, text in row.items() if name not in COLUMNS and name != "Code"}
    return Verdict({"code": row["Code"] or None, "kind": "gift_card", **values, **({"metadata": rest} if rest else {})}, faults)


def code_faults(code: str) -> set[str]:
    if not code:
        return {"code.missing"}
    categories = {unicodedata.category(letter) for letter in code}
    found = {
        "surrounding_space": code[0].isspace() or code[-1].isspace(),
        "inner_space": re.search(r"\S\s+\S", code) is not None,
        "control": "Cc" in categories,
        "invisible": bool(categories & {"Cf", "Zl", "Zp"}) or "\u00a0" in code,
        "spreadsheet_damage": any(pattern.fullmatch(code) for pattern in SPREADSHEET),
        "masked": re.search(r"\*\*|[•●∙]{2}", code) is not None or re.match(r"([xX]{4}[- ]?){2}", code) is not None,
        "not_ascii": not code.isascii(),
        "url_unsafe": bool(set(code) & set("/?#%+&")),
        "lost_precision": re.fullmatch(r"[1-9][0-9]{14}000+", code) is not None,
    }
    return {f"code.{what}" for what, wrong in found.items() if wrong}


def row_faults(values: Mapping[str, Any]) -> set[str]:
    faults = {f"{name}.negative" for name in ("gift_amount", "redeemed_amount", "redeemed_quantity") if (values[name] or 0) < 0}
    faults |= {f"{name}.sentinel" for name in ("starts_at", "expires_at") if values[name] and values[name].timetuple()[:3] in SENTINELS}
    if values["starts_at"] and values["expires_at"] and values["expires_at"] < values["starts_at"]:
        faults.add("expires_at.before_start")
    if None not in (values["gift_amount"], values["redeemed_amount"]) and values["redeemed_amount"] > values["gift_amount"]:
        faults.add("redeemed_amount.exceeds_amount")
    return faults


def _text(text: str) -> tuple[Any, str]:
    return text, ""


def _boolean(text: str) -> tuple[Any, str]:
    if text in {"true", "TRUE", "True", "false", "FALSE", "False"}:
        return text.lower() == "true", ""
    return None, "unreadable"


def _integer(text: str) -> tuple[Any, str]:
    if re.fullmatch(r"-?[0-9]+", text) and -(2**63) <= int(text) < 2**63:
        return int(text), ""
    return None, "unreadable"


def _amount(text: str) -> tuple[Any, str]:
    if re.fullmatch(r"-?[0-9]+(\.[0-9]{1,2})?", text):
        value = Decimal(text)
        return (value, "") if abs(value) < 10**16 else (None, "unreadable")
    return None, "precision" if re.fullmatch(r"-?[0-9]+\.[0-9]+", text) else "unreadable"


def _instant(text: str) -> tuple[Any, str]:
    match = DATE.fullmatch(text)
    if match is None:
        return None, "unreadable"
    year, month, day, hour, minute, second, milliseconds = (int(part or 0) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, milliseconds * 1000, UTC), ""
    except ValueError:
        return None, "unreadable"


READERS = {
    "category": _text,
    "active": _boolean,
    "starts_at": _instant,
    "expires_at": _instant,
    "redeemed_quantity": _integer,
    "gift_amount": _amount,
    "redeemed_amount": _amount,
}


def settle(verdicts: Sequence[Verdict], policy: str) -> None:
    """Which of several rows keeps a code. Metadata counts, and a field that one source lacks is as good as empty."""
    for group in _groups(verdicts, str):
        first = group[0].values
        agreed = all(_same(first, other.values) for other in group)
        winner = group[-1] if policy == "last" and not agreed else group[0]
        for verdict in group:
            if verdict is not winner or (policy == "reject_all" and not agreed):
                conflict = not agreed if policy == "reject_all" else not _same(verdict.values, winner.values)
                verdict.faults.add("code.conflict" if conflict else "code.duplicate")
    for group in _groups(verdicts, str.lower):
        for verdict in group:
            verdict.faults.add("code.case_collision")


def _groups(verdicts: Iterable[Verdict], fold: Any) -> list[list[Verdict]]:
    """The acceptable rows that share a code, where there are several."""
    found: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.accepted:
            found[fold(verdict.values["code"])].append(verdict)
    return [group for group in found.values() if len(group) > 1]


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return flat(one) == flat(other)


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that are there, metadata beside them."""
    metadata = {f"metadata.{name}": text for name, text in (values.get("metadata") or {}).items()}
    return {name: value for name, value in (dict(values) | metadata).items() if value is not None and name != "metadata"}
