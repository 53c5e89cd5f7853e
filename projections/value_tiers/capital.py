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
from typing import Final, NamedTuple

from events.touchpoints.policy import CostPolicy
from projections.books.days import Days
from projections.books.terms import Term
from projections.keeping import kept_number
from projections.value_tiers.kept import KeptCapital, KeptMicro
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


FLAT: Final = Line(0, 0, 0)
_LEAST_WINDOW: Final = 2  # days; in a shorter one no day is over


class DayCost(NamedTuple):
    """From `day` on every day costs that much, in millionths of a minor unit."""

    day: int
    micro: int
    spent: int  # by all days before it


class Capital:
    """The cost of capital of one currency over a window, standing at an instant.

    The balance and rate of the last moment known count for all days that are not over. Costs are
    summed up as they come; the line of the day is drawn when all of an instant is known and
    somebody looks at it. `sound` says that no day ever cost less than nothing.
    """

    __slots__ = (
        "_balance", "_days", "_expired", "_known", "_known_day", "_stale", "_term", "_terms",
        "_window", "costs", "line", "next_at", "sound",
    )  # fmt: skip

    def __init__(
        self, days: Days, window: int, terms: Sequence[Term[CostPolicy]], term: int
    ) -> None:
        self._days = days
        self._window = window
        self._terms = terms
        self._term = term
        self._balance = 0
        self._expired = 0  # how many of the costs began before what the day counts
        self._stale = False  # whether the line must be drawn anew
        self._known_day = 0  # before it the line was `_known`, whatever is owed since
        self._known = FLAT
        self.costs: list[DayCost] = []
        self.line = FLAT
        self.next_at = terms[term].end
        self.sound = True

    @property
    def term_ends(self) -> datetime:
        """Return when other rates come into force."""
        return self._terms[self._term].end

    def owe(self, day: int, change: int) -> None:
        """Let the balance change on the day of an instant, to which it was passed."""
        self._balance += change
        self._cost(day)

    def pass_to(self, at: datetime) -> None:
        """Let the rates change and what a day costs leave the window, up to an instant."""
        while self._terms[self._term].end <= at:
            changes = self._days.today(self._terms[self._term].end)
            self._term += 1
            self.costs = list(self.costs)  # it may be shared with one that stands behind
            self._cost(changes)
            self._stale = True
        if self.next_at <= at:
            self._stale = True

    def skip(self) -> None:
        """Let the line wait: what turned it up to now was not looked at."""
        self._stale = True

    def close(self, at: datetime) -> None:
        """Draw the line of an instant's day, once all of it is known."""
        if not self._stale:
            return
        self._stale = False
        self.next_at = self._terms[self._term].end
        if not self.costs or self._window < _LEAST_WINDOW:
            return
        day = self._days.today(at)
        costs = self.costs
        while self._expired < len(costs) and self._turn(self._expired) <= day:
            self._expired += 1
        self.line = self._line()
        if self.line.day < day:
            self._known_day, self._known = day, self.line
        if self._expired < len(costs):
            self.next_at = min(self.next_at, self._days.start(self._turn(self._expired)))

    def _cost(self, day: int) -> None:
        micro = self._balance * self._terms[self._term].policy.capital_per_day
        costs = self.costs
        if not costs:
            if not micro:
                return
            costs.append(DayCost(day, micro, 0))
        else:
            last = costs[-1]
            if last.day == day:
                costs[-1] = DayCost(day, micro, last.spent)
            elif micro != last.micro:
                costs.append(DayCost(day, micro, last.spent + last.micro * (day - last.day)))
            else:
                return
        if micro < 0:
            self.sound = False
        self._stale = True

    def _line(self) -> Line:
        """Return the line of the day, which began when its slope was last another.

        Going back, the slope changes where a day began to cost something else, and where that
        left the window.
        """
        costs = self.costs
        came, gone = len(costs) - 1, self._expired - 1
        slope = costs[came].micro - (costs[gone].micro if gone >= 0 else 0)
        while came >= 0:
            start = costs[came].day
            turn = self._turn(gone) if gone >= 0 else 0
            begins = max(start, turn)
            micro = costs[came].spent + costs[came].micro * (begins - start)
            if gone >= 0:
                micro -= costs[gone].spent + costs[gone].micro * (begins - turn)
            if begins < self._known_day:
                return self._known
            if turn == begins:
                gone -= 1
            if start == begins:
                came -= 1
            before = costs[came].micro if came >= 0 else 0
            before -= costs[gone].micro if gone >= 0 else 0
            if before != slope:
                return Line(begins, micro, slope)
        return FLAT

    def _turn(self, i: int) -> int:
        return self.costs[i].day + self._window - 1

    def at_most(self, day: int) -> int:
        """Return what the cost is never above through a day, in minor units, if it is sound."""
        costs = self.costs
        if not costs:
            return 0
        last = costs[-1]
        micro = last.spent + last.micro * (day - last.day)
        if self._expired:
            micro -= costs[self._expired - 1].spent
        return micro // PPM + 1

    def next_line_on(self) -> int | None:
        """Return the day on which the next line begins, as far as known now."""
        if self._window >= _LEAST_WINDOW:
            for i in range(self._expired, len(self.costs)):
                if self.costs[-1].micro - self.costs[i].micro != self.line.slope:
                    return self._turn(i)
        return None

    def ahead(self) -> Capital:
        """Return one that may pass on while nothing is owed anew in either."""
        copy = Capital(self._days, self._window, self._terms, self._term)
        copy._balance, copy.costs, copy.sound = self._balance, self.costs, self.sound
        copy._expired, copy._stale = self._expired, self._stale
        copy._known_day, copy._known = self._known_day, self._known
        copy.line, copy.next_at = self.line, self.next_at
        return copy

    def kept(self) -> KeptCapital:
        """Return it as it is kept."""
        return KeptCapital(
            term=self._term,
            balance=self._balance,
            expired=self._expired,
            stale=self._stale,
            costs=[_kept(*cost) for cost in self.costs],
            line=_kept(*self.line),
            known_day=self._known_day,
            known=_kept(*self._known),
            next_at=self.next_at,
            sound=self.sound,
        )

    def fill(self, kept: KeptCapital) -> None:
        """Let one of the same term be what was kept."""
        self._balance = kept.balance
        self._expired, self._stale = kept.expired, kept.stale
        self.costs = [DayCost(day, int(micro), int(spent)) for day, micro, spent in kept.costs]
        self.line = _line_again(kept.line)
        self._known_day, self._known = kept.known_day, _line_again(kept.known)
        self.next_at, self.sound = kept.next_at, kept.sound

    def copy(self) -> Capital:
        """Return one that may go on by itself."""
        copy = self.ahead()
        copy.costs = list(self.costs)
        return copy


def term_at(terms: Sequence[Term[CostPolicy]], at: datetime) -> int:
    """Return which term an instant is in."""
    return bisect_right(terms, at, key=_start) - 1


def _start(term: Term[CostPolicy]) -> datetime:
    return term.start


def _kept(day: int, micro: int, other: int) -> KeptMicro:
    return day, kept_number(micro), kept_number(other)


def _line_again(kept: KeptMicro) -> Line:
    day, micro, slope = kept
    line = Line(day, int(micro), int(slope))
    return FLAT if line == FLAT else line
