"""The real help-desk log given as commands: the same figures, where a step is legal here.

A fresh database; the desk's calendar, workgroups and staff published; each first step filed as a
complaint; every step decided, and recorded in the embedded log; then read back as the import is.
What is not legal is counted with its rule, and figures that it changes are held against those of
the log without it, computed here from the file alone.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest
import pytest_asyncio

from events.calendars import day_end, zone
from events.envelope import BranchId, Envelope
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import CaseReopened
from events.touchpoints.policy import DepartmentSet, StaffSet
from projections.case_board.rows import CaseRow
from services.audit.service_report import ServiceReport, report_service
from services.casework.cases import Cases
from services.casework.executing import Done, Streams
from services.casework.memory import record
from services.casework.rulebook import Rulebook
from services.hosts.bootstrap import open_platform
from services.intake.draft import Draft, Scope
from services.platform import Platform
from services.settings import Settings
from tests.support.desk_replay import Activity, Replay, Step, case_id, steps_of
from tests.support.given import event_id
from tests.support.helpdesk import (
    AFTERWARDS,
    BRANCH,
    DAYS,
    Read,
    Travel,
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

T = TypeVar("T")
Steps = Mapping[str, Sequence[Step]]
CLOSED, RESOLVE, WAIT = Activity.CLOSED, Activity.RESOLVE, Activity.WAIT
_OVER = (RESOLVE, CLOSED)
_COMMANDS: Mapping[str, str] = defaultdict(
    lambda: "AddNote", {CLOSED: "Close", RESOLVE: "Resolve", WAIT: "Wait"}
)
_AT_ONCE = 500
_SENT_AGAIN = 300  # commands that are given once more, to the service


class Commanded(NamedTuple):
    """What came of the commands, and what the log holds since."""

    replay: Replay
    read: Read
    served: ServiceReport
    answers: Sequence[object]  # to commands that the service was given again


@pytest.fixture(scope="module")
def truth(shared_data: Path) -> Truth:
    return truth_of(shared_data)


@pytest.fixture(scope="module")
def steps(shared_data: Path) -> Steps:
    return steps_of(shared_data / "helpdesk_events.csv")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def commanded(
    steps: Steps, postgres_server: str, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Commanded]:
    home = tmp_path_factory.mktemp("helpdesk-commands")
    async with (
        fresh_database(postgres_server, migrated) as dsn,
        open_platform(Settings(dsn=dsn, data=home)) as platform,
    ):
        await publish_calendar(platform, dsn)
        await submit(platform, "headquarters", company(steps))
        reference = await Rulebook(platform.pool).reference()
        replay = Replay(reference)
        complaints = [*replay.complaints(steps)]
        await submit(platform, BRANCH, complaints)
        for complaint, mine in zip(complaints, steps.values(), strict=True):
            replay.replay(complaint, mine)
        for some in batches(replay.given):
            await record(platform.log, platform.vault, [one.done for one in some])

        cases = Cases(Streams(platform.streams, platform.vault, platform.clock), platform.pool)
        again = [one.asked for one in replay.given[-_SENT_AGAIN:]]
        answers = [await cases.execute(asked, reference) for asked in again]
        served = await report_service(
            platform,
            DAYS[0].replace(month=1, day=1),
            AFTERWARDS.date(),
            AFTERWARDS,
            None,
            None,
            lambda done: None,
            processes=1,
        )
        yield Commanded(replay, await read_back(platform), served, answers)


def company(steps: Steps) -> Iterator[Draft]:
    """Yield the workgroups and the staff that the log names."""
    everything = [step for mine in steps.values() for step in mine]
    since = min(step.at for step in everything)
    told: list[Touchpoint] = [
        DepartmentSet(effective_from=since, department_id=f"workgroup-{one}", name=one)
        for one in sorted({step.workgroup for step in everything})
    ]
    told += [
        StaffSet(effective_from=since, staff_id=f"resource-{one}", branch_id=BRANCH)
        for one in sorted({step.resource for step in everything})
    ]
    for number, data in enumerate(told, start=1):
        envelope = Envelope(
            id=event_id(f"helpdesk company {number}"),
            source="/branches/headquarters/company",
            type=data.event_type,
            subject=None,
            branch_id=BranchId("headquarters"),
            epoch=0,
            sequence=number,
            created_at=since,
            effective_at=since,
        )
        yield Draft(envelope, data)


async def submit(platform: Platform, branch: str, drafts: Iterable[Draft]) -> None:
    scope = Scope(BranchId(branch), headquarters=True)
    for some in batches([*drafts]):
        answers = await platform.intake.submit_validated(scope, some)
        assert {answer.status for answer in answers} == {"accepted"}


def batches(things: Sequence[T]) -> Iterator[Sequence[T]]:
    left = iter(things)
    while some := [*islice(left, _AT_ONCE)]:
        yield some


@pytest.fixture(scope="module")
def cases(commanded: Commanded) -> list[CaseRow]:
    return commanded.read.rows(AFTERWARDS)


# --- what is not legal, told by the file alone ---


def closed_again(mine: Sequence[Step]) -> set[int]:
    """Return the steps that close what is closed already: there is nothing left to close."""
    return {b.number for a, b in pairwise(mine) if a.activity == b.activity == CLOSED}


def waiting_again(mine: Sequence[Step]) -> set[int]:
    """Return the steps that begin to wait while the case waits already."""
    return {b.number for a, b in pairwise(mine) if a.activity == b.activity == WAIT}


def hands(mine: Sequence[Step]) -> list[str]:
    """Return by whom a case was worked on, step by step, without what is not legal."""
    return [one.resource for one in mine if one.number not in closed_again(mine)]


def workgroups(mine: Sequence[Step]) -> list[str]:
    """Return which workgroups had a case, without what is not legal.

    A department gets a case with somebody of it: who has the case already does not take it along.
    """
    owner, found = mine[0].resource, [mine[0].workgroup]
    for step in mine:
        if step.resource != owner and step.number not in closed_again(mine):
            owner = step.resource
            found.append(step.workgroup)
    return found


def moves(seen: Sequence[str]) -> tuple[int, int]:
    """Return how often something went to another, and how often back to the one before."""
    collapsed = [seen[0], *(b for a, b in pairwise(seen) if a != b)]
    back = sum(a == c for a, c in zip(collapsed, collapsed[2:], strict=False))
    return len(collapsed) - 1, back


def legal(steps: Steps) -> tuple[Travel, Travel]:
    resources = travel([moves(hands(mine)) for mine in steps.values()])
    return resources, travel([moves(workgroups(mine)) for mine in steps.values()])


# --- the figures ---


async def test_the_small_computation_comes_to_the_ground_truth(steps: Steps, truth: Truth) -> None:
    everybody = [moves([one.resource for one in mine]) for mine in steps.values()]
    groups = [moves([one.workgroup for one in mine]) for mine in steps.values()]
    assert (travel(everybody), travel(groups)) == (truth.resource, truth.workgroup)


async def test_what_is_not_legal_is_refused_by_its_rule(commanded: Commanded, steps: Steps) -> None:
    replay = commanded.replay
    again = {(case, one) for case, mine in steps.items() for one in closed_again(mine)}
    waits = {(case, one) for case, mine in steps.items() for one in waiting_again(mine)}
    assert replay.not_done == again | waits
    expected: Counter[tuple[str, bool]] = Counter()  # the command, and whether the owner gives it
    for mine in steps.values():
        for a, b in pairwise(mine):
            if a.activity in _OVER:
                name = "again" if a.activity == b.activity == CLOSED else _COMMANDS[b.activity]
                expected[name, a.resource == b.resource] += 1
    refused = replay.refused
    assert refused["Close", "callback_due"] == expected["Close", True]
    assert refused["Close", "not_live"] == expected["again", True]
    assert refused["Close", "not_yours"] == expected["Close", False] + expected["again", False]
    for name in ("Resolve", "Wait"):
        assert refused[name, "not_live"] == expected[name, True]
        assert refused[name, "not_yours"] == expected[name, False]
    assert refused["Wait", "waiting"] == len(waits)
    assert refused["Assign", "yours_already"] == len(replay.not_moved) > 0
    assert {rule for _, rule in refused} == {
        "not_live", "waiting", "callback_due", "not_yours", "yours_already"
    }  # fmt: skip


async def test_the_service_finds_every_command_done(commanded: Commanded) -> None:
    assert len(commanded.answers) == _SENT_AGAIN
    for answer in commanded.answers:
        assert isinstance(answer, Done), answer
        assert answer.replayed


async def test_hand_overs_and_ping_pong(
    commanded: Commanded, cases: list[CaseRow], steps: Steps, truth: Truth
) -> None:
    resources, groups = legal(steps)
    found = travel([(row.handovers, row.returns) for row in cases])
    departments = travel([(row.department_handovers, row.department_returns) for row in cases])
    assert (found, departments) == (resources, groups)
    assert abs(found.handovers - truth.resource.handovers) <= 2, "one step is not legal"
    sums = commanded.served.company
    assert (sums.cases, sums.handovers, sums.returns) == (
        truth.cases, found.handovers, found.pingpong_returns
    )  # fmt: skip
    assert sums.department_handovers == departments.handovers
    assert sums.department_returns == departments.pingpong_returns


@pytest.mark.parametrize("day", DAYS, ids=str)
async def test_what_was_open_on_a_day(commanded: Commanded, truth: Truth, day: date) -> None:
    expected = truth.asof[day]
    at = day_end(day, zone("UTC"))
    rows = commanded.read.rows(at)
    still_open = [row for row in rows if row.status != "closed"]
    assert (len(rows), len(still_open)) == (expected.created, expected.open)
    assert len(rows) - len(still_open) == expected.closed
    states = expected.open_by_state
    at_work = sum(n for name, n in states.items() if name not in (RESOLVE, WAIT))
    assert Counter(row.status for row in still_open) == Counter(
        resolved=states.get(RESOLVE, 0), waiting=states.get(WAIT, 0), open=at_work
    )
    old = [row for row in still_open if row.opened_at < at - timedelta(days=30)]
    assert len(old) == expected.open_older_than_30d


async def test_reopened_worked_on_and_resolved_again(
    commanded: Commanded, cases: list[CaseRow], truth: Truth
) -> None:
    assert len(cases) == truth.cases
    assert not any(row.external for row in cases)
    assert sum(row.status == "closed" for row in cases) == truth.cases_last_event_closed
    reopened = sum(row.reopened > 0 for row in cases)
    assert reopened == truth.cases_with_non_closed_event_after_closed
    assert sum(row.resolves >= 2 for row in cases) == truth.cases_with_2plus_resolves
    worked_on = {
        fact.data.case_id
        for facts in commanded.read.dossiers.values()
        for fact in facts
        if isinstance(fact.data, CaseReopened) and fact.data.reason not in (RESOLVE, CLOSED)
    }
    assert len(worked_on) == truth.cases_reopened_after_resolve


async def test_business_time_to_the_last_resolve(
    commanded: Commanded, cases: list[CaseRow], truth: Truth
) -> None:
    expected = truth.business_time_first_event_to_last_resolve
    minutes = minutes_to_last_resolve(commanded.read, cases)
    check_minutes([*minutes.values()], expected)
    named = {n: round(minutes[case_id(n)], 4) for n in expected.named}
    assert named == {n: float(m) for n, m in expected.named.items()}


async def test_solved_at_first_contact(cases: list[CaseRow], steps: Steps) -> None:
    """One hand, one workgroup, one resolve, and after it nothing but the desk's closing."""
    expected = set()
    for case, mine in steps.items():
        done = [one.activity for one in mine]
        moved = moves(hands(mine))[0] or moves(workgroups(mine))[0]
        solved = RESOLVE in done and set(done[done.index(RESOLVE) + 1 :]) <= {CLOSED}
        if solved and not moved:
            expected.add(case_id(case))
    found = {
        row.case_id
        for row in cases
        if row.resolves == 1
        and not (row.handovers or row.department_handovers or row.reopened)
        and row.resumed == (row.status == "closed")  # the desk goes on with it to close it
        and row.status in ("resolved", "closed")
    }
    assert found == expected


