"""The path through the tiers as it was shown, corrections at their own instants.

A correction has the path walked again without what was corrected, from where it stood before that
began to count. The new path counts from the correction on; what was shown before stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from events.calendars import INSTANT
from projections.books.days import BEGINNING, Days
from projections.value_tiers.books import ValueBooks
from projections.value_tiers.contributions import Contribution
from projections.value_tiers.kept import KeptHistory, KeptPath
from projections.value_tiers.tier_path import TierPath, path_again, path_from_beginning
from projections.value_tiers.tiers import Move


class Shown(NamedTuple):
    """The tier that was shown, and since when."""

    tier: str | None
    since: datetime | None


STRIDE = 128
"""How many happenings lie between two marks, at least."""


class Marks:
    """Copies of a path as it stood now and then, the further back the rarer."""

    def __init__(self) -> None:
        self._paths: list[TierPath] = []

    def kept(self) -> list[KeptPath]:
        """Return them as they are kept."""
        return [path.kept() for path in self._paths]

    def fill(self, paths: list[TierPath]) -> None:
        """Let them be those that were kept."""
        self._paths = paths

    def advance(self, path: TierPath, until: datetime) -> None:
        """Let a path go on to an instant, and mark where it stood."""
        while True:
            marked = self._paths[-1].taken if self._paths else 0
            if path.advance(until, marked + STRIDE):
                return
            self._paths.append(path.copy())
            self._thin_out()

    def _thin_out(self) -> None:
        """Keep about as many between one distance and its double as between any other."""
        paths = self._paths
        for i in reversed(range(1, len(paths) - 1)):
            if paths[i + 1].taken - paths[i - 1].taken <= (paths[-1].taken - paths[i].taken) // 2:
                del paths[i]

    def before(self, instant: datetime) -> TierPath | None:
        """Return a copy of the path as it last stood before an instant."""
        found = next((path for path in reversed(self._paths) if path.at < instant), None)
        return found.copy() if found is not None else None

    def forget(self, since: datetime) -> None:
        """Forget where it stood from an instant on."""
        self._paths = [path for path in self._paths if path.at < since]


class History:
    """The present path of a customer, and what was shown before each correction.

    A correction makes the path anew, from where it stood before what was corrected began to
    count; anything else is gone on with.
    """

    def __init__(self, books: ValueBooks, days: Days) -> None:
        self.corrections: list[datetime] = []  # of what bore on the score
        self._books = books
        self._days = days
        self._path: TierPath | None = None
        self._marks = Marks()
        self._told = 0  # how much of what was corrected is known here
        self._before: dict[datetime, Shown] = {}  # by correction
        self._found: tuple[tuple[datetime, Move | None], datetime | None] | None = None

    @property
    def path(self) -> TierPath:
        """Return the present path."""
        if self._path is None:
            self._path = path_from_beginning(self._books, self._days, BEGINNING)
        return self._path

    def kept(self) -> KeptHistory:
        """Return it as it is kept."""
        return KeptHistory(
            corrections=self.corrections,
            path=None if self._path is None else self._path.kept(),
            marks=self._marks.kept(),
            told=self._told,
            before=list(self._before.items()),
            found=self._found,
        )

    def fill(self, kept: KeptHistory) -> None:
        """Let one that did not begin be what was kept."""
        books, days = self._books, self._days
        self.corrections = kept.corrections
        self._path = None if kept.path is None else path_again(kept.path, books, days)
        self._marks.fill([path_again(mark, books, days) for mark in kept.marks])
        self._told = kept.told
        self._before = {at: Shown(*shown) for at, shown in kept.before}
        if kept.found is not None:
            (without, move), since = kept.found
            self._found = ((without, None if move is None else Move(*move)), since)

    def advance(self) -> None:
        """Take in all that the books know by now."""
        corrected = self._books.contributions.corrected
        told, self._told = self._told, len(corrected)
        fresh = [c for c in corrected[told:] if self._bears(c)]
        if fresh:
            self._take_back(fresh)
        self._marks.advance(self.path, self._books.last_at)

    def _take_back(self, fresh: list[Contribution]) -> None:
        instants = list(dict.fromkeys(c.until for c in fresh if c.until is not None))
        if self._path is not None:
            if instants[0] not in self.corrections[-1:]:
                self._before[instants[0]] = self._shown_before(self._path, instants[0])
            began = min(c.at for c in fresh)
            self._path = self._marks.before(began)
            self._marks.forget(began)
        self.corrections.extend(t for t in instants if t not in self.corrections[-1:])
        self.path.without = self.corrections[-1]

    def _bears(self, contribution: Contribution) -> bool:
        return bool(contribution.amount) and contribution.currency in self._books.rules.currencies

    def replayed(self, without: datetime, at: datetime) -> TierPath:
        """Return the path up to an instant on which what was corrected by then never counted."""
        path = path_from_beginning(self._books, self._days, without)
        path.advance(self._books.last_at)
        return path.look_ahead(at)

    def tier_since(self, path: TierPath) -> datetime | None:
        """Return since when the customer has been shown in its tier; `path`: the present one.

        Where all that was corrected had only raised the score, as money does, no path shown lies
        above the one that takes nothing back or below the present one: if these two came into
        the tier together, so did what was shown.
        """
        return self._since(path, lambda: self.replayed(BEGINNING, path.at))

    def _since(self, path: TierPath, uncorrected: Callable[[], TierPath]) -> datetime | None:
        last = path.tiers.moves[-1] if path.tiers.moves else None
        key = (path.without, last)
        if self._found is None or self._found[0] != key:
            corrections = [t for t in self.corrections if t <= path.without]
            if not corrections or last is None or last.at > corrections[-1]:
                since = last.at if last is not None else None
            elif corrections[-1] not in self._before and self._same_move(last, uncorrected):
                since = last.at
            else:
                since = self._since_corrections(path.tiers.moves, corrections)
            self._found = (key, since)
        return self._found[1]

    def _same_move(self, last: Move, uncorrected: Callable[[], TierPath]) -> bool:
        if any(c.amount < 0 for c in self._books.contributions.corrected):
            return False
        moves = uncorrected().tiers.moves
        return bool(moves) and moves[-1][:3] == last[:3]

    def _since_corrections(self, moves: list[Move], corrections: list[datetime]) -> datetime | None:
        """Go back from correction to correction only as far as the tier stayed the same."""
        for correction in reversed(corrections):
            if moves and moves[-1].at > correction:
                break
            tier = moves[-1].tier if moves else None
            known = self._before.get(correction)
            if known is not None:
                return known.since if known.tier == tier else correction
            moves = self._path_before(correction).tiers.moves
            if (moves[-1].tier if moves else None) != tier:
                return correction
        return moves[-1].at if moves else None

    def _path_before(self, correction: datetime) -> TierPath:
        """Return the path that was shown until a correction."""
        corrected = self._books.contributions.corrected
        began = [c.at for c in corrected if c.until is not None and c.until >= correction]
        path = self._marks.before(min(began)) or path_from_beginning(
            self._books, self._days, BEGINNING
        )
        path.without = correction - INSTANT
        _stand_before(path, correction)
        return path

    def _shown_before(self, path: TierPath, correction: datetime) -> Shown:
        """Return what the path showed until a correction; `path` is of no use afterwards."""

        def uncorrected() -> TierPath:
            found = path_from_beginning(self._books, self._days, BEGINNING)
            _stand_before(found, correction)
            return found

        _stand_before(path, correction)
        moves = path.tiers.moves
        return Shown(moves[-1].tier if moves else None, self._since(path, uncorrected))

    def moves_shown(self, at: datetime) -> list[Move]:
        """Return every move up to an instant as it was shown, the oldest first."""
        found: list[Move] = []
        shown: str | None = None
        for since, until in zip([None, *self.corrections], [*self.corrections, None], strict=True):
            without = self.path.without if until is None else until - INSTANT
            moves = self.replayed(without, at).tiers.moves
            if since is not None and _tier_at(moves, since) != shown:
                found.append(Move(since, shown, _tier_at(moves, since), "corrected"))
            found.extend(
                move
                for move in moves
                if (since is None or move.at > since) and (until is None or move.at < until)
            )
            shown = found[-1].tier if found else None
        return found


def _stand_before(path: TierPath, instant: datetime) -> None:
    """Let a path go on until just before an instant, and judge it there."""
    path.advance(instant - INSTANT)
    if path.at < instant:
        path.judge()


def _tier_at(moves: list[Move], at: datetime) -> str | None:
    return next((move.tier for move in reversed(moves) if move.at <= at), None)
