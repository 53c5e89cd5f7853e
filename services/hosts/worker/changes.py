"""Gathers which customers' rows changed, to be told a few times a second and not per batch."""

from __future__ import annotations

from events.envelope import CustomerId
from events.notices import ChangeNotice
from projections.protocol import Projection

_MOST = 2_000
"""Customers named in one notice."""


class ChangedCustomers:
    """An audience that remembers until it is asked; what was not told yet may be lost."""

    def __init__(self, generation: int) -> None:
        """Hear of changes in one generation of the log."""
        self._generation = generation
        self._heard: dict[tuple[str, int, int], tuple[int, set[CustomerId]]] = {}

    def changed(
        self, projection: Projection, partition: int, change_no: int, customers: list[CustomerId]
    ) -> None:
        """Take note that rows or alerts of these customers are new."""
        key = (projection.name, projection.version, partition)
        _, before = self._heard.get(key, (0, set()))
        before.update(customers)
        self._heard[key] = (change_no, before)

    def told(self) -> list[ChangeNotice]:
        """Return what was heard since the last call, by projection and partition."""
        heard, self._heard = self._heard, {}
        notices = []
        for (projection, version, partition), (change_no, customers) in heard.items():
            named = sorted(customers)
            notices += [
                ChangeNotice(
                    projection=projection,
                    version=version,
                    generation=self._generation,
                    partition=partition,
                    change_no=change_no,
                    customers=tuple(named[start : start + _MOST]),
                )
                for start in range(0, len(named), _MOST)
            ]
        return notices
