"""How every command writes instants, counts and foreign words, and answers a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from difflib import get_close_matches
from functools import lru_cache
from reprlib import Repr
from unicodedata import category

from events.money import from_minor

_LONGEST = 60  # comparing longer words takes long and helps nobody
_MOST = 40
_SHOWN = 60
"""Characters of a foreign word that a message repeats."""

_SHORT = Repr()
_SHORT.maxlist = _SHORT.maxdict = 3
_SHORT.maxlong = _SHORT.maxother = _SHOWN


def moment(at: datetime, tz: tzinfo) -> str:
    """Return an instant to the minute in a zone, with its offset: 2026-03-20 10:00+08:00."""
    return at.astimezone(tz).isoformat(" ", "minutes")


def counted(count: int, one: str, several: str | None = None) -> str:
    """Return a count and its noun: 1 event, 2,096 events; `several` where an s does not do."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def printable(text: str, keep: str = "") -> str:
    """Return the text with every character escaped that a terminal obeys or that hides others.

    Those are controls, marks of direction and of no width, line ends; `keep` names some to leave.
    """
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign in keep or category(sign) == "Zs" else _escaped(sign)
        for sign in text
    )


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


def cut(text: str, most: int = _SHOWN) -> str:
    """Return a foreign name as a message may hold it: escaped, and no longer than some words."""
    if len(text) <= most:
        return printable(text)
    return f"{printable(text[:most])}... ({len(text):,} characters)"


def quoted(value: object) -> str:
    """Return a foreign value as a message may hold it: in quotes, escaped and cut."""
    if not isinstance(value, str):
        return _SHORT.repr(value)
    if len(value) <= _SHOWN:
        return repr(value)
    return f"{value[:_SHOWN]!r}... ({len(value):,} characters)"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the remedy for a misspelt word: the nearest known one, or those there are."""
    return _nearest(word[:_LONGEST], tuple(known))


@lru_cache(maxsize=1024)
def _nearest(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, n=1)
    if close:
        return f"; did you mean {quoted(close[0])}?"
    shown = [cut(name) for name in sorted(known)[:_MOST]]
    more = ", ..." if len(known) > _MOST else ""
    return f"; known are {', '.join(shown)}{more}" if known else ""


def amount(minor: int, currency: str) -> str:
    """Return an amount as people read it, such as 1,234.50 CNY."""
    return f"{from_minor(minor, currency):,} {currency}"
