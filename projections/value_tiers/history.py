"""The way through the tiers as it was shown, corrections at their own instants.

After each correction the way is walked again without what was corrected. It counts from the
correction on; what was shown before stays as it was.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from events.calendars import INSTANT
from projections.receivables.rules import BEGINNING, Days
from projections.value_tiers.books import ValueBooks
from projections.value_tiers.contributions import Contribution
from projections.value_tiers.tiers import Move
from projections.value_tiers.way import Way


class Shown(NamedTuple):
    """The tier that was shown, and since when."""

    tier: str | None
    since: datetime | None


class History:
    """The present way of a customer, and what was shown before each correction.

    A correction makes the way anew, from the beginning; anything else is gone on with.
    """

    def __init__(self, books: ValueBooks, days: Days) -> None:
        self.corrections: list[datetime] = []  # of what bore on the score
        self._books = books
        self._days = days
        self._way: Way | None = None
        self._told = 0  # how much of what was corrected is known here
        self._before: dict[datetime, Shown] = {}  # by correction
        self._found: tuple[tuple[datetime, Move | None], datetime | None] | None = None

    @property
    def way(self) -> Way:
        """Return the present way."""
        if self._way is None:
            latest = self.corrections[-1] if self.corrections else BEGINNING
            self._way = Way(self._books, self._days, latest)
        return self._way

    def go_on(self) -> None:
        """Take in all that the books know by now."""
        corrected = self._books.contributions.corrected
        told, self._told = self._told, len(corrected)
        fresh = [c.until for c in corrected[told:] if c.until is not None and self._bears(c)]
        if fresh:
            if self._way is not None and fresh[0] not in self.corrections[-1:]:
                self._before[fresh[0]] = self._shown_before(self._way, fresh[0])
            self.corrections.extend(t for t in dict.fromkeys(fresh) if t not in self.corrections)
            self._way = None
        self.way.go_on(self._books.last_at)

    def _bears(self, contribution: Contribution) -> bool:
        return bool(contribution.amount) and contribution.currency in self._books.rules.currencies

    def walked(self, without: datetime, at: datetime) -> Way:
        """Return the way up to an instant on which what was corrected by then never counted."""
        way = Way(self._books, self._days, without)
        way.go_on(self._books.last_at)
        return way.look(at)

    def tier_since(self, way: Way) -> datetime | None:
        """Return since when the customer has been shown in its tier; `way`: the present one.

        Where all that was corrected had only raised the score, as money does, no way shown lies
        above the one that takes nothing back or below the present one: if these two came into
        the tier together, so did what was shown.
        """
        last = way.walk.moves[-1] if way.walk.moves else None
        key = (way.without, last)
        if self._found is None or self._found[0] != key:
            self._found = (key, self._since(way, short=True))
        return self._found[1]

    def _since(self, way: Way, short: bool) -> datetime | None:
        """Go back from correction to correction only as far as the tier stayed the same."""
        moves = way.walk.moves
        for correction in reversed(self.corrections):
            if correction > way.without:
                continue
            if moves and moves[-1].at > correction:
                break
            known = self._before.get(correction)
            if known is None and short and moves:
                short = False
                if self._came_together(way):
                    break
            tier = moves[-1].tier if moves else None
            if known is not None:
                return known.since if known.tier == tier else correction
            earlier = Way(self._books, self._days, correction - INSTANT)
            _stand_before(earlier, correction)
            moves = earlier.walk.moves
            if (moves[-1].tier if moves else None) != tier:
                return correction
        return moves[-1].at if moves else None

    def _came_together(self, way: Way) -> bool:
        if any(c.amount < 0 for c in self._books.contributions.corrected):
            return False
        lived = self.walked(BEGINNING, way.at).walk.moves
        return bool(lived) and lived[-1][:3] == way.walk.moves[-1][:3]

    def _shown_before(self, way: Way, correction: datetime) -> Shown:
        """Return what the way showed until a correction; `way` is of no use afterwards."""
        _stand_before(way, correction)
        moves = way.walk.moves
        return Shown(moves[-1].tier if moves else None, self._since(way, short=False))

    def moves_shown(self, at: datetime) -> list[Move]:
        """Return every move up to an instant as it was shown, the oldest first."""
        found: list[Move] = []
        shown: str | None = None
        for since, until in zip([None, *self.corrections], [*self.corrections, None], strict=True):
            without = self.way.without if until is None else until - INSTANT
            moves = self.walked(without, at).walk.moves
            if since is not None and _tier_at(moves, since) != shown:
                found.append(Move(since, shown, _tier_at(moves, since), "corrected"))
            found.extend(
                move
                for move in moves
                if (since is None or move.at > since) and (until is None or move.at < until)
            )
            shown = found[-1].tier if found else None
        return found


def _stand_before(way: Way, instant: datetime) -> None:
    """Let a way go on until just before an instant, and judge it there."""
    way.go_on(instant - INSTANT)
    if way.at < instant:
        way.judge()


def _tier_at(moves: list[Move], at: datetime) -> str | None:
    return next((move.tier for move in reversed(moves) if move.at <= at), None)
