"""The way through the tiers, taken with each fact and not again from the beginning.

A way stands at the instant up to which all is known, not yet judged at it: more facts of that
instant may come. To look further, up to an asked instant, a way of its own goes ahead.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from operator import itemgetter

from events.calendars import INSTANT
from projections.receivables.rules import Days
from projections.value_tiers.books import ValueBooks
from projections.value_tiers.contributions import BalanceChange, Ending, Happening
from projections.value_tiers.meter import Meter
from projections.value_tiers.rules import Rung
from projections.value_tiers.tiers import Walk


class Way:
    """A customer's way, on which what was corrected by `without` never counted."""

    __slots__ = (
        "_books", "_born", "_days", "_rung", "at", "meter", "taken", "walk", "without",
    )  # fmt: skip

    def __init__(self, books: ValueBooks, days: Days, without: datetime) -> None:
        assert books.first is not None
        self._books = books
        self._days = days
        self.without = without
        self.taken = 0
        self._born = self.at = books.first.envelope.effective_at
        rungs = books.rules.rungs
        self._rung = bisect_right(rungs, self.at, key=itemgetter(0)) - 1
        ladder = rungs[self._rung].ladder
        self.meter = Meter(books, days, ladder.policy, self.at)
        self.walk = Walk(days, self.meter, self.at)
        self.walk.enter(ladder, self.at)

    def go_on(self, until: datetime, most: int | None = None) -> bool:
        """Take in what happened by an instant, and stand there; return whether it does.

        With `most`, it stops once that many happenings were taken in since the beginning.
        """
        happenings = self._books.contributions.happenings
        end = len(happenings) if most is None else min(most, len(happenings))
        if self.meter.model is not None:
            self.meter.model.look(self.at)  # more may have come in of the instant it stands at
        while self.taken < end:
            happening = happenings[self.taken]
            if happening.at > until:
                break
            if happening.at > self.at:
                self._reach(happening.at)
            self._take(self.meter, happening)
            self.taken += 1
        else:
            if end < len(happenings):
                return False
        if until > self.at:
            self._reach(until)
        return True

    def copy(self) -> Way:
        """Return one that goes on by itself from the same instant."""
        return self._with(self.meter.copy())

    def _with(self, meter: Meter) -> Way:
        copy = Way.__new__(Way)
        copy._books, copy._days, copy._born = self._books, self._days, self._born
        copy._rung, copy.taken = self._rung, self.taken
        copy.at, copy.without = self.at, self.without
        copy.meter, copy.walk = meter, self.walk.ahead(meter)
        return copy

    def look(self, at: datetime) -> Way:
        """Return how it goes on to an instant, and judged there, if nothing happens."""
        self.meter.close(self.at)
        ahead = self._with(self.meter.ahead())
        if at > ahead.at:
            ahead._reach(at)
        ahead.judge()
        ahead.walk.wait(at + INSTANT)
        return ahead

    def judge(self) -> None:
        """Judge the instant at which it stands: all of it is known."""
        self.meter.close(self.at)
        self.walk.settle(self.at)

    def _reach(self, at: datetime) -> None:
        """Go on to a later instant, at which all that changes by itself has changed."""
        self.judge()
        while (turn := self._next_at()) <= at:
            self._turn(turn)
            self.at = turn
            if turn == at:
                return
            self.judge()
        self.walk.wait(at)
        self.at = at

    def _next_rung(self) -> Rung | None:
        rungs = self._books.rules.rungs
        return rungs[self._rung + 1] if self._rung + 1 < len(rungs) else None

    def _next_at(self) -> datetime:
        rung = self._next_rung()
        return self.meter.next_at if rung is None else min(self.meter.next_at, rung.start)

    def _turn(self, at: datetime) -> None:
        self.walk.wait(at)
        self.meter.pass_to(at)
        rung = self._next_rung()
        if rung is None or rung.start > at:
            return
        self._rung += 1
        policy = rung.ladder.policy
        if (policy.window_days, policy.currency) != (self.meter.window.length, self.meter.currency):
            self.meter = self.walk.meter = self._measured_anew(rung, at)
        self.walk.enter(rung.ladder, at)

    def _measured_anew(self, rung: Rung, at: datetime) -> Meter:
        """Return the figures over another window, or in another currency."""
        meter = Meter(self._books, self._days, rung.ladder.policy, self._born)
        for happening in self._books.contributions.happenings[: self.taken]:
            meter.pass_to(happening.at)
            self._take(meter, happening)
        meter.pass_to(at)
        return meter

    def _take(self, meter: Meter, happening: Happening) -> None:
        if not isinstance(happening, BalanceChange):
            one = happening.contribution if isinstance(happening, Ending) else happening
            if one.taken_back(self.without):
                return
        meter.take(happening)
