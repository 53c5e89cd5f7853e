"""The real help-desk log through the platform and onto the case board: every figure exact.

A fresh database; the desk's calendar published; the file imported by the shipped mapping; then
each customer's dossier is read back from the log and assessed as of each day of the ground
truth. The case board is asked directly: it needs no live rows for this.
"""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from events.calendars import day_end, zone
from events.public_days import public_days
from projections.case_board.explain import explain_case
from projections.case_board.rows import CaseRow
from services.audit.service_report import ServiceReport, report_service
from services.hosts.bootstrap import open_platform
from services.importing.compiling import load_mapping
from services.importing.importer import Job, import_file
from services.importing.publisher import LocalPublisher
from services.importing.report import Report
from services.settings import Settings
from tests.support.helpdesk import (
    AFTERWARDS,
    BRANCH,
    DAYS,
    Read,
    Truth,
    check_minutes,
    minutes_to_last_resolve,
    publish_calendar,
    read_back,
    travel,
    truth_of,
)
from tests.support.postgres import fresh_database

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.postgres,
    pytest.mark.asyncio(loop_scope="module"),
]


class Imported(NamedTuple):
    """What the import reported, and what the log holds since."""

    report: Report
    again: Report
    read: Read
    served: ServiceReport

    def steps(self, case_id: str) -> list[str]:
        """Return what happened to a case, in order."""
        explained = (
            explain_case(customer, facts, AFTERWARDS, self.read.reference, case_id)
            for customer, facts in self.read.dossiers.items()
        )
        return [step.what for found in explained if found is not None for step in found.history]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def imported(
    shared_data: Path, postgres_server: str, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Imported]:
    home = tmp_path_factory.mktemp("helpdesk")
    async with (
        fresh_database(postgres_server, migrated) as dsn,
        open_platform(Settings(dsn=dsn, data=home)) as platform,
    ):
        await publish_calendar(platform, dsn)
        job = Job(
            path=shared_data / "helpdesk_events.csv",
            mapping=load_mapping("helpdesk"),
            branch=BRANCH,
        )
        publisher = LocalPublisher(platform.intake, BRANCH, dsn)
        report = await import_file(job, publisher)
        again = await import_file(job, publisher)
        read = await read_back(platform)
        served = await report_service(
            platform,
            date(2010, 1, 1),
            date(2014, 1, 31),
            AFTERWARDS,
            None,
            None,
            lambda done: None,
            processes=1,
        )
        yield Imported(report, again, read, served)


@pytest.fixture(scope="module")
def truth(shared_data: Path) -> Truth:
    return truth_of(shared_data)


@pytest.fixture(scope="module")
def cases(imported: Imported) -> list[CaseRow]:
    return imported.read.rows(AFTERWARDS)


async def test_every_row_is_taken_once(imported: Imported, truth: Truth) -> None:
    assert imported.report.all_well
    assert imported.report.rows == truth.events
    assert imported.report.accepted == truth.events + truth.cases
    assert (imported.again.accepted, imported.again.duplicate) == (0, truth.events + truth.cases)


async def test_a_case_is_one_customers_whoever_its_rows_name(
    cases: list[CaseRow], truth: Truth
) -> None:
    assert len(cases) == len({row.case_id for row in cases}) == truth.cases
    assert all(row.external for row in cases)


@pytest.mark.parametrize("day", DAYS, ids=str)
async def test_what_was_open_on_a_day(imported: Imported, truth: Truth, day: date) -> None:
    expected = truth.asof[day]
    at = day_end(day, zone("UTC"))
    rows = imported.read.rows(at)
    still_open = [row for row in rows if row.status != "closed"]
    states = Counter(
        {"resolved": "Resolve ticket", "waiting": "Wait"}.get(row.status, row.activity)
        for row in still_open
    )
    assert len(rows) == expected.created
    assert len(still_open) == expected.open
    assert len(rows) - len(still_open) == expected.closed
    assert states == expected.open_by_state
    old = [row for row in still_open if row.opened_at < at - timedelta(days=30)]
    assert len(old) == expected.open_older_than_30d


async def test_hand_overs_and_ping_pong(cases: list[CaseRow], truth: Truth) -> None:
    assert travel([(row.handovers, row.returns) for row in cases]) == truth.resource
    departments = [(row.department_handovers, row.department_returns) for row in cases]
    assert travel(departments) == truth.workgroup


async def test_the_report_on_service_comes_to_the_same(imported: Imported, truth: Truth) -> None:
    sums = imported.served.company
    assert sums.cases == truth.cases
    assert sums.handovers == truth.resource.handovers
    assert sums.returns == truth.resource.pingpong_returns
    assert sums.department_handovers == truth.workgroup.handovers
    assert sums.department_returns == truth.workgroup.pingpong_returns
    for groups in (imported.served.departments, imported.served.branches):
        assert sum(group.sums.cases for group in groups) == truth.cases


async def test_reopened_resumed_and_resolved_again(
    imported: Imported, cases: list[CaseRow], truth: Truth
) -> None:
    reopened = [row for row in cases if row.reopened]
    assert len(reopened) == truth.cases_with_non_closed_event_after_closed
    assert sum(row.status == "closed" for row in cases) == truth.cases_last_event_closed
    worked_on = {row.case_id for row in cases if row.resumed}
    for row in reopened:  # resolved again after closing is no work, the rule says
        steps = imported.steps(row.case_id)
        after = steps[steps.index("resolved") :]
        if "assigned" in after or "waiting" in after:
            worked_on.add(row.case_id)
    assert len(worked_on) == truth.cases_reopened_after_resolve
    assert sum(row.resolves >= 2 for row in cases) == truth.cases_with_2plus_resolves


async def test_business_time_to_the_last_resolve(
    imported: Imported, cases: list[CaseRow], truth: Truth
) -> None:
    expected = truth.business_time_first_event_to_last_resolve
    minutes = minutes_to_last_resolve(imported.read, cases)
    check_minutes([*minutes.values()], expected)
    named = {n: round(minutes[f"helpdesk-{n}"], 4) for n in expected.named}
    assert named == {n: float(m) for n, m in expected.named.items()}


async def test_the_holidays_are_those_the_figures_were_computed_with(truth: Truth) -> None:
    expected = truth.business_time_first_event_to_last_resolve.holidays
    years = {day.year for day in expected}
    assert {day for year in years for day in public_days("IT", year).holidays} == set(expected)
