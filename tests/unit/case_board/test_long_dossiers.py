"""A customer with many touchpoints costs in proportion to them, counted in calls, not seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from events.envelope import RecordedEvent
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseClosed,
    CaseHandedOff,
    CaseReopened,
    CaseReplied,
    CaseResolved,
    CaseWaitingEnded,
    CaseWaitingStarted,
    ComplaintFiled,
)
from projections.protocol import Facts
from tests.support.cases import CASE_BOARD, SERVICE_DESK
from tests.support.given import CUSTOMER, instant, recorded_events
from tests.support.streams import event

START = instant("2026-01-05 09:00")
REFERENCE = Reference(recorded_events(SERVICE_DESK))
OPENING = ComplaintFiled(severity="low", agent="ann", department="sales", case_ref="T")


def stream(size: int, again: Callable[[int], Sequence[Touchpoint]]) -> list[RecordedEvent]:
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


def calls(size: int, again: Callable[[int], Sequence[Touchpoint]]) -> int:
    facts = Facts(stream(size, again))
    at = START + timedelta(days=30)
    CASE_BOARD.assess(CUSTOMER, facts, at, REFERENCE)  # what is cached is cached now
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        CASE_BOARD.assess(CUSTOMER, facts, at, REFERENCE)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "again",
    [many_cases, one_case_that_waits, one_case_with_obligations, one_case_in_many_cycles],
)
def test_four_times_the_touchpoints_cost_four_times_as_much(
    again: Callable[[int], Sequence[Touchpoint]],
) -> None:
    assert calls(4_000, again) < 4.5 * calls(1_000, again)
