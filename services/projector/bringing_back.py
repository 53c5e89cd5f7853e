"""Brings customers back to memory whom teams have forgotten: each dossier is read once for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from events.envelope import CustomerId
from events.policy import Reference
from services.postgres.pool import Pool, translated
from services.projector.recalling import Broken, Events, Recall, Wanted
from services.projector.team import Team
from services.rows.projection_store import ProjectionStore, written_of
from services.rows.written import Written

_AT_ONCE = 500  # customers whose dossiers are read together
_FACTS_AT_ONCE = 50_000  # the same, of those whose length is known


class BringingBack:
    """Fills the memories of teams."""

    def __init__(self, pool: Pool, recalling: Recall) -> None:
        self._pool = pool
        self._recalling = recalling

    async def recall(
        self,
        needed: Sequence[tuple[Team, Iterable[CustomerId]]],
        broken: Broken,
        reference: Reference,
    ) -> None:
        """Bring back whom teams have forgotten; those of a partition are at one checkpoint.

        A customer with an event that cannot be decoded is put among the broken instead.
        Raises: Unavailable.
        """
        missed: list[tuple[Team, Sequence[CustomerId]]] = []
        for team, customers in needed:
            forgotten = await team.forgotten(customers)
            if team.next:
                missed.append((team, forgotten))
            else:  # nothing was ever taken in
                team.remember(team.unwritten({customer: [] for customer in forgotten}))
        names = [*dict.fromkeys(customer for _, customers in missed for customer in customers)]
        for start in range(0, len(names), _AT_ONCE):
            some = {*names[start : start + _AT_ONCE]}
            await self._recall_some(
                [(team, [c for c in customers if c in some]) for team, customers in missed],
                broken,
                reference,
            )

    async def recall_whole(
        self, team: Team, lengths: Mapping[CustomerId, int], broken: Broken
    ) -> None:
        """Bring customers back by all their events, whatever was kept. Raises: Unavailable.

        `lengths` are how many facts there are of each.
        """
        for some in _parted(lengths):
            [dossiers] = await self._recalling.whole([_wanted(team, some)], broken)
            await self._bring_back([(team, dossiers)])

    async def _recall_some(
        self,
        missed: Sequence[tuple[Team, Sequence[CustomerId]]],
        broken: Broken,
        reference: Reference,
    ) -> None:
        missed = [(team, customers) for team, customers in missed if customers]
        recalled = await self._recalling.since_snapshots(
            [_wanted(team, customers) for team, customers in missed], broken, reference
        )
        refused = [
            (team, await team.go_on_from(found.since, reference))
            for (team, _), found in zip(missed, recalled, strict=True)
        ]
        whole = await self._recalling.whole(
            [_wanted(team, customers) for team, customers in refused], broken
        )
        await self._bring_back(
            [
                (team, found.dossiers | again)
                for (team, _), found, again in zip(missed, recalled, whole, strict=True)
                if found.dossiers or again
            ]
        )

    async def _bring_back(self, read: Sequence[tuple[Team, Events]]) -> None:
        """Have teams remember dossiers, and what is written of those in which lanes have facts."""
        recalled = [(team, team.unwritten(dossiers)) for team, dossiers in read]
        asked: dict[tuple[str, int], tuple[ProjectionStore, list[CustomerId]]] = {}
        for team, remembered in recalled:
            for place, lane in enumerate(team.lanes):
                _, customers = asked.setdefault(lane.store.id, (lane.store, []))
                customers += [c for c, one in remembered.items() if one.written[place] is not None]
        written: dict[tuple[str, int], Mapping[CustomerId, Written]] = {}
        if any(customers for _, customers in asked.values()):
            with translated():
                async with self._pool.acquire() as connection:
                    found = await written_of(connection, [*asked.values()])
            written = dict(zip(asked, found, strict=True))
        for team, remembered in recalled:
            for place, lane in enumerate(team.lanes):
                rows = written.get(lane.store.id, {})
                for customer, one in remembered.items():
                    if one.written[place] is not None:
                        one.written[place] = rows[customer]
            team.remember(remembered)


def _wanted(team: Team, customers: Sequence[CustomerId]) -> Wanted:
    return Wanted(team.snapshots, team.partition, team.next, customers)


def _parted(lengths: Mapping[CustomerId, int]) -> Iterator[Sequence[CustomerId]]:
    """Yield customers in turn, some at once, but not so many that all their facts are too many."""
    some: list[CustomerId] = []
    facts = 0
    for customer, length in lengths.items():
        if some and (len(some) == _AT_ONCE or facts + length > _FACTS_AT_ONCE):
            yield some
            some, facts = [], 0
        some.append(customer)
        facts += length
    if some:
        yield some
