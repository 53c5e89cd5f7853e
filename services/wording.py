"""How every command writes instants and counts for people, and what it says to a misspelt word."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from difflib import get_close_matches
from functools import lru_cache

from events.money import from_minor

_LONGEST = 60  # comparing longer words takes long and helps nobody
_MOST = 40


def moment(at: datetime, tz: tzinfo) -> str:
    """Return an instant to the minute in a zone, with its offset: 2026-03-20 10:00+08:00."""
    return at.astimezone(tz).isoformat(" ", "minutes")


def counted(count: int, one: str, several: str | None = None) -> str:
    """Return a count and its noun: 1 event, 2,096 events; `several` where an s does not do."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the remedy for a misspelt word: the nearest known one, or those there are."""
    return _nearest(word[:_LONGEST], tuple(known))


@lru_cache(maxsize=1024)
def _nearest(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    shown = sorted(known)[:_MOST]
    more = ", ..." if len(known) > _MOST else ""
    return f"; known are {', '.join(shown)}{more}" if known else ""


def amount(minor: int, currency: str) -> str:
    """Return an amount as people read it, such as 1,234.50 CNY."""
    return f"{from_minor(minor, currency):,} {currency}"
