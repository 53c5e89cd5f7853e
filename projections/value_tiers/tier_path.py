"""The path through the tiers, taken with each fact and not again from the beginning.

A path stands at the instant up to which all is known, not yet judged at it: more facts of that
instant may come. To look further, up to an asked instant, a path of its own goes ahead.

Most facts leave the score between the keep line of the tier and the next line whatever the days
make of it. Over such a stretch of time nothing is judged and no turn of the cost of capital or
of the provision is looked at; where they stand is worked out when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from operator import itemgetter

from events.calendars import INSTANT
from projections.books.days import Days
from projections.value_tiers.books import ValueBooks
from projections.value_tiers.contributions import BalanceChange, Ending, Happening
from projections.value_tiers.kept import KeptPath
from projections.value_tiers.meter import Meter, meter_again, meter_at
from projections.value_tiers.rules import LadderTerm
from projections.value_tiers.tiers import TierJudge


class TierPath:
    """A customer's path, on which what was corrected by `without` never counted."""

    __slots__ = (
        "_books", "_days", "_ladder", "at", "meter", "taken", "tiers", "without",
    )  # fmt: skip

    def __init__(
        self,
        books: ValueBooks,
        days: Days,
        without: datetime,
        at: datetime,
        ladder: int,
        meter: Meter,
        tiers: TierJudge,
        taken: int,
    ) -> None:
        self._books = books
        self._days = days
        self.without = without
        self.at = at
        self._ladder = ladder
        self.meter = meter
        self.tiers = tiers
        self.taken = taken

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

    def kept(self) -> KeptPath:
        """Return it as it is kept."""
        return KeptPath(
            without=self.without,
            at=self.at,
            ladder=self._ladder,
            meter=self.meter.kept(),
            tiers=self.tiers.kept(),
            taken=self.taken,
        )

    def copy(self) -> TierPath:
        """Return one that goes on by itself from the same instant."""
        return self._with(self.meter.copy())

    def _with(self, meter: Meter) -> TierPath:
        return TierPath(
            self._books,
            self._days,
            self.without,
            self.at,
            self._ladder,
            meter,
            self.tiers.ahead(meter),
            self.taken,
        )

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
        while self.at < at:
            stop = self.meter.window.next_at
            following = self._next_ladder()
            if following is not None and following.start < stop:
                stop = following.start
            if at < stop:
                stop = at
            if self._stays_until(stop):
                self._skip_to(stop)
                continue
            self.judge()  # after it the customer may be at rest
            if self._stays_until(stop):
                self._skip_to(stop)
            else:
                self._go(stop)

    def _skip_to(self, at: datetime) -> None:
        """Stand at an instant until which nothing is to be judged; a ladder may begin there."""
        self.tiers.rest()
        self.meter.skip_to(at)
        self.at = at
        self._change_ladder(at)

    def _stays_until(self, at: datetime) -> bool:
        """Return whether the score stays between the same lines from now on until an instant."""
        meter = self.meter
        if not self.tiers.at_rest or not meter.may_skip_to(at):
            return False
        if not self.tiers.rank:  # None: there are no tiers
            return self.tiers.stays(0, meter.window.steady)
        most = meter.window.steady
        return self.tiers.stays(most - meter.at_most(at), most)

    def _go(self, at: datetime) -> None:
        """Go on from where it was judged to a later instant, judging at every turn on the way."""
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
        self._change_ladder(at)

    def _change_ladder(self, at: datetime) -> None:
        """Let another policy come into force, if one does by an instant."""
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
        born = _born(self._books)
        meter = meter_at(self._books, self._days, following.ladder.policy, born)
        for happening in self._books.contributions.happenings[: self.taken]:
            meter.pass_to(happening.at)
            self._take(meter, happening)
        meter.pass_to(at)
        return meter

    def _take(self, meter: Meter, happening: Happening) -> None:
        if isinstance(happening, Ending):
            if happening.contribution.taken_back(self.without):
                return
        elif not isinstance(happening, BalanceChange) and happening.taken_back(self.without):
            return
        meter.take(happening)


def path_from_beginning(books: ValueBooks, days: Days, without: datetime) -> TierPath:
    """Return the path as it stands at the customer's first fact, nothing taken in."""
    at = _born(books)
    ladders = books.rules.ladders
    number = bisect_right(ladders, at, key=itemgetter(0)) - 1
    ladder = ladders[number].ladder
    meter = meter_at(books, days, ladder.policy, at)
    tiers = TierJudge(days, meter, at)
    tiers.enter(ladder, at)
    return TierPath(books, days, without, at, number, meter, tiers, 0)


def _born(books: ValueBooks) -> datetime:
    assert books.first is not None
    return books.first.effective_at


def path_again(kept: KeptPath, books: ValueBooks, days: Days) -> TierPath:
    """Return a path as it was kept."""
    meter = meter_again(kept.meter, books, days)
    tiers = TierJudge(days, meter, kept.tiers.now)
    tiers.fill(kept.tiers, books.rules.ladders[kept.ladder].ladder)
    return TierPath(books, days, kept.without, kept.at, kept.ladder, meter, tiers, kept.taken)
