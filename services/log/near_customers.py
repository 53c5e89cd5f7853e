"""Which customers somebody may have meant whose id no event names.

The log may hold a million customers, so that no id is compared with all of them: what one slip
of the finger would have made of it is looked up by index.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence

from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy
from rapidfuzz.distance import OSA

from events.texts import either, worded
from services.postgres.pool import Pool
from services.postgres.statements import sql

_MOST = 3
_LONGEST = 24
_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase + "-_"
_DIGITS = re.compile(r"\d+")
_ZEROS = 8


async def near_customers(database: Pool | PoolConnectionProxy[Record], typed: str) -> Sequence[str]:
    """Return up to three ids of customers that are like what was typed, the likest first."""
    wanted = typed.strip()
    if not 0 < len(wanted) <= _LONGEST:
        return ()
    meant = set(_meant(wanted)) - {typed}
    found = [row[0] for row in await database.fetch(sql("near_customers"), sorted(meant))]
    plain = wanted.casefold()
    same = [one for one in found if one.casefold() == plain]
    by_likeness = sorted(found, key=lambda one: (OSA.distance(plain, one.casefold()), one))
    return (same or by_likeness)[:_MOST]


def _meant(typed: str) -> Iterator[str]:
    """Yield the ids from which one slip, or one habit of writing numbers, makes what was typed."""
    for word in {typed, typed.upper(), typed.lower()}:
        yield word
        yield from _one_slip_away(word)
        for run in _DIGITS.finditer(word):
            before, number, behind = word[: run.start()], run[0].lstrip("0"), word[run.end() :]
            for zeros in range(_ZEROS + 1):
                yield f"{before}{'0' * zeros}{number}{behind}"


def _one_slip_away(word: str) -> Iterator[str]:
    for i in range(len(word) + 1):
        before, behind = word[:i], word[i:]
        if behind:
            yield before + behind[1:]
        if len(behind) > 1:
            yield before + behind[1] + behind[0] + behind[2:]
        for letter in _LETTERS:
            yield before + letter + behind
            if behind:
                yield before + letter + behind[1:]


def did_you_mean(near: Sequence[str]) -> str:
    """Return what is said of the ids that are near, if any: did you mean 'C-1' or 'C-2'?"""
    if not near:
        return ""
    return worded("did you mean %(ids)s?", ids=either([repr(one) for one in near]))
