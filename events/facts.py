"""A fact: what rules read of an accepted event about a customer, and no more.

Everything else that the log holds of it (`RecordedEvent`) is for whoever shows or checks events.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from events.envelope import BranchId, EventId, FactKey, RecordedEvent
from events.touchpoints.base import Touchpoint


class Fact(Struct, frozen=True, gc=False):
    """One thing that happened with a customer, and when it counts. The order of fields is kept."""

    id: EventId
    effective_at: datetime
    branch_id: BranchId
    source: str
    epoch: int
    sequence: int
    data: Touchpoint

    @property
    def fact_key(self) -> FactKey:
        """Return the order in which facts count; it never depends on delivery.

        Of one source and instant, facts without a sequence number stand first, by their ids.
        """
        return (self.effective_at, self.source, self.epoch, self.sequence, self.id)


def fact_of(event: RecordedEvent) -> Fact:
    """Return what rules read of a recorded event."""
    e = event.envelope
    return Fact(e.id, e.effective_at, e.branch_id, e.source, e.epoch, e.sequence, event.data)
