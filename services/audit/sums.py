"""Sums of live rows, by projection and by the key of a total; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from projections.protocol import Projection, Row, Total

TotalKey = tuple[str, str, str, int]
SumOf = tuple[str, str, str, str, int, int, int]
"""A projection, the key of a total, its items and their amount."""


class Sums:
    """Sums by projection and key."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, TotalKey], list[int]] = {}

    def add_rows(self, projection: Projection, rows: Iterable[Row]) -> None:
        """Add the shares of rows of a projection."""
        shares: Callable[[Row], Iterable[Total]] = projection.totals
        name = projection.name
        for row in rows:
            for measure, currency, branch, day, items, amount in shares(row):
                self._add(name, (measure, currency, branch, day), items, amount)

    def add(self, sums: Sequence[SumOf]) -> None:
        """Add sums of other rows."""
        for name, measure, currency, branch, day, items, amount in sums:
            self._add(name, (measure, currency, branch, day), items, amount)

    def _add(self, name: str, key: TotalKey, items: int, amount: int) -> None:
        found = self._sums.get((name, key))
        if found is None:
            self._sums[name, key] = [items, amount]
        else:
            found[0] += items
            found[1] += amount

    def told(self) -> list[SumOf]:
        """Return them all."""
        return [
            (name, measure, currency, branch, day, items, amount)
            for (name, (measure, currency, branch, day)), (items, amount) in self._sums.items()
        ]

    def of(self, projection: Projection) -> dict[TotalKey, tuple[int, int]]:
        """Return those of a projection that are not nothing."""
        return {
            key: (items, amount)
            for (name, key), (items, amount) in self._sums.items()
            if name == projection.name and (items or amount)
        }
