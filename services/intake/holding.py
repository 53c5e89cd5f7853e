"""What the platform holds of a source: which numbers are durable, which are missing or refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from events.envelope import BranchId
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql

MOST_NUMBERS = 100_000
"""Events that one answer speaks of at most: a tenth of a second."""

MOST_RANGES = 1_000
"""Gaps, and refused numbers, that one answer names at most: it then says less."""

_LAST = 2**63 - 1


class Range(Struct, frozen=True):
    """Numbers from the first through the last."""

    first: int
    last: int


class Holding(Struct, frozen=True, kw_only=True):
    """The events of one epoch of a source that are durable.

    It holds every number from `first` through `through` but those in `gaps`, and says nothing of
    other numbers. Of `refused` numbers an event came and was not taken.
    """

    source: str
    epoch: int
    newest_epoch: int | None  # of the source; None: nothing of it was ever taken
    first: int
    through: int  # `first` - 1: nothing is held
    gaps: Sequence[Range]
    refused: Sequence[Range]
    ids: bytes  # SHA-256 of the held events' ids, 16 bytes each, in order of their numbers
    taken: int  # the highest number of the epoch in use, perhaps by an event not yet durable


async def holding(
    pool: Pool,
    branch_id: BranchId,
    source: str,
    *,
    epoch: int | None = None,
    first: int = 1,
    last: int = _LAST,
) -> Holding:
    """Return what is held of a branch's source, in its newest epoch or another.

    It never says more than was or will be acknowledged. Raises: Unavailable.
    """
    numbers = await retried(lambda: pool.fetchrow(sql("holding_numbers"), source, epoch))
    assert numbers is not None, "sums have a row"
    meant: int = numbers["epoch"]
    refused = await retried(
        lambda: pool.fetch(
            sql("holding_refused"), branch_id, source, meant, first, last, MOST_RANGES
        )
    )
    while True:
        upto = last
        row = await retried(
            lambda upto=upto: pool.fetchrow(  # type: ignore[misc]
                sql("holding_runs"), source, meant, first, upto, MOST_NUMBERS
            )
        )
        assert row is not None, "sums have a row"
        runs = [Range(*one) for one in zip(row["first"], row["last"], strict=True)]
        if len(runs) <= MOST_RANGES:
            break
        last = runs[MOST_RANGES - 1].last  # too many gaps for one answer: say less
    return Holding(
        source=source,
        epoch=meant,
        newest_epoch=numbers["newest"],
        first=first,
        through=runs[-1].last if runs else first - 1,
        gaps=_between(first, runs),
        refused=_ranges(one["sequence"] for one in refused),
        ids=row["ids"],
        taken=numbers["taken"],
    )


def _between(first: int, runs: Iterable[Range]) -> list[Range]:
    """Return what lies before and between runs."""
    gaps = []
    expected = first
    for run in runs:
        if run.first > expected:
            gaps.append(Range(expected, run.first - 1))
        expected = run.last + 1
    return gaps


def _ranges(numbers: Iterable[int]) -> list[Range]:
    """Return numbers, given in order, as ranges."""
    found: list[Range] = []
    for number in numbers:
        if found and found[-1].last == number - 1:
            found[-1] = Range(found[-1].first, number)
        else:
            found.append(Range(number, number))
    return found
