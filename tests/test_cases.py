"""Every folder below tests/cases is one run: what goes in must come out as its files say, in any size of batches."""

import gzip
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from case_folders import Case, Row, found_cases, loaded, rows_of

from vbatch import Options, Report, load, validate
from vbatch.catalog import available
from vbatch.model.options import Limit
from vbatch.model.rulebook import rulebook
from vbatch.registry import Registry

CASES = found_cases()
VERBS = {"validate": validate, "load": load}
ANY_LINE_END = re.compile(r"\r\n|\n|\r")
HEAD = re.compile(r"(?s)((?:\r\n|\n|\r)*.*?(?:\r\n|\n|\r|\Z))(?:\r\n|\n|\r)*\Z")
"""What stands before the first record; blank lines behind the header are not part of it."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A case that was run: its report and its files, read as anyone would read them."""

    case: Case
    report: Report
    earlier: Report | None
    out: Path

    def parquet(self, folder: str) -> pl.DataFrame:
        return pl.concat([pl.read_parquet(path) for path in sorted((self.out / folder).glob("*.parquet"))], how="diagonal")

    def twins(self, folder: str) -> list[Row]:
        return [row for path in sorted((self.out / folder).glob("*.csv")) for row in rows_of(path.read_bytes())]

    def places(self, source: str) -> list[tuple[int, int, int | None, str]]:
        """Record, offset, length and fate of each record of a source, in order; the files do not tell the length of accepted ones."""
        found = []
        for fate in ("accepted", "rejected", "discarded"):
            rows = self.parquet(fate).filter(pl.col("_source") == source)
            lengths = rows["_length"] if "_length" in rows.columns else [None] * rows.height
            found += zip(rows["_record"], rows["_offset"], lengths, [fate] * rows.height, strict=True)
        return sorted(found)


def marked(case: Case) -> Any:
    return pytest.param(case, id=case.name, marks=[pytest.mark.xfail(strict=True, reason=case.xfail)] if case.xfail else [])


