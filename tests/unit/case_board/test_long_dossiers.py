"""A customer with many touchpoints costs in proportion to them, and one more costs the same.

Counted in lines run, not seconds: a comprehension runs its own once for each item.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from events.facts import Fact
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseAssigned,
    CaseClosed,
    CaseHandedOff,
    CaseOpened,
    CaseReopened,
    CaseReplied,
    CaseResolved,
    CaseWaitingEnded,
    CaseWaitingStarted,
    ComplaintFiled,
)
from events.touchpoints.contact import CallbackMade
from projections.facts import Facts
from projections.protocol import Assessment, Differences
from tests.support.cases import CASE_BOARD, SERVICE_DESK
from tests.support.given import CUSTOMER, instant, recorded_events
from tests.support.streams import event

if TYPE_CHECKING:
    from _typeshed import TraceFunction

START = instant("2026-01-05 09:00")
REFERENCE = Reference(recorded_events(SERVICE_DESK))
OPENING = ComplaintFiled(severity="low", agent="ann", department="sales", case_ref="T")


def stream(size: int, again: Callable[[int], Sequence[Touchpoint]]) -> list[Fact]:
    data: list[Touchpoint] = [OPENING]
    while len(data) < size:
        data.extend(again(len(data)))
    return [
        event(d, n, START + timedelta(minutes=n), "/branches/B-1/a") for n, d in enumerate(data)
    ]


def many_cases(n: int) -> Sequence[Touchpoint]:
    ref = f"T{n}"
    return (
        ComplaintFiled(severity="high", agent="ann", department="sales", case_ref=ref),
        CaseReplied(case_id=ref),
        CaseResolved(case_id=ref),
        CaseClosed(case_id=ref),
    )


def one_case_that_waits(n: int) -> Sequence[Touchpoint]:
    return CaseWaitingStarted(case_id="T"), CaseWaitingEnded(case_id="T")


def one_case_with_obligations(n: int) -> Sequence[Touchpoint]:
    data = CaseHandedOff(
        case_id="T", obligation_id=f"o{n}", department="logistics", owes="it", due_minutes=60
    )
    return (data,)


def one_case_in_many_cycles(n: int) -> Sequence[Touchpoint]:
    return (
        *one_case_with_obligations(n),
        CaseResolved(case_id="T"),
        CaseClosed(case_id="T"),
        CaseReopened(case_id="T"),
    )


def counted(asked: Callable[[], Assessment]) -> tuple[int, Assessment]:
    """Return how many lines an assessment ran, and the assessment."""
    count = 0

    def ran(frame: FrameType, event: str, argument: object) -> TraceFunction:
        nonlocal count
        count += 1
        return ran

    before = sys.gettrace()
    sys.settrace(ran)
    try:
        found = asked()
    finally:
        sys.settrace(before)
    return count, found


def lines(size: int, again: Callable[[int], Sequence[Touchpoint]]) -> int:
    events = stream(size, again)
    at = START + timedelta(days=30)
    CASE_BOARD.assess(CUSTOMER, Facts(events), at, REFERENCE)  # what is cached is cached now
    facts = Facts(events)
    return counted(lambda: with_rows(CASE_BOARD.assess(CUSTOMER, facts, at, REFERENCE)))[0]


def with_rows(assessment: Assessment) -> Assessment:
    assert assessment.rows["cases"]
    return assessment


def one_more(
    size: int, again: Callable[[int], Sequence[Touchpoint]], opens: bool = False
) -> tuple[int, Differences]:
    """Return what one more touchpoint costs a dossier that was assessed before it came.

    It is the last of those made again and again, or opens a new case.
    """
    *before, last = stream(size, again)
    if opens:
        before.append(last)
        new = ComplaintFiled(severity="high", agent="ann", department="sales", case_ref="new")
        last = event(new, len(before), START + timedelta(minutes=len(before)), "/branches/B-1/a")
    facts = Facts(before)
    CASE_BOARD.assess(CUSTOMER, facts, before[-1].effective_at, REFERENCE)
    facts.remember(last)
    at = last.effective_at
    count, found = counted(lambda: CASE_BOARD.assess(CUSTOMER, facts, at, REFERENCE))
    assert found.differences is not None
    return count, found.differences


ALL = [many_cases, one_case_that_waits, one_case_with_obligations, one_case_in_many_cycles]
NOTHING_PILES_UP = [many_cases, one_case_that_waits, one_case_in_many_cycles]


@pytest.mark.parametrize("again", ALL)
def test_four_times_the_touchpoints_cost_four_times_as_much(
    again: Callable[[int], Sequence[Touchpoint]],
) -> None:
    assert lines(4_000, again) < 4.5 * lines(1_000, again)


@pytest.mark.parametrize("opens", [False, True])
@pytest.mark.parametrize("again", NOTHING_PILES_UP)
def test_one_more_touchpoint_costs_the_same_however_many_came_before(
    again: Callable[[int], Sequence[Touchpoint]], opens: bool
) -> None:
    one_more(500, again, opens)  # what is cached is cached now
    few, _ = one_more(1_001, again, opens)
    many, differences = one_more(20_001, again, opens)
    assert many < 1.5 * few  # a bisection of the spans of a clock takes some steps more
    assert sum(len(rows) for rows in differences.rows.values()) <= 5


def test_time_alone_looks_at_no_case_that_rests() -> None:
    facts = Facts(stream(20_000, many_cases))
    at = START + timedelta(minutes=20_000)
    CASE_BOARD.assess(CUSTOMER, facts, at, REFERENCE)
    count, found = counted(
        lambda: CASE_BOARD.assess(CUSTOMER, facts, at + timedelta(seconds=1), REFERENCE)
    )
    assert count < 120
    assert found.differences is not None
    assert not any(found.differences.rows.values())


def test_what_began_anew_takes_back_the_rows_it_no_longer_has() -> None:
    """A complaint says that another system keeps the case: work goes on after its resolve."""
    opened = CaseOpened(
        case_id="T", priority="low", owner="ann", department="sales",
        response_minutes=60, solution_minutes=480,
    )  # fmt: skip
    data: list[Touchpoint] = [
        opened,
        CaseResolved(case_id="T"),
        CaseAssigned(case_id="T", agent="bob"),
        CallbackMade(callback_id="C", case_id="T", outcome="satisfied"),
        CaseReopened(case_id="T"),
        OPENING,
    ]
    *before, complaint = [
        event(d, n, START + timedelta(minutes=n), "/branches/B-1/a") for n, d in enumerate(data)
    ]
    facts = Facts(before)
    at = START + timedelta(hours=1)
    first = CASE_BOARD.assess(CUSTOMER, facts, at, REFERENCE)
    assert len(first.rows["cycles"]) == 2
    facts.remember(complaint)
    then = CASE_BOARD.assess(CUSTOMER, facts, at, REFERENCE)
    assert then.differences is not None
    assert then.differences.rows["cycles"]["T", "2"] is None
    assert then.rows == CASE_BOARD.assess(CUSTOMER, Facts(facts), at, REFERENCE).rows
