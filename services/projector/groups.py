"""Assesses groups of customers whom merges connect, of whatever partitions.

A group's rows are written by whoever takes in something of any of its customers, or judges one of
them by the time: in the transaction that moves the writer's own checkpoint, once the group is
locked. Everything is read after the lock: of each customer the facts before its own partition's
checkpoint, and what is written. So at every commit the rows are what the facts say that were
taken in by then, partition by partition, as they are for a customer alone, and nothing of a
group is ever remembered from one batch to the next. Projections that have taken in as much share
what is read of a group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from events.envelope import CustomerId, FactKey
from events.facts import Fact
from events.partitioning import partition_of
from events.policy import Reference
from services.errors import Unavailable
from services.postgres.pool import Connection
from services.postgres.statements import sql
from services.projector.group_facts import Group, GroupRead, GroupReading
from services.projector.lane import Lane
from services.projector.pieces import Piece
from services.rows.changes import Changes, Parked
from services.rows.projection_store import ProjectionStore, written_of
from services.rows.uses import UseSets
from services.rows.written import Written

_LOG = structlog.get_logger(__name__)

_AGAIN = timedelta(seconds=1)


class RulesBehind(Unavailable):
    """Another worker assessed a group under rules that this one has not read yet."""

    def __init__(self) -> None:
        super().__init__("rules were published that this process has not read yet")


class Beside(NamedTuple):
    """What differs of groups' customers in one partition, under one projection."""

    store: ProjectionStore
    partition: int
    changes: Changes
    at: datetime


class Head(NamedTuple):
    """How far a partition of the log goes, held still."""

    next_n: int
    pending: int

    def is_quiet(self, taken_in: int) -> bool:
        """Return whether everything was taken in."""
        return self.next_n <= taken_in and self.pending == 0


class Locked(NamedTuple):
    """Groups that nobody else writes until the transaction ends, and their partitions' heads."""

    groups: Sequence[Group] = ()
    heads: Mapping[int, Head] = {}


class _Turn(NamedTuple):
    """The pieces of one projection, and what it has taken in with them, by partition.

    `lane` is any of its lanes: they differ by their partitions alone.
    """

    lane: Lane
    pieces: Sequence[Piece]
    taken_in: Mapping[int, int]
    reference: Reference

    def asking(self, group: Group) -> Sequence[Piece]:
        """Return the pieces that have to do with a group."""
        return [piece for piece in self.pieces if not piece.groups.isdisjoint(group)]


