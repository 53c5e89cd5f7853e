"""Assesses groups of customers whom merges connect, of whatever partitions.

A group's rows are written by whoever takes in something of any of its customers, or judges one of
them by the time: in the transaction that moves the writer's own checkpoint, once the group is
locked. Everything is read after the lock: of each customer the facts before its own partition's
checkpoint, and what is written. So at every commit the rows are what the facts say that were
taken in by then, partition by partition, as they are for a customer alone, and nothing of a
group is ever remembered from one batch to the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from events.envelope import CustomerId, EventId, FactKey, PositionVector
from events.errors import EventError
from events.facts import Fact
from events.partitioning import partition_of
from events.policy import Reference
from projections.merged import Merged
from services.errors import Unavailable
from services.log.dossiers import dossier_arguments
from services.log.readable import fact
from services.log.stored import stored_event
from services.postgres.pool import Connection
from services.postgres.statements import sql
from services.projector.lane import Lane
from services.rows.changes import Changes, Parked
from services.rows.uses import UseSets

_LOG = structlog.get_logger(__name__)

_AGAIN = timedelta(seconds=1)

Group = Sequence[CustomerId]
Beside = Mapping[int, Changes]
"""What differs of groups' customers, by the partition of each."""

_Dossiers = Mapping[CustomerId, Sequence[Fact]]


class RulesBehind(Unavailable):
    """Another worker assessed a group under rules that this one has not read yet."""

    def __init__(self) -> None:
        super().__init__("rules were published that this process has not read yet")


class Judged(NamedTuple):
    """A lane's turn: what it has taken in, and as of when its groups are to be assessed."""

    upto: int
    at: datetime
    reference: Reference
    news: frozenset[EventId] = frozenset()  # events that are taken in
    due: bool = False  # nothing happened: the time has come, or the rules are others


class Head(NamedTuple):
    """How far a partition of the log goes, held still."""

    next_n: int
    pending: int

    def is_quiet(self, taken_in: int) -> bool:
        """Return whether everything was taken in."""
        return self.next_n <= taken_in and self.pending == 0


class Locked(NamedTuple):
    """Groups that nobody else writes until the transaction ends, and their partitions' heads."""

    groups: Sequence[Group]
    heads: Mapping[int, Head]

    @property
    def customers(self) -> list[CustomerId]:
        """Return everybody in any of them."""
        return [customer for group in self.groups for customer in group]


