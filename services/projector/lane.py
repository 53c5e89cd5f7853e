"""One projection in one owned partition: its checkpoint, its memory, its parked customers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import structlog
from asyncpg.pool import PoolConnectionProxy

from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from projections.protocol import Facts, FactsLeftOut, Projection
from services.projector.memory import Memory, Remembered
from services.projector.recalling import Events
from services.projector.snapshots import LONG_EVENTS, Snapshot, Snapshots
from services.projector.turns import Turns
from services.rows.changes import Changes, Parked
from services.rows.projection_store import Checkpoint, ProjectionStore
from services.rows.written import Written

_LOG = structlog.get_logger(__name__)

Connection = PoolConnectionProxy
Batch = Mapping[CustomerId, Sequence[Fact]]
Broken = Mapping[CustomerId, Parked]
"""Customers whose events cannot be decoded, and why."""


class Lane:
    """Remembers and assesses for one projection; writes nothing by itself."""

    def __init__(
        self,
        projection: Projection,
        partition: int,
        store: ProjectionStore,
        snapshots: Snapshots,
        memory: Memory,
    ) -> None:
        self.projection = projection
        self.partition = partition
        self.store = store
        self.snapshots = snapshots
        self.memory = memory.section(snapshots)
        self.parked: set[CustomerId] = set()
        self.checkpoint = Checkpoint(0, 0)
        self._to_keep: set[CustomerId] = set()

    async def take(self, connection: Connection) -> None:
        """Own the partition for this projection, and go on where its checkpoint stands."""
        self.memory.clear()
        self._to_keep.clear()
        self.checkpoint = await self.store.take(connection, self.partition)
        self.parked = await self.store.parked(connection, self.partition)

    def of_interest(self, batch: Batch) -> Batch:
        """Return the events of a batch that this projection must hear of, by customer.

        They are of any kind: each may be the customer's earliest, whose branch is its home.
        """
        return {c: events for c, events in batch.items() if c not in self.parked}

    async def forgotten(self, customers: Iterable[CustomerId]) -> list[CustomerId]:
        """Return those customers whose dossier and rows must be read again."""
        turns = Turns()
        found = []
        for customer in customers:
            await turns.next()
            if self.memory.get(customer) is None:
                found.append(customer)
        return found

    def facts_of(self, dossiers: Events) -> dict[CustomerId, Facts]:
        """Return what dossiers hold for this projection."""
        handles = self.projection.handles
        return {customer: Facts(dossier, handles) for customer, dossier in dossiers.items()}

    def remember(
        self, facts: Mapping[CustomerId, Facts], written: Mapping[CustomerId, Written]
    ) -> None:
        """Have customers in memory again: their facts up to the checkpoint, what is written.

        Nothing is written of whom this projection has no facts.
        """
        for customer, own in facts.items():
            self.memory.put(customer, Remembered(own, written.get(customer) or Written()))
            if len(own) >= LONG_EVENTS:
                self._to_keep.add(customer)

    async def go_on_from(
        self, since: Mapping[CustomerId, tuple[Snapshot, list[Fact]]], reference: Reference
    ) -> list[CustomerId]:
        """Bring customers back to memory by their snapshots; return whom these did not serve.

        What followed is assessed as of the instant of the written rows, which are equal then.
        """
        refused = []
        rules = self.snapshots.rules.of(reference)
        turns = Turns()
        for customer, (snapshot, later) in since.items():
            await turns.next()
            remembered = snapshot.remembered
            facts, written = remembered.facts, remembered.written
            try:
                news = [event for event in later if facts.remember(event)]
                if news or snapshot.written_at > snapshot.assessed_at:
                    at = snapshot.written_at
                    assessment = self.projection.assess(customer, facts, at, rules)
                    remembered.written = Changes().add(
                        self.projection, customer, written, assessment, at
                    )
            except FactsLeftOut:
                refused.append(customer)
                continue
            except Exception:  # noqa: BLE001 - whatever it is, the events are still there
                _LOG.exception("snapshot_refused", customer=customer)
                refused.append(customer)
                continue
            self.memory.put(customer, remembered)
            if snapshot.has_grown(len(news)):
                self._to_keep.add(customer)
        return refused

    async def assess(
        self,
        batch: Batch,
        broken: Broken,
        at: datetime,
        reference: Reference,
        into: Changes | None = None,
    ) -> Changes:
        """Remember the batch and return what differs, beside what differed before.

        Each customer is assessed once of whom something may be otherwise, or whose time has come;
        but for those of whom facts are asked for that a snapshot left out: they are `incomplete`.
        """
        changes = Changes() if into is None else into
        changes.incomplete = []
        rules = self.snapshots.rules.of(reference)
        turns = Turns()
        for customer, events in batch.items():
            await turns.next()
            if customer in broken:
                continue
            remembered = self.memory.get(customer)
            assert remembered is not None, "recall comes before assess"
            # Whatever a projection raises is a bug of its own: it must stop this customer,
            # with the reason kept for the operator, and no other.
            try:
                news = [event for event in events if remembered.facts.remember(event)]
                if events and not news:
                    self.memory.put(customer, remembered)
                    continue
                assessment = self.projection.assess(customer, remembered.facts, at, rules)
                written = changes.add(self.projection, customer, remembered.written, assessment, at)
            except FactsLeftOut:
                changes.incomplete.append(customer)
                continue
            except Exception as error:  # noqa: BLE001 - see above
                _LOG.exception("customer_parked", customer=customer, partition=self.partition)
                last = events[-1].id if events else None
                changes.parked.append(Parked(customer, f"{type(error).__name__}: {error}", last))
                continue
            remembered.written = written
            self.memory.put(customer, remembered)
        return changes

    def committed(self, upto: int, changes: Changes) -> None:
        """Take note that the changes are durable."""
        self.checkpoint = self.checkpoint._replace(next=upto)
        self.parked.update(parked.customer for parked in changes.parked)
        self.memory.drop(parked.customer for parked in changes.parked)

    async def release(
        self, changes: Changes, at: datetime, reference: Reference, until: float
    ) -> None:
        """Keep snapshots of the long dossiers that were read, then let go of every customer.

        None is begun after `until`, by the monotonic clock; it is kept with the next change then.
        """
        customers = [head.customer for head in changes.heads if head.customer in self._to_keep]
        for customer in customers:
            remembered = self.memory.get(customer)
            if remembered is None or time.monotonic() > until:
                continue
            self._to_keep.discard(customer)
            await self.snapshots.keep(customer, remembered, self.checkpoint.next, at, reference)
        await self.memory.release()
