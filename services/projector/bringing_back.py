"""Brings customers back to memory whom lanes have forgotten: each dossier is read once for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from events.envelope import CustomerId
from events.policy import Reference
from services.postgres.pool import Pool, translated
from services.projector.lane import Lane
from services.projector.recalling import Broken, Events, Recall, Wanted
from services.rows.projection_store import ProjectionStore, written_of
from services.rows.written import Written

_AT_ONCE = 500  # customers whose dossiers are read together
_FACTS_AT_ONCE = 50_000  # the same, of those whose length is known


class Needing(Protocol):
    """What needs customers of a lane in memory."""

    @property
    def lane(self) -> Lane:
        """Return the lane."""
        ...

    @property
    def batch(self) -> Iterable[CustomerId]:
        """Return the customers."""
        ...


class BringingBack:
    """Fills the memories of lanes."""

    def __init__(self, pool: Pool, recalling: Recall) -> None:
        self._pool = pool
        self._recalling = recalling

    async def recall(
        self, needing: Sequence[Needing], broken: Broken, reference: Reference
    ) -> None:
        """Bring back whom lanes have forgotten; those of a partition are at one checkpoint.

        A customer with an event that cannot be decoded is put among the broken instead.
        Raises: Unavailable.
        """
        missed: list[tuple[Lane, Sequence[CustomerId]]] = []
        for one in needing:
            forgotten = await one.lane.forgotten(one.batch)
            if one.lane.checkpoint.next:
                missed.append((one.lane, forgotten))
            else:  # nothing was ever taken in
                one.lane.remember(one.lane.facts_of({customer: [] for customer in forgotten}), {})
        names = [*dict.fromkeys(customer for _, customers in missed for customer in customers)]
        for start in range(0, len(names), _AT_ONCE):
            some = {*names[start : start + _AT_ONCE]}
            await self._recall_some(
                [(lane, [c for c in customers if c in some]) for lane, customers in missed],
                broken,
                reference,
            )

    async def recall_whole(
        self, lane: Lane, customers: Sequence[CustomerId], broken: Broken
    ) -> None:
        """Bring customers back by all their events, whatever was kept. Raises: Unavailable."""
        for some in _parted(customers, [lane.memory.length(customer) for customer in customers]):
            [dossiers] = await self._recalling.whole([_wanted(lane, some)], broken)
            await self._bring_back([(lane, dossiers)])

    async def _recall_some(
        self,
        missed: Sequence[tuple[Lane, Sequence[CustomerId]]],
        broken: Broken,
        reference: Reference,
    ) -> None:
        missed = [(lane, customers) for lane, customers in missed if customers]
        recalled = await self._recalling.since_snapshots(
            [_wanted(lane, customers) for lane, customers in missed], broken, reference
        )
        refused = [
            (lane, await lane.go_on_from(found.since, reference))
            for (lane, _), found in zip(missed, recalled, strict=True)
        ]
        whole = await self._recalling.whole(
            [_wanted(lane, customers) for lane, customers in refused], broken
        )
        await self._bring_back(
            [
                (lane, found.dossiers | again)
                for (lane, _), found, again in zip(missed, recalled, whole, strict=True)
                if found.dossiers or again
            ]
        )

    async def _bring_back(self, read: Sequence[tuple[Lane, Events]]) -> None:
        """Have lanes remember dossiers, and what is written of those in which they have facts."""
        remembered = [lane.facts_of(dossiers) for lane, dossiers in read]
        asked: dict[tuple[str, int], tuple[ProjectionStore, list[CustomerId]]] = {}
        for (lane, _), facts in zip(read, remembered, strict=True):
            _, customers = asked.setdefault(lane.store.id, (lane.store, []))
            customers += [customer for customer, own in facts.items() if len(own)]
        written: dict[tuple[str, int], Mapping[CustomerId, Written]] = {}
        if any(customers for _, customers in asked.values()):
            with translated():
                async with self._pool.acquire() as connection:
                    found = await written_of(connection, [*asked.values()])
            written = dict(zip(asked, found, strict=True))
        for (lane, _), facts in zip(read, remembered, strict=True):
            lane.remember(facts, written.get(lane.store.id, {}))


def _wanted(lane: Lane, customers: Sequence[CustomerId]) -> Wanted:
    return Wanted(lane.snapshots, lane.partition, lane.checkpoint.next, customers)


def _parted(
    customers: Sequence[CustomerId], lengths: Sequence[int]
) -> Iterator[Sequence[CustomerId]]:
    """Yield customers in turn, some at once, but not so many that all their facts are too many."""
    some: list[CustomerId] = []
    facts = 0
    for customer, length in zip(customers, lengths, strict=True):
        if some and (len(some) == _AT_ONCE or facts + length > _FACTS_AT_ONCE):
            yield some
            some, facts = [], 0
        some.append(customer)
        facts += length
    if some:
        yield some
