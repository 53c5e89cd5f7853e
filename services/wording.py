"""How every command writes instants, counts and foreign words, and answers a misspelt one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo
from functools import lru_cache
from reprlib import Repr
from unicodedata import category

from rapidfuzz.distance import OSA

from events.home import Asked
from events.money import from_minor
from events.texts import worded

_LONGEST = 60  # comparing longer words takes long and helps nobody
_MOST = 40
_BETWEEN = re.compile(r"[\W_]+")
_SHOWN = 60
"""Characters of a foreign word that a message repeats."""

_SHORT = Repr()
_SHORT.maxlist = _SHORT.maxdict = 3
_SHORT.maxlong = _SHORT.maxother = _SHOWN


def moment(at: datetime, tz: tzinfo) -> str:
    """Return an instant to the minute in a zone, with its offset: 2026-03-20 10:00+08:00."""
    return at.astimezone(tz).isoformat(" ", "minutes")


def asked_words(asked: Asked, tz: tzinfo) -> str:
    """Return what was asked about: an instant in a zone, or a day of each customer's own."""
    if isinstance(asked, datetime):
        return moment(asked, tz)
    return f"the end of {asked} where each customer is at home"


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
    """Return the remedy for a misspelt word: the nearest known one, or those there are.

    A known word is near if each part of the misspelt one is a slip of the finger away from a
    part of its own, and nothing but an ending is left out. Words that merely look alike, such
    as reversed and received, are not.
    """
    return _nearest(word[:_LONGEST], tuple(known))


@lru_cache(maxsize=1024)
def _nearest(word: str, known: tuple[str, ...]) -> str:
    ranked = [(_distance(word, one), one) for one in known]
    near = min(((far, one) for far, one in ranked if far is not None), default=None)
    if near is not None:
        return worded("; did you mean %(word)s?", word=quoted(near[1]))
    shown = [cut(name) for name in sorted(known)[:_MOST]]
    if len(known) > _MOST:
        shown.append("...")
    return worded("; known are %(words)s", words=", ".join(shown)) if known else ""


def _distance(word: str, known: str) -> tuple[int, int] | None:
    """Return how far a known word is: slips, then parts that were left out; None: too far."""
    parts, others = _parts(word), _parts(known[:_LONGEST])
    slips = [_slips(part, other) for part, other in zip(parts, others, strict=False)]
    left_out = len(others) - len(parts)
    if parts and left_out >= 0 and None not in slips:
        return sum(filter(None, slips)), left_out
    together = _slips("".join(parts), "".join(others))
    return None if together is None else (together, 0)


def _parts(word: str) -> list[str]:
    """Return the parts of a word between its points, lines and strokes, each once."""
    return list(dict.fromkeys(part for part in _BETWEEN.split(word.lower()) if part))


def _slips(word: str, known: str) -> int | None:
    """Return how many letters were missed, doubled, swapped or mistaken; None: too many."""
    allowed = 0 if len(known) < 3 else 1 if len(known) < 6 else 2
    slips = OSA.distance(word, known, score_cutoff=allowed)
    return slips if slips <= allowed else None


def amount(minor: int, currency: str) -> str:
    """Return an amount as people read it, such as 1,234.50 CNY."""
    return f"{from_minor(minor, currency):,} {currency}"
