"""The path through the tiers, taken with each fact and not again from the beginning.

A path stands at the instant up to which all is known, not yet judged at it: more facts of that
instant may come. To look further, up to an asked instant, a path of its own goes ahead.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from operator import itemgetter

from events.calendars import INSTANT
from projections.books.days import Days
from projections.value_tiers.books import ValueBooks
from projections.value_tiers.contributions import BalanceChange, Ending, Happening
from projections.value_tiers.meter import Meter
from projections.value_tiers.rules import LadderTerm
from projections.value_tiers.tiers import TierJudge


class TierPath:
    """A customer's path, on which what was corrected by `without` never counted."""

    __slots__ = (
        "_books", "_born", "_days", "_ladder", "at", "meter", "taken", "tiers", "without",
    )  # fmt: skip

    def __init__(self, books: ValueBooks, days: Days, without: datetime) -> None:
        assert books.first is not None
        self._books = books
        self._days = days
        self.without = without
        self.taken = 0
        self._born = self.at = books.first.effective_at
        ladders = books.rules.ladders
        self._ladder = bisect_right(ladders, self.at, key=itemgetter(0)) - 1
        ladder = ladders[self._ladder].ladder
        self.meter = Meter(books, days, ladder.policy, self.at)
        self.tiers = TierJudge(days, self.meter, self.at)
        self.tiers.enter(ladder, self.at)

    def advance(self, until: datetime, most: int | None = None) -> bool:
        """Take in what happened by an instant, and stand there; return whether it does.

        With `most`, it stops once that many happenings were taken in since the beginning.
        """
        happenings = self._books.contributions.happenings
        end = len(happenings) if most is None else min(most, len(happenings))
        if self.meter.model is not None:
            self.meter.model.measure(self.at)  # more may have come in of the instant it stands at
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

    def copy(self) -> TierPath:
        """Return one that goes on by itself from the same instant."""
        return self._with(self.meter.copy())

    def _with(self, meter: Meter) -> TierPath:
        copy = TierPath.__new__(TierPath)
        copy._books, copy._days, copy._born = self._books, self._days, self._born
        copy._ladder, copy.taken = self._ladder, self.taken
        copy.at, copy.without = self.at, self.without
        copy.meter, copy.tiers = meter, self.tiers.ahead(meter)
        return copy

    def look_ahead(self, at: datetime) -> TierPath:
        """Return how it goes on to an instant, and judged there, if nothing happens."""
        self.meter.close(self.at)
        ahead = self._with(self.meter.ahead())
        if at > ahead.at:
            ahead._reach(at)
        ahead.judge()
        ahead.tiers.wait(at + INSTANT)
        return ahead

    def judge(self) -> None:
        """Judge the instant at which it stands: all of it is known."""
        self.meter.close(self.at)
        self.tiers.settle(self.at)

    def _reach(self, at: datetime) -> None:
        """Go on to a later instant, at which all that changes by itself has changed."""
        self.judge()
        while (turn := self._next_at()) <= at:
            self._turn(turn)
            self.at = turn
            if turn == at:
                return
            self.judge()
        self.tiers.wait(at)
        self.at = at

    def _next_ladder(self) -> LadderTerm | None:
        ladders = self._books.rules.ladders
        following = self._ladder + 1
        return ladders[following] if following < len(ladders) else None

    def _next_at(self) -> datetime:
        following = self._next_ladder()
        soonest = self.meter.next_at
        return soonest if following is None else min(soonest, following.start)

    def _turn(self, at: datetime) -> None:
        self.tiers.wait(at)
        self.meter.pass_to(at)
        following = self._next_ladder()
        if following is None or following.start > at:
            return
        self._ladder += 1
        policy = following.ladder.policy
        if (policy.window_days, policy.currency) != (self.meter.window.length, self.meter.currency):
            self.meter = self.tiers.meter = self._measured_anew(following, at)
        self.tiers.enter(following.ladder, at)

    def _measured_anew(self, following: LadderTerm, at: datetime) -> Meter:
        """Return the figures over another window, or in another currency."""
        meter = Meter(self._books, self._days, following.ladder.policy, self._born)
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