@pytest.mark.parametrize("batch_rows", [None, 2], ids=["one batch", "batches of 2"])
@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_case(case: Case, batch_rows: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = ran(case, batch_rows)
    check_files(run)
    check_accepted(run)
    check_errors(run)
    check_counts(run)
    check_rejected(run)
    for source in case.sources:
        check_places(run, source)
        check_replay(run, source)
    check_registry(run)


def ran(case: Case, batch_rows: int | None) -> Run:
    for name in (*case.sources, *case.registered):
        data = case.data(name)
        Path(name).write_bytes(cut_off(data) if case.cut_off else data)
    chosen, out = case.worked_out(), Path("out")
    limit = Limit.parse(case.max_rejected) if case.max_rejected else None
    options = Options(as_of=case.as_of, batch_rows=batch_rows, csv=True, allow_truncated=case.cut_off)
    earlier = load(case.registered, chosen, replace(options, out=Path("earlier"))) if case.registered else None
    if case.used:
        used = pl.DataFrame({"code": case.used, "_source": "till.csv", "_record": range(1, len(case.used) + 1)})
        Registry(options.registry).mark("used", used.cast({"_record": pl.UInt64}), scope=chosen.scope, by="till", reason="redeemed")
    report = VERBS[case.verb](case.sources, chosen, replace(options, out=out, max_rejected=limit))
    return Run(case=case, report=report, earlier=earlier, out=out)


def cut_off(data: bytes) -> bytes:
    """A gzip file that ends before its data does. Stored and not compressed, so that the data that can be read is exact."""
    whole = gzip.compress(data + b"what is lost", compresslevel=0, mtime=0)
    return whole[: whole.index(data) + len(data)]


def check_files(run: Run) -> None:
    """Files exist even when empty, and no others do."""
    found = {re.sub(r"part-\d{5}", "part", path.relative_to(run.out).as_posix()) for path in run.out.rglob("*") if path.is_file()}
    parts = {f"{folder}/part.{ending}" for folder in ("accepted", "rejected", "discarded") for ending in ("parquet", "csv")}
    replays = {f"rejected/replay/{source.removesuffix('.gz')}" for source in run.case.sources}
    assert found == parts | replays | {"errors.parquet", "errors.csv", "report.json"}
    claimed = {output.path: output.rows for output in run.report.outputs}
    assert set(claimed) == {path.relative_to(run.out).as_posix() for path in run.out.rglob("*") if path.is_file()} - {"report.json"}
    assert replace(Report.from_json((run.out / "report.json").read_text("utf-8")), path="out") == run.report


def check_accepted(run: Run) -> None:
    expected = run.case.rows("accepted.csv")
    columns = list(expected[0]) if expected else []
    assert [{name: row[name] for name in columns} for row in run.twins("accepted")] == expected
    typed = run.parquet("accepted")
    assert [code or "" for code in typed["code"]] == [row["code"] for row in run.twins("accepted")]
    for column, sums in run.report.totals.items():
        assert Decimal(sums["accepted"]) == sum(typed[column].drop_nulls().to_list(), Decimal(0))


def check_errors(run: Run) -> None:
    expected = run.case.rows("errors.csv")
    errors = pl.read_parquet(run.out / "errors.parquet")
    exact = [{name: "" if value is None else str(value) for name, value in row.items()} for row in errors.iter_rows(named=True)]
    found = [row | {"message": anonymous(row["message"], run)} for row in exact]
    assert found == expected
    for_people = rows_of((run.out / "errors.csv").read_bytes())
    assert for_people == [{name: guarded(name, value) for name, value in row.items()} for row in exact]
    assert run.report.faults == dict(Counter(row["fault"] for row in expected))


def guarded(name: str, value: str) -> str:
    """A cell that a spreadsheet would run has an apostrophe before it."""
    return "'" + value if name in {"source", "code", "value", "message"} and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def anonymous(message: str, run: Run) -> str:
    """Without what differs from run to run: the id and the instant of the run that registered a code."""
    if run.earlier is None:
        return message
    return re.sub(r"on \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "on {when}", message.replace(run.earlier.run_id[:12], "{run}"))


def check_counts(run: Run) -> None:
    """Each record of the bytes has one fate, and the report counts them so."""
    report, case = run.report, run.case
    assert report.records == report.accepted + report.rejected + report.discarded
    assert report.accepted == len(case.rows("accepted.csv"))
    assert (report.rejected, report.discarded) == (run.parquet("rejected").height, run.parquet("discarded").height)
    warned = {(row["source"], row["record"]) for row in case.rows("errors.csv")}
    assert report.warned == sum((row["_source"], row["_record"]) in warned for row in run.twins("accepted"))
    for account in report.sources:
        assert [record for record, *_ in run.places(account.path)] == list(range(1, account.records + 1))
    assert report.status == (case.status or {"validate": "validated", "load": "loaded"}[case.verb])
    if case.over_limit is not None:
        assert report.over_limit is case.over_limit
    if case.blank_lines is not None:
        assert tuple(account.blank_lines for account in report.sources) == case.blank_lines
    if case.notes is not None:
        assert [list(account.notes) for account in report.sources] == [list(notes) for notes in case.notes]


def check_rejected(run: Run) -> None:
    """Rejected and discarded rows name all their faults."""
    expected: dict[tuple[str, int], list[str]] = {}
    for row in run.case.rows("errors.csv"):
        expected.setdefault((row["source"], int(row["record"])), []).append(row["fault"])
    for folder in ("rejected", "discarded"):
        frame = run.parquet(folder)
        assert [expected[place] for place in zip(frame["_source"], frame["_record"], strict=True)] == frame["faults"].to_list()


def check_places(run: Run, source: str) -> None:
    """Records lie one behind the other from the header to the end, and nothing but blank lines is between them."""
    case, data, places = run.case, run.case.data(source), run.places(source)
    following = [offset for _, offset, *_ in places[1:]] + [len(data)]
    accepted = {int(row["_record"]): row["code"] for row in run.twins("accepted") if row["_source"] == source}
    for (record, offset, length, fate), after in zip(places, following, strict=True):
        if fate == "accepted":
            assert code_in(data[offset:after], case, accepted[record])
        else:
            assert length is not None
            assert data[offset + length : after].strip(b"\r\n") in (b"", b"]"), "between records are blank lines only"
    for row in case.rows("errors.csv"):
        if row["source"] == source:
            assert int(row["line"]) == 1 + len(ANY_LINE_END.findall(data[: int(row["offset"])].decode(case.encoding)))


def code_in(record: bytes, case: Case, code: str) -> bool:
    if case.sources[0].endswith("json"):
        return bool(json.loads(record.strip(b", \t\r\n]"))["code"] == code)
    encodings = ("utf-8", "cp1252", case.encoding)
    return any(text.encode(encoding, "ignore") in record for text in (code, code.replace('"', '""')) for encoding in encodings)


def check_replay(run: Run, source: str) -> None:
    """The replay file is the source's own header and the bytes of the rejected records, and nothing else."""
    data, places = run.case.data(source), run.places(source)
    rejected = [data[offset : offset + (length or 0)] for _, offset, length, fate in places if fate == "rejected"]
    if source.endswith(".json"):
        expected = b"[\n" + b",\n".join(raw.strip(b", \t\r\n") for raw in rejected) + b"\n]\n"
    else:
        head = HEAD.match(data[: places[0][1]].decode(run.case.encoding))
        assert head
        expected = head[1].encode(run.case.encoding) + b"".join(rejected)
    assert (run.out / "rejected" / "replay" / source.removesuffix(".gz")).read_bytes() == expected


def check_registry(run: Run) -> None:
    """Only a load that was not refused registers; loading again changes nothing."""
    registry, loaded_now = Path("codes.duckdb"), run.report.status == "loaded"
    assert registry.exists() == (loaded_now or run.earlier is not None)
    if loaded_now:
        again = load(run.case.sources, run.case.worked_out(), Options(as_of=run.case.as_of, out=Path("again")))
        assert again.run_id == run.report.run_id
        assert not Path("again").exists()


def test_every_fault_of_the_shipped_pipelines_has_a_case() -> None:
    known = {fault.code for name in available() for fault in rulebook(loaded(name)).book}
    shown = {row["fault"] for case in CASES for row in case.rows("errors.csv")}
    assert known <= shown


def test_every_shipped_pipeline_has_a_case() -> None:
    used = {case.worked_out().name for case in CASES}
    assert used >= set(available())
