"""A clock against the slow way to reckon: minute by minute, did it run and was there work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from events.business_time import BusinessTime
from projections.case_board.clocks import CaseClock
from tests.support.given import SHANGHAI, instant

START = instant("2026-03-05 08:00")
MINUTE = timedelta(minutes=1)
TIME = BusinessTime((), SHANGHAI)

_offsets = st.lists(st.integers(0, 4 * 24 * 4), max_size=9).map(
    lambda quarters: sorted(15 * quarter for quarter in quarters)
)
_budgets = st.integers(0, 30).map(lambda quarters: 15 * quarters)


def told(switches: Sequence[int], budget: int) -> CaseClock:
    """A clock that is stopped and started at those minutes in turn."""
    clock = CaseClock(TIME, START, budget * MINUTE)
    for n, offset in enumerate(switches):
        (clock.go_on if n % 2 else clock.stop)(START + offset * MINUTE)
    return clock


def slowly(switches: Sequence[int], amount: int) -> datetime | None:
    """When that many minutes are spent, looking at every minute of a month."""
    spent = 0
    for minute in range(30 * 24 * 60):
        runs = sum(offset <= minute for offset in switches) % 2 == 0
        if runs and spent >= amount:
            return START + minute * MINUTE
        at = START + minute * MINUTE
        local = at.astimezone(SHANGHAI)
        works = local.isoweekday() < 6 and (9 <= local.hour < 12 or 13 <= local.hour < 18)
        if runs and works:
            spent += 1
            last = START + (minute + 1) * MINUTE
            runs_on = sum(offset <= minute + 1 for offset in switches) % 2 == 0
            if spent == amount and runs_on:
                return last
    return None


@given(_offsets, _budgets, st.sampled_from([50, 100, 200]))
def test_a_share_is_reached_when_the_minutes_are_counted_up(
    switches: Sequence[int], budget: int, percent: int
) -> None:
    amount = budget * percent
    if amount % 100:
        return
    assert told(switches, budget).reached(percent) == slowly(switches, amount // 100)


@given(_offsets, _budgets, st.integers(0, 4 * 24 * 4))
def test_a_fixed_deadline_does_not_move(switches: Sequence[int], budget: int, due: int) -> None:
    fixed = START + 15 * due * MINUTE
    clock = CaseClock(TIME, START, budget * MINUTE, fixed)
    for n, offset in enumerate(switches):
        (clock.go_on if n % 2 else clock.pause)(START + offset * MINUTE)
    assert clock.reached() == fixed
    half, double = clock.reached(50), clock.reached(200)
    assert half is not None
    assert double is not None
    assert half <= fixed <= double
