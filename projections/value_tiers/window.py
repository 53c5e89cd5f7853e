"""What counts over a window of local days: running sums, with what leaves the window by day."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime
from typing import NamedTuple

from projections.books.days import ENDING, Days
from projections.value_tiers.contributions import CHARGES, SERVICE, Contribution
from projections.value_tiers.kept import KeptDay, KeptWindow


class Expiry(NamedTuple):
    """On a local day an amount stops counting; None: nothing ever does."""

    day: int | None
    amount: int  # by how much the sum changes then


class _Day:
    """What is dated with one local day; costs below zero."""

    __slots__ = ("charges", "ends", "freight", "items", "margin", "service")

    def __init__(self, ends: datetime) -> None:
        self.ends = ends
        self.margin = self.charges = self.freight = self.service = self.items = 0

    @property
    def steady(self) -> int:
        """Return the sum of the four."""
        return self.margin + self.charges + self.freight + self.service

    def copy(self) -> _Day:
        """Return one that may change by itself."""
        copy = _Day(self.ends)
        copy.margin, copy.charges = self.margin, self.charges
        copy.freight, copy.service = self.freight, self.service
        copy.items = self.items
        return copy


class Window:
    """The sums of what counts at the instant at which it stands; costs below zero."""

    __slots__ = (
        "_by_day", "_days", "_passed", "_starts", "charges", "freight", "length", "margin",
        "next_at", "service", "steady",
    )  # fmt: skip

    def __init__(self, days: Days, length: int) -> None:
        self.length = length
        self.margin = self.charges = self.freight = self.service = 0
        self.steady = 0  # the sum of the four
        self.next_at = ENDING
        self._days = days
        self._starts: list[int] = []  # the days on which something is dated, sorted
        self._by_day: dict[int, _Day] = {}
        self._passed = 0  # how many of them no longer count

    def count(self, contribution: Contribution, sign: int, at: datetime) -> None:
        """Let something count from an instant on (1), or no longer (-1)."""
        if self._passed:
            for day in self._starts[: self._passed]:
                del self._by_day[day]
            del self._starts[: self._passed]
            self._passed = 0
        day = self._days.of(contribution.on)
        dated = self._by_day.get(day)
        if dated is None:
            ends = self._days.start(day + self.length)
            if ends <= at:
                return
            dated = self._open(day, ends)
        amount = sign * contribution.amount
        dated.items += sign
        self.steady += amount
        if contribution.component == "margin":
            dated.margin += amount
            self.margin += amount
        elif contribution.component in SERVICE:
            dated.service += amount
            self.service += amount
        elif contribution.component in CHARGES:
            dated.charges += amount
            self.charges += amount
        else:
            dated.freight += amount
            self.freight += amount

    def _open(self, day: int, ends: datetime) -> _Day:
        starts = self._starts
        if not starts or day > starts[-1]:
            starts.append(day)
        else:
            starts.insert(bisect_left(starts, day), day)
        if starts[0] == day:
            self.next_at = ends
        dated = self._by_day[day] = _Day(ends)
        return dated

    def pass_to(self, at: datetime) -> None:
        """Let go of what stops counting by an instant."""
        while self.next_at <= at:
            dated = self._by_day[self._starts[self._passed]]
            self.margin -= dated.margin
            self.charges -= dated.charges
            self.freight -= dated.freight
            self.service -= dated.service
            self.steady -= dated.steady
            self._passed += 1
            if self._passed < len(self._starts):
                self.next_at = self._by_day[self._starts[self._passed]].ends
            else:
                self.next_at = ENDING

    def expiry(self) -> Expiry:
        """Return what stops counting next."""
        for i in range(self._passed, len(self._starts)):
            dated = self._by_day[self._starts[i]]
            if dated.items:
                return Expiry(self._starts[i] + self.length, -dated.steady)
        return Expiry(None, 0)

    def kept(self) -> KeptWindow:
        """Return it as it is kept."""
        days = [
            KeptDay(day, one.margin, one.charges, one.freight, one.service, one.items)
            for day, one in self._by_day.items()
        ]
        return KeptWindow(self.length, days, self._passed, self.next_at)

    def fill(self, kept: KeptWindow) -> None:
        """Let an empty one be what was kept."""
        for one in kept.days:
            dated = self._by_day[one.day] = _Day(self._days.start(one.day + self.length))
            dated.margin, dated.charges = one.margin, one.charges
            dated.freight, dated.service = one.freight, one.service
            dated.items = one.items
        self._starts = sorted(self._by_day)
        self._passed = kept.passed
        self.next_at = kept.next_at
        for day in self._starts[kept.passed :]:
            dated = self._by_day[day]
            self.margin += dated.margin
            self.charges += dated.charges
            self.freight += dated.freight
            self.service += dated.service
            self.steady += dated.steady

    def ahead(self) -> Window:
        """Return one that may pass on while nothing is counted any more in either."""
        copy = Window(self._days, self.length)
        copy.margin, copy.charges = self.margin, self.charges
        copy.freight, copy.service = self.freight, self.service
        copy.steady, copy.next_at = self.steady, self.next_at
        copy._starts, copy._by_day, copy._passed = self._starts, self._by_day, self._passed
        return copy

    def copy(self) -> Window:
        """Return one that may go on by itself."""
        copy = self.ahead()
        copy._starts, copy._passed = self._starts[self._passed :], 0
        copy._by_day = {day: self._by_day[day].copy() for day in copy._starts}
        return copy
