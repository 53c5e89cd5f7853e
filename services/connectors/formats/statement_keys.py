"""Keys of statement lines: the bank's reference where it calls no other line so; else a digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from hashlib import sha256

from msgspec import Struct

_DIGITS = 16


class Keyed(Struct, frozen=True, kw_only=True):
    """What tells a line from others: the bank's reference, or all that the line says."""

    reference: str | None
    day: date
    mark: str  # C, D, RC or RD
    minor: int
    said: tuple[str, ...]  # type, references and texts, as written


def keys_of(lines: Sequence[Keyed]) -> Sequence[tuple[str, ...]]:
    """Return a key for each line of a document, in order.

    The bank's reference is one only where it stands once. Of lines that are equal in everything,
    the number among the equal ones of the day tells them apart.
    """
    references = Counter(line.reference for line in lines)
    equal: Counter[tuple[str, ...]] = Counter()
    keys: list[tuple[str, ...]] = []
    for line in lines:
        if line.reference is not None and references[line.reference] == 1:
            keys.append((line.reference,))
            continue
        digest = sha256("\x1f".join(line.said).encode()).hexdigest()[:_DIGITS]
        key = (line.day.isoformat(), line.mark, str(line.minor), digest)
        equal[key] += 1
        keys.append((*key, str(equal[key])))
    return keys
