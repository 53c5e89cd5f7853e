"""The form in which the memo of receivables is kept; never compiled (see books.kept)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from projections.books.kept import KeptBooks
from projections.keeping import Kept
from projections.receivables.promises import Verdict


class KeptPromiseState(Kept):
    """How a promise of the books was judged."""

    items: tuple[int, ...]
    judged_at: datetime
    verdict: Verdict
    received: int


class KeptTally(Kept):
    """How many items in a currency are settled, and how many days late in sum."""

    currency: str
    settled: int
    days_late: int


class KeptReading(Kept):
    """What receivables made of the books."""

    at: datetime
    branch_id: str | None  # of the frame
    zone: str
    states: Sequence[KeptPromiseState]
    unsettled: list[int]
    settled: dict[tuple[str, Verdict], int]
    tallies: Sequence[KeptTally]


class KeptMemo(Kept):
    """A memo of receivables."""

    books: KeptBooks
    reading: KeptReading