class GroupWork:
    """Assesses groups inside the transactions of whoever has to do with them."""

    def __init__(self, generation: int, uses: UseSets) -> None:
        self._generation = generation
        self._uses = uses

    async def lock(self, connection: Connection, pieces: Sequence[Piece]) -> Locked:
        """Lock the groups of customers, then the log's heads of their partitions.

        Before anything that whoever holds these may wait for, such as the checkpoints. Of what
        is due the own heads are held too, all in one order.
        """
        customers = {customer for piece in pieces for customer in piece.groups}
        if not customers:
            return Locked()
        groups: dict[str, list[CustomerId]] = {}
        for row in await connection.fetch(sql("lock_groups"), list(customers)):
            groups.setdefault(row["group_id"], []).append(CustomerId(row["customer_id"]))
        partitions = {piece.partition for piece in pieces if piece.due}
        for group in groups.values():
            lying = {partition_of(customer) for customer in group}
            partitions |= lying if len(lying) > 1 else set()
        rows = []
        if partitions:
            rows = await connection.fetch(sql("hold_heads"), self._generation, sorted(partitions))
        heads = {row["partition"]: Head(row["next_n"], row["pending"]) for row in rows}
        return Locked([*groups.values()], heads)

    async def assess(
        self, connection: Connection, locked: Locked, pieces: Sequence[Piece], reference: Reference
    ) -> Sequence[Beside]:
        """Return what differs of locked groups. Raises: RulesBehind, Unavailable."""
        lanes = {lane.store.id: lane for piece in pieces if piece.groups for lane in piece.lanes}
        found: list[Beside] = []
        reading = GroupReading(connection, self._generation)
        for store_id, lane in lanes.items():
            mine = [p for p in pieces if any(one.store.id == store_id for one in p.lanes)]
            taken_in = await lane.store.taken_in(connection)
            # Also where no group lies: its checkpoint moves all the same.
            taken_in |= {piece.partition: piece.upto for piece in mine}
            turn = _Turn(lane, [piece for piece in mine if piece.groups], taken_in, reference)
            found += await self._of_one(connection, locked, turn, reading)
        await self._uses.keep(head.uses for one in found for head in one.changes.heads)
        return found

    async def _of_one(
        self, connection: Connection, locked: Locked, turn: _Turn, reading: GroupReading
    ) -> Sequence[Beside]:
        """Return what differs of the groups that one projection has to do with."""
        store = turn.lane.store
        groups = [group for group in locked.groups if turn.asking(group)]
        everybody = [customer for group in groups for customer in group]
        assessed = await store.assessed(connection, everybody)
        if any(count > turn.reference.count for _, count in assessed.values()):
            raise RulesBehind
        [written] = await written_of(connection, [(store, everybody)])
        found: dict[int, Beside] = {}
        reads = await reading.of(groups, turn.taken_in)
        for group, read in zip(groups, reads, strict=True):
            since = {customer: assessed[customer][0] for customer in group if customer in assessed}
            at = await self._instant(connection, locked, turn, group, since)
            if read.broken is not None:
                changes = _parked(group, read.broken.reason, read.broken.event_id)
            else:
                changes = _differing(turn, group, at, since, read, written)
            asked = turn.asking(group)
            if all(piece.due for piece in asked):
                _look_again_later(changes.values(), asked[0].at)
            for partition, one in changes.items():
                beside = found.setdefault(partition, Beside(store, partition, Changes(), at))
                beside.changes.take_in(one)
        return [one._replace(at=max(piece.at for piece in turn.pieces)) for one in found.values()]

    async def _instant(
        self,
        connection: Connection,
        locked: Locked,
        turn: _Turn,
        group: Group,
        since: Mapping[CustomerId, datetime],
    ) -> datetime:
        """Return as of when a group may be assessed: nobody whose payment waits unread is dunned.

        That is not past the first unread event of any of its partitions, nor before an instant
        as of which one of its customers was assessed already.
        """
        latest = max(turn.asking(group), key=lambda piece: piece.at)
        at = latest.at
        for partition in {partition_of(customer) for customer in group}:
            upto = turn.taken_in.get(partition, 0)
            if partition == latest.partition or locked.heads[partition].is_quiet(upto):
                continue
            place = (self._generation, partition, upto)
            unread = await connection.fetchval(sql("recorded_beside"), *place, *turn.lane.store.id)
            at = at if unread is None else min(at, unread)
        return max([at, *since.values()])


def _differing(
    turn: _Turn,
    group: Group,
    at: datetime,
    since: Mapping[CustomerId, datetime],
    read: GroupRead,
    written: Mapping[CustomerId, Written],
) -> dict[int, Changes]:
    """Return what differs of a group, by partition.

    As for a customer alone: what a projection raises stops this group and no other.
    """
    projection, rules = turn.lane.projection, turn.lane.rules.of(turn.reference)
    news = frozenset().union(*(piece.news for piece in turn.pieces))
    merged, changes = read.merged, dict[int, Changes]()
    try:
        for customer in group:
            if customer in since or merged.concerns(projection, customer, at):
                cause = merged.cause(at, since.get(customer), news)
                assessment = merged.assessed(projection, customer, at, rules, cause)
                mine = changes.setdefault(partition_of(customer), Changes())
                mine.add(projection, customer, written[customer], assessment, at)
    except Exception as error:  # noqa: BLE001 - see above
        _LOG.exception("customers_parked", customers=len(group))
        last = max(
            (fact for one in group for fact in read.dossiers[one]), key=_fact_key, default=None
        )
        reason = f"{type(error).__name__}: {error}"
        return _parked(group, reason, None if last is None else last.id)
    return changes


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
