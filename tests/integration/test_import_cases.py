"""The files of tests/data/cases, imported for real: the log then holds what is right."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio

from events.codec import decode
from events.touchpoints.payment import InvoiceIssued
from services.hosts.bootstrap import open_platform
from services.importing.compiling import load_mapping
from services.importing.importer import Job, import_file
from services.importing.lines import FileRefused
from services.importing.publisher import LocalPublisher
from services.importing.report import Report
from services.platform import Platform
from services.settings import Settings

pytestmark = pytest.mark.postgres

CASES = Path(__file__).parents[1] / "data" / "cases"
FEBRUARY = date(2026, 2, 4)

Issued = tuple[str | None, str, str, int, date]
"""Customer, invoice, instant in UTC, minor units and due day."""

RIGHT: dict[str, list[Issued]] = {
    "json-key-twice": [
        ("IM-J1", "12345678901234567890123", "2026-01-04T16:00:00", 110, FEBRUARY),
        ("IM-J1", "9007199254740993", "2026-01-04T16:00:00", 110, FEBRUARY),
        ("IM-J1", "1001", "2026-01-04T16:00:00", 10_000, FEBRUARY),
    ],
    "parquet-nested-nanoseconds": [
        ("IM-PQ2", "Q3", "2026-01-04T20:00:00.123456", 10_005, FEBRUARY),
    ],
    "parquet-year-10000": [],
    "parquet-binary-text": [("IM-PQ3", "Q4", "2026-01-04T16:00:00", 10_005, FEBRUARY)],
    "basic-date-text": [  # 18:00 in Shanghai
        ("IM-BD", "B1", "2026-01-05T10:00:00", 1_000, FEBRUARY),
        ("IM-BD", "B2", "2026-01-05T10:00:00", 1_000, FEBRUARY),
    ],
    "basic-date-integer": [("IM-BD", "B3", "2026-01-05T10:00:00", 1_000, FEBRUARY)],
    "excel-sep-line": [("IM-X", "X1", "2026-01-04T16:00:00", 1_000, FEBRUARY)],
    "whole-number-decimal38": [("77", "1001", "2026-01-04T16:00:00", 10_005, FEBRUARY)],
    "whole-number-json": [
        ("77", "1002", "2026-01-04T16:00:00", 100, FEBRUARY),
        ("77", "1003", "2026-01-04T16:00:00", 100, FEBRUARY),
    ],
    "empty-record": [
        ("II-1", "I1", "2026-01-04T16:00:00", 90_000, date(2026, 1, 31)),
        ("II-2", "I2", "2026-01-04T16:00:00", 90_000, date(2026, 1, 31)),
    ],
}
REFUSED = {"json-key-twice": [1, 2], "parquet-year-10000": [1]}
"""Lines that give nothing, in the cases that have such."""

WHOLE = {
    "parquet-column-twice": "the column 'amt' appears twice",
    "parquet-dotted-name-twice": r"the column 'x\.due' appears twice",
}
"""Files that are refused as a whole, and what is said of them."""


@pytest_asyncio.fixture
async def platform(database: str, tmp_path: Path) -> AsyncIterator[Platform]:
    async with open_platform(Settings(dsn=database, data=tmp_path / "data")) as opened:
        yield opened


async def imported(platform: Platform, case: str) -> Report:
    [file] = (CASES / case).glob("data.*")
    job = Job(path=file, mapping=load_mapping(str(CASES / case / "map.toml")), branch="b1")
    return await import_file(job, LocalPublisher(platform.intake, "b1", platform.dsn))


async def recorded(platform: Platform) -> list[tuple[str | None, str, InvoiceIssued]]:
    """Return each invoice in the log with its customer and instant."""
    heads = await platform.log.heads()
    found: list[tuple[str | None, str, InvoiceIssued]] = []
    for partition, count in enumerate(heads.counts):
        for stored in await platform.log.read(partition, 0, count):
            data = decode(stored.payload)
            assert isinstance(data, InvoiceIssued)
            at = stored.envelope.effective_at.isoformat().removesuffix("+00:00")
            found.append((stored.envelope.subject, at, data))
    return found


@pytest.mark.parametrize("case", RIGHT)
async def test_a_case_gives_what_is_right(platform: Platform, case: str) -> None:
    report = await imported(platform, case)
    issued = [
        (subject, data.invoice_id, at, data.amount.minor, data.due_on)
        for subject, at, data in await recorded(platform)
    ]
    assert sorted(issued, key=str) == sorted(RIGHT[case], key=str)
    assert report.accepted == len(RIGHT[case])
    assert [line.line for line in report.lines] == REFUSED.get(case, [])
    assert all(line.reason and line.remedy for line in report.lines)


@pytest.mark.parametrize("case", WHOLE)
async def test_what_stands_twice_is_refused_before_anything_is_sent(
    platform: Platform, case: str
) -> None:
    with pytest.raises(FileRefused, match=WHOLE[case]):
        await imported(platform, case)
    assert await recorded(platform) == []


async def test_the_refused_line_names_the_key_that_stands_twice(platform: Platform) -> None:
    report = await imported(platform, "json-key-twice")
    first = report.lines[0]
    assert (first.line, first.column) == (1, "amt")
    assert "'amt' stands twice" in first.reason


async def test_an_empty_instalment_stays_out(platform: Platform) -> None:
    await imported(platform, "empty-record")
    instalments = {
        data.invoice_id: [(part.due_on, part.amount.minor) for part in data.instalments]
        for _, _, data in await recorded(platform)
    }
    assert instalments == {
        "I1": [(date(2026, 3, 31), 45_000), (date(2026, 6, 30), 45_000)],
        "I2": [(date(2026, 6, 30), 90_000)],
    }
