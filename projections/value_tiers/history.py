"""The way through the tiers as it was shown, corrections at their own instants.

After each correction the way is walked again without what was corrected. It counts from the
correction on; what was shown before stays as it was.
"""

from __future__ import annotations

from datetime import datetime

from events.calendars import INSTANT
from projections.receivables.rules import BEGINNING
from projections.value_tiers.reading import Reading
from projections.value_tiers.tiers import Move, Walk


def tier_at(walk: Walk, at: datetime) -> str | None:
    """Return the tier that a way was in at an instant."""
    return next((move.tier for move in reversed(walk.moves) if move.at <= at), None)


def tier_since(reading: Reading, walk: Walk) -> datetime | None:
    """Return since when the customer has been shown in its tier; `walk` is the present way.

    Goes back from correction to correction only as far as the tier stayed the same. Where all
    that was corrected had only raised the score, as money does, no way shown lies above the
    one that takes nothing back or below the present one: if these two came into the tier
    together, so did what was shown.
    """
    corrected = [c for c in reading.contributions if c.corrected]
    if corrected and walk.moves and all(c.amount >= 0 for c in corrected):
        lived = reading.walk(BEGINNING)
        if lived.moves and lived.moves[-1][:3] == walk.moves[-1][:3]:
            return walk.moves[-1].at
    for correction in reversed(reading.corrections()):
        if walk.moves and walk.moves[-1].at > correction:
            break
        earlier = reading.walk(correction - INSTANT)
        if tier_at(earlier, correction - INSTANT) != tier_at(walk, correction):
            return correction
        earlier.moves = [move for move in earlier.moves if move.at < correction]
        walk = earlier
    return walk.moves[-1].at if walk.moves else None


def moves_shown(reading: Reading) -> list[Move]:
    """Return every move as it was shown, the oldest first."""
    corrections = reading.corrections()
    found: list[Move] = []
    shown: str | None = None
    for k in range(len(corrections) + 1):
        since = corrections[k - 1] if k else None
        until = corrections[k] if k < len(corrections) else None
        walk = reading.walk(reading.at if until is None else until - INSTANT)
        if since is not None and tier_at(walk, since) != shown:
            found.append(Move(since, shown, tier_at(walk, since), "corrected"))
        found.extend(
            move
            for move in walk.moves
            if (since is None or move.at > since) and (until is None or move.at < until)
        )
        shown = found[-1].tier if found else None
    return found
