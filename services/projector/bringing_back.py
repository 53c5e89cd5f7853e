"""Brings customers back to memory whom teams have forgotten: each dossier is read once for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from events.envelope import CustomerId
from events.policy import Reference
from services.postgres.pool import Pool, translated
from services.projector.recalling import Broken, Recall
from services.projector.team import Team

_AT_ONCE = 500  # customers whose dossiers are read together
_FACTS_AT_ONCE = 50_000  # the same, of those whose length is known


class BringingBack:
    """Fills the memories of one partition's teams."""

    def __init__(self, pool: Pool, recalling: Recall) -> None:
        self._pool = pool
        self._recalling = recalling

    async def recall(
        self,
        shares: Sequence[tuple[Team, Iterable[CustomerId]]],
        broken: Broken,
        reference: Reference,
    ) -> None:
        """Bring back whom teams at one checkpoint have forgotten. Raises: Unavailable.

        A customer with an event that cannot be decoded is put among the broken instead.
        """
        missed = [(team, await team.forgotten(customers)) for team, customers in shares]
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
            [dossiers] = await self._recalling.whole([some], team.next, broken)
            with translated():
                async with self._pool.acquire() as connection:
                    await team.recall(connection, dossiers)

    async def _recall_some(
        self,
        missed: Sequence[tuple[Team, Sequence[CustomerId]]],
        broken: Broken,
        reference: Reference,
    ) -> None:
        missed = [(team, customers) for team, customers in missed if customers]
        upto = missed[0][0].next
        wanted = [(team.snapshots, customers) for team, customers in missed]
        recalled = await self._recalling.since_snapshots(wanted, upto, broken, reference)
        refused = [
            (team, await team.go_on_from(found.since, reference))
            for (team, _), found in zip(missed, recalled, strict=True)
        ]
        whole = await self._recalling.whole([customers for _, customers in refused], upto, broken)
        read = [
            (team, found.dossiers | again)
            for (team, _), found, again in zip(missed, recalled, whole, strict=True)
            if found.dossiers or again
        ]
        if read:
            with translated():
                async with self._pool.acquire() as connection:
                    for team, dossiers in read:
                        await team.recall(connection, dossiers)


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
