"""The way through the tiers as it was shown, corrections at their own instants.

A correction has the way walked again without what was corrected, from where it stood before that
began to count. The new way counts from the correction on; what was shown before stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
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


STRIDE = 128
"""How many happenings lie between two marks, at least."""


class Marks:
    """Copies of a way as it stood now and then, the further back the rarer."""

    def __init__(self) -> None:
        self._ways: list[Way] = []

    def advance(self, way: Way, until: datetime) -> None:
        """Let a way go on to an instant, and mark where it stood."""
        while True:
            marked = self._ways[-1].taken if self._ways else 0
            if way.go_on(until, marked + STRIDE):
                return
            self._ways.append(way.copy())
            self._thin_out()

    def _thin_out(self) -> None:
        """Keep about as many between one distance and its double as between any other."""
        ways = self._ways
        for i in reversed(range(1, len(ways) - 1)):
            if ways[i + 1].taken - ways[i - 1].taken <= (ways[-1].taken - ways[i].taken) // 2:
                del ways[i]

    def before(self, instant: datetime) -> Way | None:
        """Return a copy of the way as it last stood before an instant."""
        found = next((way for way in reversed(self._ways) if way.at < instant), None)
        return found.copy() if found is not None else None

    def forget(self, since: datetime) -> None:
        """Forget where it stood from an instant on."""
        self._ways = [way for way in self._ways if way.at < since]


class History:
    """The present way of a customer, and what was shown before each correction.

    A correction makes the way anew, from where it stood before what was corrected began to
    count; anything else is gone on with.
    """

    def __init__(self, books: ValueBooks, days: Days) -> None:
        self.corrections: list[datetime] = []  # of what bore on the score
        self._books = books
        self._days = days
        self._way: Way | None = None
        self._marks = Marks()
        self._told = 0  # how much of what was corrected is known here
        self._before: dict[datetime, Shown] = {}  # by correction
        self._found: tuple[tuple[datetime, Move | None], datetime | None] | None = None

    @property
    def way(self) -> Way:
        """Return the present way."""
        if self._way is None:
            self._way = Way(self._books, self._days, BEGINNING)
        return self._way

    def go_on(self) -> None:
        """Take in all that the books know by now."""
        corrected = self._books.contributions.corrected
        told, self._told = self._told, len(corrected)
        fresh = [c for c in corrected[told:] if self._bears(c)]
        if fresh:
            self._take_back(fresh)
        self._marks.advance(self.way, self._books.last_at)

    def _take_back(self, fresh: list[Contribution]) -> None:
        instants = list(dict.fromkeys(c.until for c in fresh if c.until is not None))
        if self._way is not None:
            if instants[0] not in self.corrections[-1:]:
                self._before[instants[0]] = self._shown_before(self._way, instants[0])
            began = min(c.at for c in fresh)
            self._way = self._marks.before(began)
            self._marks.forget(began)
        self.corrections.extend(t for t in instants if t not in self.corrections[-1:])
        self.way.without = self.corrections[-1]

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
        return self._since(way, lambda: self.walked(BEGINNING, way.at))

    def _since(self, way: Way, lived: Callable[[], Way]) -> datetime | None:
        last = way.walk.moves[-1] if way.walk.moves else None
        key = (way.without, last)
        if self._found is None or self._found[0] != key:
            corrections = [t for t in self.corrections if t <= way.without]
            if not corrections or last is None or last.at > corrections[-1]:
                since = last.at if last is not None else None
            elif corrections[-1] not in self._before and self._came_together(last, lived):
                since = last.at
            else:
                since = self._gone_back(way.walk.moves, corrections)
            self._found = (key, since)
        return self._found[1]

    def _came_together(self, last: Move, lived: Callable[[], Way]) -> bool:
        if any(c.amount < 0 for c in self._books.contributions.corrected):
            return False
        moves = lived().walk.moves
        return bool(moves) and moves[-1][:3] == last[:3]

    def _gone_back(self, moves: list[Move], corrections: list[datetime]) -> datetime | None:
        """Go back from correction to correction only as far as the tier stayed the same."""
        for correction in reversed(corrections):
            if moves and moves[-1].at > correction:
                break
            tier = moves[-1].tier if moves else None
            known = self._before.get(correction)
            if known is not None:
                return known.since if known.tier == tier else correction
            moves = self._way_before(correction).walk.moves
            if (moves[-1].tier if moves else None) != tier:
                return correction
        return moves[-1].at if moves else None

    def _way_before(self, correction: datetime) -> Way:
        """Return the way that was shown until a correction."""
        corrected = self._books.contributions.corrected
        began = [c.at for c in corrected if c.until is not None and c.until >= correction]
        way = self._marks.before(min(began)) or Way(self._books, self._days, BEGINNING)
        way.without = correction - INSTANT
        _stand_before(way, correction)
        return way

    def _shown_before(self, way: Way, correction: datetime) -> Shown:
        """Return what the way showed until a correction; `way` is of no use afterwards."""

        def lived() -> Way:
            found = Way(self._books, self._days, BEGINNING)
            _stand_before(found, correction)
            return found

        _stand_before(way, correction)
        moves = way.walk.moves
        return Shown(moves[-1].tier if moves else None, self._since(way, lived))

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
