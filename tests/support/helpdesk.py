"""The real help-desk log: what its ground truth says, and the calendar of the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import msgspec
from msgspec import Struct

from events.branch_calendars import business_time
from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from projections.case_board.projection import CaseBoard
from projections.case_board.rows import CaseRow
from projections.facts import Facts
from services.importing.publisher import LocalPublisher
from services.importing.publishing import publish_lines
from services.platform import Platform
from services.walk.company import Everybody, extent_now
from services.walk.parts import Part

BRANCH = "helpdesk"
DAYS = [date(2010, 12, 31), date(2011, 12, 31), date(2012, 6, 30)]
DAYS += [date(2012, 12, 31), date(2013, 6, 30)]
AFTERWARDS = datetime(2014, 6, 1, tzinfo=UTC)


class Travel(Struct):
    """Hand-overs from one to another, and ping-pong."""

    handovers: int
    cases_with_handover: int
    max_in_a_case: int
    pingpong_returns: int
    cases_with_pingpong: int


class OpenCases(Struct):
    """What was open at the end of a day."""

    created: int
    open: int
    closed: int
    open_by_state: dict[str, int]
    open_older_than_30d: int


class BusinessTimes(Struct):
    """Working time from the first step to the last resolve."""

    cases: int
    median_minutes: Decimal
    mean_minutes: Decimal
    sla_40_business_hours_breached: int
    sla_80_business_hours_breached: int
    named: dict[str, Decimal]
    holidays: list[date]


class Truth(Struct):
    """Section "helpdesk" of the ground truth."""

    cases: int
    events: int
    customers: int
    cases_ever_closed: int
    cases_last_event_closed: int
    cases_with_non_closed_event_after_closed: int
    cases_reopened_after_resolve: int
    cases_with_2plus_resolves: int
    resource: Travel
    workgroup: Travel
    asof: dict[date, OpenCases]
    business_time_first_event_to_last_resolve: BusinessTimes


class _GroundTruth(Struct):
    helpdesk: Truth


class Read(NamedTuple):
    """Every customer's dossier as the log holds it, and the rules."""

    dossiers: Mapping[CustomerId, Facts]
    reference: Reference

    def rows(self, at: datetime) -> list[CaseRow]:
        """Return every case as of an instant."""
        board = CaseBoard()
        return [
            row
            for customer, facts in self.dossiers.items()
            for row in board.assess(customer, facts, at, self.reference).rows["cases"]
            if isinstance(row, CaseRow)
        ]


async def read_back(platform: Platform) -> Read:
    """Return what the log holds of everybody."""
    everybody = Everybody(await extent_now(platform), platform.pool)
    dossiers: dict[CustomerId, Facts] = {}

    def keep(customer: CustomerId, facts: Sequence[Fact], at: datetime | None) -> None:
        dossiers[customer] = Facts(facts)

    await everybody.each(Part(0, None, None), lambda facts: datetime.max.replace(tzinfo=UTC), keep)
    return Read(dossiers, await everybody.reference())


def minutes_to_last_resolve(read: Read, cases: Sequence[CaseRow]) -> Mapping[str, float]:
    """Return how many working minutes passed until each case was resolved for the last time."""
    time = business_time(read.reference, BRANCH)
    return {
        row.case_id: time.worked(row.opened_at, row.resolved_at) / timedelta(minutes=1)
        for row in cases
        if row.resolved_at is not None
    }


def check_minutes(minutes: Sequence[float], expected: BusinessTimes) -> None:
    """Hold working times against the ground truth."""
    assert len(minutes) == expected.cases
    assert round(median(minutes), 4) == float(expected.median_minutes)
    assert round(mean(minutes), 4) == float(expected.mean_minutes)
    late = [sum(m > hours * 60 for m in minutes) for hours in (40, 80)]
    assert late == [
        expected.sla_40_business_hours_breached,
        expected.sla_80_business_hours_breached,
    ]


def truth_of(shared_data: Path) -> Truth:
    """Return the figures that were computed independently."""
    raw = (shared_data / "ground_truth.json").read_bytes()
    return msgspec.json.decode(raw, type=_GroundTruth).helpdesk


async def publish_calendar(platform: Platform, dsn: str) -> None:
    """Publish the branch of the desk, and its working hours."""
    calendar = (files("services.importing") / "mappings" / "helpdesk-calendar.jsonl").read_bytes()
    headquarters = LocalPublisher(platform.intake, "headquarters", dsn)
    published = await publish_lines(BytesIO(calendar), "calendar", "headquarters", headquarters)
    assert published.accepted == 2


def travel(cases: Sequence[tuple[int, int]]) -> Travel:
    """Return what hand-overs and returns, told by case, come to."""
    moves = [moved for moved, _ in cases]
    returns = [returned for _, returned in cases]
    return Travel(
        handovers=sum(moves),
        cases_with_handover=sum(n > 0 for n in moves),
        max_in_a_case=max(moves),
        pingpong_returns=sum(returns),
        cases_with_pingpong=sum(n > 0 for n in returns),
    )
