"""Cost of capital: what open items cost by the day, as straight lines between days.

A day costs the balance at its end (local midnight) times the rate in force then, and counts
once it is over: on the day after and for the rest of the window, as any other day's amount.
So on day T the cost is that of the days T - window + 1 ... T - 1. Between the days on which
the slope changes it grows (or shrinks) by the same amount each midnight; these lines are the
terms that rows store, in millionths of a minor unit, so that nothing is rounded twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from events.touchpoints.policy import CostPolicy
from projections.receivables.rules import Days, Term
from projections.value_tiers.contributions import BalanceChange
from projections.value_tiers.shares import PPM, divided


class Line(NamedTuple):
    """From day `day` on the cost is `micro` + `slope` a day, until the next line begins."""

    day: int
    micro: int
    slope: int

    def micro_on(self, day: int) -> int:
        """Return the exact cost on a day, in millionths of a minor unit."""
        return self.micro + self.slope * (day - self.day)

    def cost_on(self, day: int) -> int:
        """Return the cost on a day, in minor units."""
        return divided(self.micro_on(day), PPM)


FLAT = Line(0, 0, 0)


class DayCost(NamedTuple):
    """From `day` on every day costs that much, in millionths of a minor unit."""

    day: int
    micro: int


def day_costs(
    changes: Sequence[BalanceChange],
    terms: Sequence[Term[CostPolicy]],
    days: Days,
    at: datetime,
) -> list[DayCost]:
    """Return what a day costs, from day to day, as far as known at `at`.

    The balance and rate of the last moment known count for all days that are not over.
    """
    starts = [(term.start, None, term.policy.capital_per_day) for term in terms if term.start <= at]
    moves = [(change.at, change.change, None) for change in changes if change.at <= at]
    found: list[DayCost] = []
    balance = rate = 0
    for instant, change, new_rate in sorted([*starts, *moves], key=lambda move: move[0]):
        if new_rate is not None:
            rate = new_rate
        if change is not None:
            balance += change
        micro = balance * rate
        # The defaults' version begins before the calendar does; nothing is owed then.
        day = days.today(instant) if found or micro else 0
        if found and found[-1].day == day:
            found[-1] = DayCost(day, micro)
        elif micro != (found[-1].micro if found else 0):
            found.append(DayCost(day, micro))
    return found


def lines(costs: Sequence[DayCost], window: int) -> list[Line]:
    """Return the cost over a window as lines, those of days to come included."""
    if window < 2:
        return []
    starts = [cost.day for cost in costs]

    def on(day: int) -> int:
        i = bisect_right(starts, day)
        return costs[i - 1].micro if i else 0

    turns = sorted({day for start in starts for day in (start, start + window - 1)})
    found: list[Line] = []
    for day in turns:
        micro = found[-1].micro_on(day) if found else 0
        slope = on(day) - on(day - window + 1)
        if slope != (found[-1].slope if found else 0):
            found.append(Line(day, micro, slope))
    return found


def line_on(found: Sequence[Line], day: int) -> tuple[Line, Line | None]:
    """Return the line in force on a day, and the one after it."""
    i = bisect_right(found, day, key=lambda line: line.day)
    return found[i - 1] if i else FLAT, found[i] if i < len(found) else None
