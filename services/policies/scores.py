"""Everybody's scores, from which lines are drawn, in a file: memory holds a few pages of it.

A place among all is found exactly, by counting how many scores lie in narrower and narrower
ranges.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import IO

_READ_SCORES = 1 << 16
_RANGES = 4_096
_SCORE = "q"  # eight bytes with a sign, as the rows' column has them


class Scores:
    """Scores that are kept in a file, by their places in a ranking: the highest is at 0."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._count = 0
        self._lowest = self._highest = 0

    def add(self, scores: Iterable[int]) -> None:
        """Take in more scores, in any order. Raises: OverflowError, beyond eight bytes."""
        more = array(_SCORE, scores)
        if not more:
            return
        ends = (min(more), max(more), *((self._lowest, self._highest) if self._count else ()))
        self._lowest, self._highest = min(ends), max(ends)
        self._count += len(more)
        self._file.seek(0, 2)
        self._file.write(more.tobytes())

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> int:
        """Return the score at a place, 0 being the highest. Raises: IndexError."""
        if not 0 <= place < self._count:
            raise IndexError(place)
        low, high, above = self._lowest, self._highest, 0
        while low < high:
            width = (high - low) // _RANGES + 1
            counts = Counter((score - low) // width for score in self if low <= score <= high)
            found = (high - low) // width
            while above + counts[found] <= place:
                above += counts[found]
                found -= 1
            low, high = low + found * width, min(high, low + (found + 1) * width - 1)
        return low

    def reaching(self, line: int) -> int:
        """Return how many scores are at a line or above it."""
        return sum(score >= line for score in self)

    def __iter__(self) -> Iterator[int]:
        """Yield the scores in the order in which they came."""
        self._file.seek(0)
        read = array(_SCORE)
        while data := self._file.read(_READ_SCORES * read.itemsize):
            read = array(_SCORE, data)
            yield from read
