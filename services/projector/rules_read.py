"""The rules as one projection reads them: the same until a kind comes that it reads."""

from __future__ import annotations

from collections.abc import Collection

from events.policy import Reference
from events.touchpoints.policy import ReferenceTouchpoint


class RulesRead:
    """Follows the reference stream for a projection.

    What was worked out under rules belongs to them; a record that the projection does not read
    leaves it standing.
    """

    def __init__(self, kinds: Collection[type[ReferenceTouchpoint]]) -> None:
        self._kinds = kinds
        self._latest = self._same = Reference()

    def of(self, reference: Reference) -> Reference:
        """Return the first state of the stream since which nothing came that is read."""
        if reference is not self._latest:
            if not reference.adds_nothing(self._same, self._kinds):
                self._same = reference
            self._latest = reference
        return self._same

    @property
    def latest(self) -> Reference:
        """Return the state that was asked for last."""
        return self._same

    def count(self, reference: Reference) -> int:
        """Return where the latest event stands that is read."""
        return reference.count_of(self._kinds)
