"""Importing against a platform in memory: counts, repetitions, interruptions, conflicts."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from services.clock import SystemClock
from services.errors import Unavailable
from services.importing.compiling import CompiledMapping, compile_text
from services.importing.importer import Job, import_file
from services.importing.publisher import DryRun
from services.importing.report import Report
from services.intake.answers import Answer

LEDGER = """
mapping = "ledger"
[source]
format = "csv"
key = ["no"]
currency = "EUR"
[[touchpoint]]
name = "issued"
type = "payment.invoice_issued"
subject = "who"
occurred_at = "day"
[touchpoint.data]
invoice_id = "no"
amount = "sum"
due_on = "day"
[[touchpoint]]
name = "consent"
type = "customer.consent_given"
id = ["who"]
when = [{ column = "mail", equals = true }]
subject = "who"
occurred_at = { value = 2026-01-01 }
[touchpoint.data]
purpose = { value = "email" }
"""
HEADER = "no,who,day,sum,mail\n"


class InMemory:
    """Knows every id it took; goes away after so many calls, or refuses the first, if told to."""

    def __init__(self) -> None:
        self.target = "memory"
        self.taken: dict[object, object] = {}
        self.calls = 0
        self.away_after: int | None = None
        self.refused_calls = 0

    async def publish(self, events: Sequence[object]) -> Sequence[Answer]:
        if self.calls == self.away_after:
            raise Unavailable("the platform is away")
        self.calls += 1
        if self.calls <= self.refused_calls:
            return [Answer(status="refused", code="malformed", reason="wrong")] * len(events)
        assert 0 < len(events) <= 1000
        return [self._answer(event) for event in events]

    def _answer(self, event: object) -> Answer:
        assert isinstance(event, dict)
        known = self.taken.setdefault(event["id"], event)
        if known is event:
            return Answer(status="accepted")
        if known == event:
            return Answer(status="duplicate")
        return Answer(
            status="refused", code="conflict", field="data.amount.minor", reason="other content"
        )


@pytest.fixture(scope="module")
def ledger() -> CompiledMapping:
    return compile_text(LEDGER)


@pytest.fixture
def platform() -> InMemory:
    return InMemory()


def counts(report: Report) -> dict[str, int]:
    names = ("rows", "events", "accepted", "duplicate", "repeated", "refused", "rows_refused")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def many(rows: int) -> str:
    return HEADER + "".join(f"R{n},C{n % 50},2026-03-01,{n}.00,yes\n" for n in range(rows))


def job(folder: Path, ledger: CompiledMapping, text: str, *, dry_run: bool = False) -> Job:
    file = folder / "ledger.csv"
    file.write_text(text, "utf-8")
    return Job(path=file, mapping=ledger, branch="b1", dry_run=dry_run)


async def test_a_second_import_changes_nothing(
    tmp_path: Path, ledger: CompiledMapping, platform: InMemory
) -> None:
    work = job(tmp_path, ledger, many(3000))
    first = await import_file(work, platform, tmp_path)
    assert counts(first) == {"rows": 3000, "events": 6000, "accepted": 3050, "repeated": 2950}
    second = await import_file(work, platform, tmp_path)
    assert counts(second) == {"rows": 3000, "events": 6000, "duplicate": 3050, "repeated": 2950}
    assert first.all_well
    assert second.all_well
    assert not first.lines, "what an id of its own repeats is no news"


async def test_a_later_export_adds_only_what_is_new_in_any_order(
    tmp_path: Path, ledger: CompiledMapping, platform: InMemory
) -> None:
    old = ["R1,C1,2026-03-01,1.00,", "R2,C1,2026-03-02,2.00,"]
    await import_file(job(tmp_path, ledger, HEADER + "\n".join(old)), platform)
    later = [*reversed(old), "R0,C1,2026-02-01,3.00,"]
    report = await import_file(job(tmp_path, ledger, HEADER + "\n".join(later)), platform)
    assert counts(report) == {"rows": 3, "events": 3, "accepted": 1, "duplicate": 2}


async def test_an_interrupted_import_goes_on_where_it_was(
    tmp_path: Path, ledger: CompiledMapping, platform: InMemory
) -> None:
    work = job(tmp_path, ledger, many(3000))
    platform.away_after = 3
    with pytest.raises(Unavailable, match=r"stopped after [1-9].* of 3,000 rows"):
        await import_file(work, platform, tmp_path)
    platform.away_after = None
    report = await import_file(work, platform, tmp_path)
    assert counts(report)["rows"] == 3000
    assert report.accepted == len(platform.taken) == 3050
    assert report.duplicate + report.repeated == 2950
    assert report.resumed_at_row is not None
    assert report.resumed_at_row > 1000
    assert not list((tmp_path / "imports").iterdir()), "a finished import leaves no note"


@pytest.mark.parametrize("refused_calls", [0, 1], ids=["it accepts", "it only refuses at first"])
async def test_a_platform_that_lost_what_was_taken_is_given_everything(
    tmp_path: Path, ledger: CompiledMapping, platform: InMemory, refused_calls: int
) -> None:
    work = job(tmp_path, ledger, many(3000))
    platform.away_after = 3
    with pytest.raises(Unavailable):
        await import_file(work, platform, tmp_path)
    restored = InMemory()
    restored.refused_calls = refused_calls
    report = await import_file(work, restored, tmp_path)
    assert len(restored.taken) == 3050
    assert report.resumed_at_row is None
    assert report.rows == 3000


async def test_a_damaged_note_is_as_good_as_none(
    tmp_path: Path, ledger: CompiledMapping, platform: InMemory
) -> None:
    work = job(tmp_path, ledger, many(3000))
    platform.away_after = 2
    with pytest.raises(Unavailable):
        await import_file(work, platform, tmp_path)
    (note,) = (tmp_path / "imports").iterdir()
    note.write_bytes(note.read_bytes()[:50])
    platform.away_after = None
    assert (await import_file(work, platform, tmp_path)).rows == 3000


async def test_a_note_that_cannot_be_written_stops_before_anything_is_hidden(
    tmp_path: Path, ledger: CompiledMapping, platform: InMemory
) -> None:
    (tmp_path / "imports").write_text("in the way")
    with pytest.raises(Unavailable, match="TOUCHSTONE_DATA"):
        await import_file(job(tmp_path, ledger, many(5)), platform, tmp_path)


async def test_odd_rows_are_reported_and_spoil_no_other(
    tmp_path: Path, ledger: CompiledMapping, platform: InMemory
) -> None:
    text = HEADER + (
        "R1,C1,2026-03-01,1.005,\n"
        "R2,C1,2026-02-30,2.00,\n"  # no such day
        "R3,C1,2026-03-01\n"  # ragged
        "R4,C1,2026-03-01,-4.00,\n"  # negative
        ",C1,2026-03-01,5.00,\n"  # no identity
        "R6,C1,2026-03-01,6.00,maybe\n"  # neither yes nor no
        "R7,C1,2026-03-01,7.00,\n"
    )
    report = await import_file(job(tmp_path, ledger, text), platform)
    assert counts(report) == {"rows": 7, "events": 2, "accepted": 2, "rows_refused": 5}
    assert report.rounded == 1
    assert [(line.line, line.column) for line in report.lines] == [
        (3, "day"),
        (4, None),
        (5, "sum"),
        (6, "no"),
        (7, "mail"),
    ]
    assert [line.remedy for line in report.lines] == [
        "write it as 2026-03-20, on a day that exists",
        "quote cells that hold ',' or a line end with \"",
        "write it without the sign if that is a mistake; if the row is a credit note or a refund, "
        "the mapping must make that of it (`when`, `negate`)",
        "fill it in: it tells the row from all others",
        "write 1, true, y, yes or \u662f for yes, 0, false, n, no or \u5426 for no",
    ]
    assert not report.all_well


async def test_where_no_row_can_be_read_the_mapping_is_suspected(
    tmp_path: Path, ledger: CompiledMapping, platform: InMemory
) -> None:
    bad = "R1,C1,20 March,1.00,\n"
    report = await import_file(job(tmp_path, ledger, HEADER + bad * 2), platform)
    assert "the mapping ledger may not be this file's" in "\n".join(report.text())
    mixed = await import_file(job(tmp_path, ledger, many(1) + bad), platform)
    assert "mapping" not in "\n".join(mixed.text())


async def test_the_same_key_twice_is_told_with_both_lines(
    tmp_path: Path, ledger: CompiledMapping, platform: InMemory
) -> None:
    text = HEADER + (
        "R1,C1,2026-03-01,1.00,\n"
        "R1,C1,2026-03-01,1.00,\n"  # again
        "R1,C1,2026-03-01,9.00,\n"  # another amount
    )
    report = await import_file(job(tmp_path, ledger, text), platform)
    assert counts(report) == {"rows": 3, "events": 3, "accepted": 1, "repeated": 1, "refused": 1}
    again, other = report.lines
    assert (again.trouble, again.line, "line 2" in again.reason) == ("repeated", 3, True)
    assert (other.trouble, other.line, other.column) == ("refused", 4, "sum")
    assert "line 2" in other.reason
    assert other.remedy == "mend the row that is wrong; different things need a different no"


async def test_a_dry_run_finds_what_the_platform_would(
    tmp_path: Path, ledger: CompiledMapping
) -> None:
    long = "x" * 200
    text = HEADER + (
        "R1,C1,2026-03-01,1.00,\n"
        "R1,C1,2026-03-01,2.00,\n"  # conflict
        f"R2,{long},2026-03-01,3.00,\n"  # a subject that is too long
        "R3,C1,2199-03-01,3.00,\n"  # in the future
    )
    dry = DryRun("b1", SystemClock())
    report = await import_file(job(tmp_path, ledger, text, dry_run=True), dry, tmp_path)
    assert [(line.line, line.column) for line in report.lines] == [
        (3, None),
        (4, "who"),
        (5, "day"),
    ]
    assert report.accepted == 1
    assert not (tmp_path / "imports").exists()


async def test_the_same_refusal_is_one_line_and_the_counts_are_whole(
    tmp_path: Path, ledger: CompiledMapping, platform: InMemory
) -> None:
    text = HEADER + "R1,C1,never,1.00,\n" * 1500
    report = await import_file(job(tmp_path, ledger, text), platform)
    assert (report.rows_refused, len(report.lines), report.left_off) == (1500, 1, 0)
    assert (report.lines[0].line, report.lines[0].more, report.lines[0].last) == (2, 1499, 1501)
    told = "\n".join(report.text())
    assert "(1,499 more lines of this kind, the last is 1501)" in told
