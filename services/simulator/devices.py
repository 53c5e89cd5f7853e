"""The branches' devices: they number what they report and tell the time, sometimes wrongly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from events.envelope import BranchId, CustomerId, Envelope, EventId, effective_instant
from events.touchpoints.base import Touchpoint
from services.casework.executing import Order
from services.simulator.branches import BRANCHES, Outage, outages
from services.simulator.plan import Plan

HEADQUARTERS = BranchId("HQ")
"""The office that publishes policies and reference data; it keeps no customers."""

LIVE = "-live"
"""How the sources end whose reports belong to no history."""


class Recording(Struct, frozen=True):
    """A touchpoint as a branch reports it, and when it reaches the platform.

    What casework recorded came of an order, and was published by nobody.
    """

    recorded_at: datetime
    envelope: Envelope
    data: Touchpoint
    personal: Mapping[str, str] | None = None
    order: Order | None = None


class Lateness(Struct, frozen=True):
    """A report kept back for a while: the three clocks that its sender gives."""

    collected_at: datetime
    skew: timedelta


class Devices:
    """Every device of the company, each counting its own reports from 1."""

    def __init__(self, plan: Plan, epoch: int, suffix: str = "") -> None:
        self._plan = plan
        self._epoch = epoch
        self._suffix = suffix
        self._sequence: dict[str, int] = {}

    def report(
        self,
        branch_id: str,
        device: str,
        subject: CustomerId | None,
        at: datetime,
        data: Touchpoint,
        late: Lateness | None = None,
        correlation_id: str | None = None,
    ) -> Envelope:
        """Return the envelope of what happened at `at`, numbered by the branch's device."""
        source = f"/branches/{branch_id}/{device}{self._suffix}"
        sequence = self._sequence[source] = self._sequence.get(source, 0) + 1
        created_at, sent_at, collected_at = at, None, None
        if late is not None:
            collected_at = late.collected_at
            created_at, sent_at = at + late.skew, collected_at + late.skew
        return Envelope(
            id=EventId(self._plan.event_id(source, self._epoch, sequence)),
            source=source,
            type=data.event_type,
            subject=subject,
            branch_id=BranchId(branch_id),
            epoch=self._epoch,
            sequence=sequence,
            created_at=created_at,
            sent_at=sent_at,
            collected_at=collected_at,
            effective_at=effective_instant(created_at, sent_at, collected_at),
            correlation_id=correlation_id,
        )


class Lines:
    """Each branch's line to the platform; asked in the order of time."""

    def __init__(self, plan: Plan) -> None:
        self._coming: dict[str, Iterator[Outage]] = {
            branch.branch_id: outages(plan, branch) for branch in BRANCHES
        }
        self._next = {branch_id: next(coming) for branch_id, coming in self._coming.items()}

    def lateness(self, branch_id: str, at: datetime) -> Lateness | None:
        """Return how a report made at `at` is held up, or None while the line is up."""
        outage = self._next[branch_id]
        while outage.ends <= at:
            outage = self._next[branch_id] = next(self._coming[branch_id])
        return Lateness(outage.ends, outage.skew) if outage.starts <= at else None
