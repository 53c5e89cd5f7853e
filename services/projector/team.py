"""Lanes that remember customers together: their facts are held once, and walked once for all.

Most teams are one lane. Projections that share a stage and stand at one place are a team; whom
one of them alone has parked, or could not assess, each of them remembers for itself.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from projections.facts import FactsLeftOut
from services.projector.lane import Batch, Broken, Lane, Listeners
from services.projector.memory import Memory, Remembered
from services.projector.recalling import Events
from services.projector.snapshots import LONG_EVENTS, Snapshot, Snapshots
from services.projector.turns import Turns
from services.rows.changes import Changes, Parked
from services.rows.written import Written

_LOG = structlog.get_logger(__name__)

Work = Mapping[Lane, Changes]
"""What differs for each lane that takes a batch in."""


class Asked(NamedTuple):
    """A customer of whom something may be otherwise, or whose time has come."""

    customer: CustomerId
    remembered: Remembered
    places: Sequence[int]  # of the lanes that assess it
    last: str | None  # the last event that was told of it
    at: datetime


class Undone(NamedTuple):
    """Who could not be assessed: how many facts there are, and who is still to do it."""

    incomplete: dict[CustomerId, int]  # facts were asked for that are not held any more
    apart: dict[CustomerId, tuple[int, Sequence[Lane]]]  # something was raised of what lanes share


class Team:
    """Remembers and assesses for some lanes that stand at one place; writes nothing by itself."""

    def __init__(self, told: Listeners, snapshots: Snapshots, memory: Memory) -> None:
        self.lanes = told.lanes
        self.snapshots = snapshots
        self.memory = memory.section(snapshots)
        self._told = told
        self._asked_by: list[Reference] = []  # the rules of each lane, as they were last
        self._stirred_by = [lane.projection.handles for lane in told.lanes]
        self._to_keep: set[CustomerId] = set()

    @property
    def partition(self) -> int:
        """Return the partition."""
        return self.lanes[0].partition

    @property
    def next(self) -> int:
        """Return the first event that they have not taken in."""
        return self.lanes[0].checkpoint.next

    def clear(self) -> None:
        """Forget everybody."""
        self.memory.clear()
        self._to_keep.clear()

    async def forgotten(self, customers: Iterable[CustomerId]) -> list[CustomerId]:
        """Return those customers whose dossier and rows must be read again."""
        turns = Turns()
        found = []
        for customer in customers:
            await turns.next()
            if self.memory.get(customer) is None:
                found.append(customer)
        return found

    def unwritten(self, dossiers: Events) -> dict[CustomerId, Remembered]:
        """Return what dossiers hold for these lanes; what of it is written is still to be told."""
        found = {}
        for customer, dossier in dossiers.items():
            facts = self._told.facts(dossier)
            kinds = {type(fact.data) for fact in dossier}
            written = [
                None if kinds.isdisjoint(lane.projection.handles) else Written()
                for lane in self.lanes
            ]
            found[customer] = Remembered(facts, written)
        return found

    def remember(self, recalled: Mapping[CustomerId, Remembered]) -> None:
        """Have customers in memory again: their facts up to the checkpoint, what is written."""
        for customer, remembered in recalled.items():
            self.memory.put(customer, remembered)
            if len(remembered.facts) >= LONG_EVENTS:
                self._to_keep.add(customer)

    async def go_on_from(
        self, since: Mapping[CustomerId, tuple[Snapshot, list[Fact]]], reference: Reference
    ) -> list[CustomerId]:
        """Bring customers back to memory by their snapshots; return whom these did not serve.

        What followed is assessed as of the instant of the written rows, which are equal then.
        """
        refused = []
        rules = self._rules(reference)
        turns = Turns()
        for customer, (snapshot, later) in since.items():
            await turns.next()
            try:
                news = self._go_on(customer, snapshot, later, rules)
            except FactsLeftOut:
                refused.append(customer)
                continue
            except Exception:  # noqa: BLE001 - whatever it is, the events are still there
                _LOG.exception("snapshot_refused")
                refused.append(customer)
                continue
            self.memory.put(customer, snapshot.remembered)
            if snapshot.has_grown(news):
                self._to_keep.add(customer)
        return refused

    def _go_on(
        self,
        customer: CustomerId,
        snapshot: Snapshot,
        later: Sequence[Fact],
        rules: Sequence[Reference],
    ) -> int:
        """Let a snapshot be as its rows are written; return how many facts were new."""
        remembered, instants = snapshot.remembered, snapshot.written_at
        before = [written is not None for written in remembered.written]
        news, concerned = self._remember(remembered, later)
        late = [
            n
            for n, known in enumerate(before)
            if n in concerned or (known and instants[n] > snapshot.assessed_at)
        ]
        for n in sorted(late, key=lambda n: instants[n]):
            projection, at = self.lanes[n].projection, instants[n]
            assessment = projection.assess(customer, remembered.facts, at, rules[n])
            written = remembered.written[n] or Written()
            remembered.written[n] = Changes().add(projection, customer, written, assessment, at)
        return news

    async def assess(
        self,
        batch: Batch,
        broken: Broken,
        at: datetime,
        reference: Reference,
        into: Work,
    ) -> Undone:
        """Remember the batch, add what differs for each lane, and return who is still to be done.

        Each customer is assessed once of whom something may be otherwise, or whose time has come,
        by the lanes for which something differs.
        """
        undone = Undone({}, {})
        rules = self._rules(reference)
        turns = Turns()
        for customer, events in batch.items():
            await turns.next()
            asked = [n for n, lane in enumerate(self.lanes) if lane in into]
            if customer in broken:
                self.memory.drop((customer,))
                for n in asked:
                    into[self.lanes[n]].parked.append(broken[customer])
                continue
            remembered = self.memory.get(customer)
            if remembered is None:
                assert len(self.lanes) > 1, "recall comes before assess"
                undone.apart[customer] = (
                    0,
                    [self.lanes[n] for n in asked],
                )  # since this piece of work
                continue
            places: Sequence[int] = asked
            if events:
                _, concerned = self._remember(remembered, events)
                places = [n for n in asked if n in concerned]
            last = events[-1].id if events else None
            self._assess(Asked(customer, remembered, places, last, at), rules, into, undone)
        return undone

    def _assess(self, asked: Asked, rules: Sequence[Reference], into: Work, undone: Undone) -> None:
        customer, remembered = asked.customer, asked.remembered
        for place, n in enumerate(asked.places):
            lane = self.lanes[n]
            projection = lane.projection
            # Whatever a projection raises is a bug of its own: it must stop this customer,
            # with the reason kept for the operator, and no other.
            try:
                assessment = projection.assess(customer, remembered.facts, asked.at, rules[n])
                written = remembered.written[n] or Written()
                found = into[lane].add(projection, customer, written, assessment, asked.at)
            except Exception as error:  # noqa: BLE001 - see above
                count = len(remembered.facts)
                self.memory.drop((customer,))
                if isinstance(error, FactsLeftOut) and not place:
                    undone.incomplete[customer] = count
                elif len(self.lanes) > 1:  # whose fault it is shows where each is by itself
                    left = [self.lanes[k] for k in asked.places[place:]]
                    undone.apart[customer] = count, left
                else:
                    _LOG.exception("customer_parked", partition=lane.partition)
                    reason = f"{type(error).__name__}: {error}"
                    into[lane].parked.append(Parked(customer, reason, asked.last))
                return
            remembered.written[n] = found
        self.memory.put(customer, remembered)

    def _rules(self, reference: Reference) -> list[Reference]:
        """Return the rules as each lane reads them; what is shared is walked by the first's."""
        rules = [lane.rules.of(reference) for lane in self.lanes]
        if list(map(id, rules)) != list(map(id, self._asked_by)):
            self._asked_by = rules
            for n, lane in enumerate(self.lanes):
                stage, handles = lane.projection.stage, lane.projection.handles
                self._stirred_by[n] = handles - stage.idle_under(rules[n]) if stage else handles
        if self._told.sharing is not None:
            self._told.sharing.rules = rules[0]
        return rules

    def _remember(
        self, remembered: Remembered, events: Sequence[Fact]
    ) -> tuple[int, Sequence[int]]:
        """Take events in; return how many were new, and for which lanes something may differ.

        They are of any kind: each may be the customer's earliest, whose branch is its home.
        """
        news, moved = remembered.facts.remember_all(events)
        kinds = {type(fact.data) for fact in news}
        concerned = []
        for n, lane in enumerate(self.lanes):
            written = remembered.written[n]
            if written is None:
                if kinds.isdisjoint(lane.projection.handles):
                    continue
                remembered.written[n] = Written()
            elif not moved and kinds.isdisjoint(self._stirred_by[n]):
                continue  # it would find everything as it was
            concerned.append(n)
        return len(news), concerned

    def drop(self, customers: Iterable[CustomerId]) -> None:
        """Forget some customers."""
        self.memory.drop(customers)

    def drop_any(self, customers: Collection[CustomerId]) -> None:
        """Forget those of some customers who are remembered; mostly none is."""
        if len(self.memory):
            self.memory.drop([one for one in customers if one in self.memory])

    async def release(self, work: Work, at: datetime, reference: Reference, until: float) -> None:
        """Keep snapshots of the long dossiers that were read, then let go of every customer.

        None is begun after `until`, by the monotonic clock; it is kept with the next change then.
        """
        for customer in self._changed(work) if self._to_keep else ():
            remembered = self.memory.get(customer) if customer in self._to_keep else None
            if remembered is None or time.monotonic() > until:
                continue
            self._to_keep.discard(customer)
            await self.snapshots.keep(customer, remembered, self.next, at, reference)
        await self.memory.release()

    def _changed(self, work: Work) -> Iterator[CustomerId]:
        for lane in self.lanes:
            if lane in work:
                yield from (head.customer for head in work[lane].heads)