async def test_time_per_department(commanded: Commanded, steps: Steps, truth: Truth) -> None:
    """Each workgroup holds a case until it is solved or another takes it.

    What goes on is counted from its end on.
    """
    holidays = frozenset(truth.business_time_first_event_to_last_resolve.holidays)
    held: Counter[str] = Counter()
    for mine in steps.values():
        owner, group, since, over = mine[0].resource, mine[0].workgroup, mine[0].at, False
        going_on = 0
        for step in mine:
            if step.number in closed_again(mine):
                continue
            if not over:
                going_on += worked_s(since, step.at, holidays)
            elsewhere = step.resource != owner and step.workgroup != group
            if step.activity in _OVER or elsewhere:
                held[f"workgroup-{group}"] += going_on
                going_on = 0
            if step.resource != owner:
                owner, group = step.resource, step.workgroup
            since, over = step.at, step.activity in _OVER
    found = {one.department: one.hours.held_s for one in commanded.served.hours}
    assert found == held


def worked_s(start: datetime, end: datetime, holidays: frozenset[date]) -> int:
    """Return the working seconds between two instants: Monday to Friday, 08:00 to 17:00 UTC."""
    total, day = timedelta(), start.date()
    while day <= end.date():
        if day.weekday() < 5 and day not in holidays:
            opens, closes = (datetime.combine(day, time(hour), UTC) for hour in (8, 17))
            total += max(timedelta(), min(end, closes) - max(start, opens))
        day += timedelta(days=1)
    return total // timedelta(seconds=1)