class GroupWork:
    """Assesses groups for the owner of a partition, inside its transactions."""

    def __init__(self, partition: int, generation: int, uses: UseSets) -> None:
        self._partition = partition
        self._generation = generation
        self._uses = uses

    async def lock(
        self, connection: Connection, customers: Collection[CustomerId], *, own_head: bool = False
    ) -> Locked:
        """Lock the groups of some customers, then the log's heads of their other partitions.

        Before anything that whoever holds these may wait for, such as the checkpoints.
        """
        groups: dict[str, list[CustomerId]] = {}
        for row in await connection.fetch(sql("lock_groups"), list(customers)):
            groups.setdefault(row["group_id"], []).append(CustomerId(row["customer_id"]))
        partitions = {partition_of(one) for group in groups.values() for one in group}
        if not own_head:
            partitions.discard(self._partition)
        rows = []
        if partitions:
            rows = await connection.fetch(sql("hold_heads"), self._generation, sorted(partitions))
        heads = {row["partition"]: Head(row["next_n"], row["pending"]) for row in rows}
        return Locked([*groups.values()], heads)

    async def assess(
        self, connection: Connection, lane: Lane, locked: Locked, judged: Judged
    ) -> Beside:
        """Return what differs of locked groups under one projection. Raises: RulesBehind."""
        taken_in = await lane.store.taken_in(connection)
        taken_in[self._partition] = judged.upto
        everybody = locked.customers
        assessed = await lane.store.assessed(connection, everybody)
        if any(count > judged.reference.count for _, count in assessed.values()):
            raise RulesBehind
        written = await lane.store.written(connection, everybody)
        dossiers, broken = await self._dossiers(connection, everybody, taken_in)
        rules = lane.snapshots.rules.of(judged.reference)
        found: dict[int, Changes] = {}
        for group in locked.groups:
            unreadable = [broken[customer] for customer in group if customer in broken]
            if unreadable:
                _add(_parked(group, unreadable[0].reason, unreadable[0].event_id), found)
                continue
            since = {customer: assessed[customer][0] for customer in group if customer in assessed}
            at = await self._instant(connection, lane, locked, group, taken_in, judged, since)
            merged = Merged({customer: dossiers[customer] for customer in group})
            changes: dict[int, Changes] = {}
            # As for a customer alone: what a projection raises stops this group and no other.
            try:
                for customer in group:
                    if customer not in since and not merged.concerns(lane.projection, customer, at):
                        continue
                    cause = merged.cause(at, since.get(customer), judged.news)
                    changes.setdefault(partition_of(customer), Changes()).add(
                        lane.projection,
                        customer,
                        written[customer],
                        merged.assessed(lane.projection, customer, at, rules, cause),
                        at,
                    )
            except Exception as error:  # noqa: BLE001 - see above
                _LOG.exception("customers_parked", customers=group, partition=self._partition)
                last = max((f for c in group for f in dossiers[c]), key=_fact_key, default=None)
                reason = f"{type(error).__name__}: {error}"
                changes = _parked(group, reason, None if last is None else last.id)
            if judged.due:
                _look_again_later(changes.values(), judged.at)
            _add(changes, found)
        await self._uses.keep(head.uses for one in found.values() for head in one.heads)
        return found

    async def _instant(
        self,
        connection: Connection,
        lane: Lane,
        locked: Locked,
        group: Group,
        taken_in: Mapping[int, int],
        judged: Judged,
        since: Mapping[CustomerId, datetime],
    ) -> datetime:
        """Return as of when a group may be assessed: nobody whose payment waits unread is dunned.

        That is not past the first unread event of any of its partitions, nor before an instant
        as of which one of its customers was assessed already.
        """
        at = judged.at
        for partition in {partition_of(customer) for customer in group} - {self._partition}:
            upto = taken_in.get(partition, 0)
            if not locked.heads[partition].is_quiet(upto):
                place = (self._generation, partition, upto)
                beside = await connection.fetchval(sql("recorded_beside"), *place, *lane.store.id)
                at = at if beside is None else min(at, beside)
        return max([at, *since.values()])

    async def _dossiers(
        self, connection: Connection, customers: Group, taken_in: Mapping[int, int]
    ) -> tuple[_Dossiers, Mapping[CustomerId, Parked]]:
        """Return customers' facts that were taken in, and those who have an unreadable event.

        Read on the transaction's own connection, which alone sees what it mirrored.
        """
        counts = PositionVector.start(self._generation).counts
        before = PositionVector(
            self._generation, tuple(taken_in.get(p, 0) for p in range(len(counts)))
        )
        facts: dict[CustomerId, list[Fact]] = {customer: [] for customer in customers}
        broken: dict[CustomerId, Parked] = {}
        for row in await connection.fetch(sql("dossiers"), *dossier_arguments(customers, before)):
            customer, stored = CustomerId(row["customer_id"]), stored_event(row)
            try:
                facts[customer].append(fact(stored))
            except EventError as error:
                broken[customer] = Parked(customer, str(error), stored.envelope.id)
        return facts, broken


def _fact_key(fact: Fact) -> FactKey:
    return fact.fact_key


def _parked(group: Group, reason: str, event_id: str | None) -> dict[int, Changes]:
    changes: dict[int, Changes] = {}
    for customer in group:
        parked = Parked(customer, reason, event_id)
        changes.setdefault(partition_of(customer), Changes()).parked.append(parked)
    return changes


def _look_again_later(changes: Iterable[Changes], at: datetime) -> None:
    """Have nobody come due at once again who could not be judged as of `at` yet."""
    for one in changes:
        for head in one.heads:
            if head.next_change_at is not None and head.next_change_at <= at:
                head.next_change_at = at + _AGAIN


def _add(changes: Mapping[int, Changes], to: dict[int, Changes]) -> None:
    for partition, some in changes.items():
        to.setdefault(partition, Changes()).take_in(some)
