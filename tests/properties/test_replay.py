"""Rejected records, mended and loaded again, complete a load; whatever was loaded once is never loaded twice."""

from dataclasses import dataclass, replace
from decimal import Decimal

from exports import Export, exports, line, read_with_csv, rows
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle import flat, judge, settle
from runs import Run, place

from vbatch.registry import Registry

END = b"\r\n"


@dataclass(frozen=True)
class Broken:
    """An export with all its records right, and the same with some of them broken, by position."""

    right: Export
    records: tuple[bytes, ...]
    bad: frozenset[int]

    @property
    def data(self) -> bytes:
        return self.right.head + b"".join(self.records)

    def replay(self, records: list[bytes] | tuple[bytes, ...]) -> bytes:
        """A file of the broken ones' places, out of other records."""
        return self.right.head + b"".join(records[number] for number in sorted(self.bad))


def good_rows(header: tuple[str, ...]) -> st.SearchStrategy[dict[str, str]]:
    return rows(header).filter(lambda row: judge(row).accepted)


@st.composite
def broken(draw: st.DrawFn) -> Broken:
    right = draw(exports(good_rows, least=2, most=6, unique=True))
    records, bad = list(right.records), set()
    for number in draw(st.sets(st.integers(0, len(records) - 1), min_size=1)):
        raw = draw(damage(right, number))
        # An open quote finds its end in the first quote that may be one, so it only stands where there are no others.
        assume(raw.count(b'"') % 2 == 0 or b'"' not in right.data + b"".join(records[other] for other in bad))
        records[number] = raw + records[number][len(records[number].rstrip(END)) :]
        bad.add(number)
    return Broken(right, tuple(records), frozenset(bad))


def damage(right: Export, number: int) -> st.SearchStrategy[bytes]:
    good, row = right.records[number].rstrip(END), right.rows[number]
    header = right.head.removeprefix(b"\xef\xbb\xbf").rstrip(END)
    fields = (good + b",x", good.rpartition(b",")[0] or b"x", header)
    # What is wrong with a quote or a byte is the fault of its line, and a record may have several.
    marks = (good + b"\x00", b"\xff" + good, b'a"' + good, b'"a"b' + good, b'"' + good)
    malformed = fields if set(good) & set(END) else fields + marks
    wrong = rows(tuple(row)).filter(lambda cells: not judge(cells).accepted)
    return st.one_of(st.sampled_from(malformed), wrong.map(lambda cells: line(cells.values(), "", bool)))


def values(*runs: Run) -> list[dict[str, object]]:
    """The accepted vouchers of several runs, wherever they stood."""
    found = [flat({name: value for name, value in row.items() if name[0] != "_"}) for run in runs for row in run.rows("accepted")]
    return sorted(found, key=lambda row: row["code"])


@given(file=broken())
def test_mended_rejects_complete_a_load(file: Broken) -> None:
    with place() as here:
        wrong, right = here.write(file.data, file.right.data)
        first = here.run([wrong], "load", batch_rows=2)
        assert {row["_record"] for row in first.rows("rejected")} == {number + 1 for number in file.bad}
        assert first.replay(wrong.name) == file.replay(file.records)
        (mended,) = here.write(file.replay(file.right.records), stem="mended")
        second = here.run([mended], "load", batch_rows=2)
        whole = here.run([right], "load", registry=here.folder / "other.duckdb")
        assert values(first, second) == values(whole)
        assert second.report.rejected == whole.report.rejected == 0
        sums = [Decimal(run.report.totals["gift_amount"]["accepted"]) for run in (first, second, whole)]
        assert sums[0] + sums[1] == sums[2]


@given(file=broken())
def test_unmended_rejects_are_rejected_alike(file: Broken) -> None:
    with place() as here:
        first = here.run(here.write(file.data))
        (replay,) = here.write(first.replay("export-0.csv"), stem="replay")
        second = here.run([replay])
        assert second.report.accepted == 0
        assert [row["faults"] for row in second.rows("rejected")] == [row["faults"] for row in first.rows("rejected")]
        assert second.replay(replay.name) == replay.read_bytes()


@given(file=exports(), csv=st.booleans(), rows=st.sampled_from((1, 1000)))
def test_loading_twice_changes_nothing(file: Export, rows: int, *, csv: bool) -> None:
    with place() as here:
        (source,) = here.write(file.data)
        first = here.run([source], "load")
        kept, codes = first.fates(), (here.folder / "codes.duckdb").read_bytes()
        for out in (first.out, here.folder / "elsewhere"):
            again = here.run([source], "load", out=out, csv=csv, batch_rows=rows)
            assert replace(again.report, path="") == replace(first.report, path="")
        assert not (here.folder / "elsewhere").exists()
        assert first.fates() == kept
        assert (here.folder / "codes.duckdb").read_bytes() == codes


@given(earlier=exports(), later=exports())
def test_codes_that_are_registered_are_rejected(earlier: Export, later: Export) -> None:
    assume(earlier.data != later.data)
    with place() as here:
        first, second = here.write(earlier.data, later.data)
        held = {row["code"] for row in here.run([first], "load").rows("accepted")}
        run = here.run([second], "load", batch_rows=3)
        verdicts = [judge(row) for row in read_with_csv(later.data)]
        for verdict in verdicts:
            if verdict.accepted and verdict.values["code"] in held:
                verdict.faults.add("code.registered")
            elif verdict.accepted and verdict.values["code"].lower() in {code.lower() for code in held}:
                verdict.faults.add("code.case_collision")
        settle(verdicts, "reject_all")
        assert run.faults() == {(str(second), number): one.faults for number, one in enumerate(verdicts, start=1) if one.faults}
        accepted = [row["code"] for row in run.rows("accepted")]
        assert accepted == [verdict.values["code"] for verdict in verdicts if verdict.accepted]
        registry = Registry(here.folder / "codes.duckdb")
        assert registry.info().codes == len(held) + len(accepted)
        assert not registry.check()
