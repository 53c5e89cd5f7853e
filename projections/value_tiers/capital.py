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
from projections.books.days import Days
from projections.books.rules import Term
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


class Capital:
    """The cost of capital of one currency over a window, standing at an instant.

    The balance and rate of the last moment known count for all days that are not over.
    """

    __slots__ = (
        "_balance", "_before", "_day", "_days", "_expired", "_term", "_terms", "_window",
        "costs", "line", "next_at",
    )  # fmt: skip

    def __init__(
        self, days: Days, window: int, terms: Sequence[Term[CostPolicy]], at: datetime
    ) -> None:
        self._days = days
        self._window = window
        self._terms = terms
        self._term = bisect_right(terms, at, key=lambda term: term.start) - 1
        self._balance = 0
        self.costs: list[DayCost] = []
        self._day = 0
        self._before = self.line = FLAT  # on the eve of the day, and on it
        self._expired = 0  # how many of the costs began before what the day counts
        self.next_at = terms[self._term].end

    def owe(self, at: datetime, change: int) -> None:
        """Let the balance change at an instant, to which it was passed."""
        self._balance += change
        self._cost(at)

    def pass_to(self, at: datetime) -> None:
        """Let the rates change and what a day costs leave the window, up to an instant."""
        while self.next_at <= at:
            if self._terms[self._term].end == self.next_at:
                now = self.next_at
                self._term += 1
                self.costs = list(self.costs)  # it may be shared with one that stands behind
                self._cost(now)
            else:
                self._stand_on(self.costs[self._expired].day + self._window - 1)
            self._look_ahead()

    def _cost(self, at: datetime) -> None:
        micro = self._balance * self._terms[self._term].policy.capital_per_day
        costs = self.costs
        if not costs and not micro:
            return
        day = self._days.today(at)
        if costs and costs[-1].day == day:
            costs[-1] = DayCost(day, micro)
        elif micro != (costs[-1].micro if costs else 0):
            costs.append(DayCost(day, micro))
        else:
            return
        self._stand_on(day)
        self._look_ahead()

    def _stand_on(self, day: int) -> None:
        """Draw the line of a day; what leaves the window has turned it on days of its own."""
        if self._window < 2:
            return
        if day > self._day:
            self._before, self._day = self.line, day
        costs = self.costs
        while self._expired < len(costs) and self._turn(self._expired) <= day:
            self._expired += 1
        gone = costs[self._expired - 1].micro if self._expired else 0
        slope = costs[-1].micro - gone
        if slope == self._before.slope:
            self.line = self._before
        else:
            self.line = Line(day, self._before.micro_on(day), slope)

    def _turn(self, i: int) -> int:
        return self.costs[i].day + self._window - 1

    def _look_ahead(self) -> None:
        self.next_at = self._terms[self._term].end
        if self._expired < len(self.costs) and self._window >= 2:
            turns = self._days.start(self._turn(self._expired))
            self.next_at = min(self.next_at, turns)

    def next_line_on(self) -> int | None:
        """Return the day on which the next line begins, as far as known now."""
        if self._window >= 2:
            for i in range(self._expired, len(self.costs)):
                if self.costs[-1].micro - self.costs[i].micro != self.line.slope:
                    return self._turn(i)
        return None

    def ahead(self) -> Capital:
        """Return one that may pass on while nothing is owed anew in either."""
        copy = Capital.__new__(Capital)
        copy._days, copy._window = self._days, self._window
        copy._terms, copy._term = self._terms, self._term
        copy._balance, copy.costs, copy._day = self._balance, self.costs, self._day
        copy._before, copy.line, copy._expired = self._before, self.line, self._expired
        copy.next_at = self.next_at
        return copy

    def copy(self) -> Capital:
        """Return one that may go on by itself."""
        copy = self.ahead()
        copy.costs = list(self.costs)
        return copy
