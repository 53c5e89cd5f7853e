"""The sets of uses that heads name: what each customer's assessment used of the rules."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256

from events.uses import Use
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql


@lru_cache(maxsize=65_536)
def uses_id(uses: frozenset[Use]) -> int:
    """Return the number of a set of uses, the same in every process; never 0."""
    digest = sha256("\n".join(sorted(uses)).encode()).digest()
    return int.from_bytes(digest[:8], signed=True) or 1


class UseSets:
    """Sees to it that every set that a head names can be looked up; none is ever removed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._kept: set[int] = set()

    async def keep(self, sets: Iterable[frozenset[Use]]) -> None:
        """Keep sets before heads name them. Raises: Unavailable.

        In a statement of its own and not in the heads' transaction: two of them would wait for
        each other, and what a failed one kept would be missed.
        """
        new = {uses_id(uses): uses for uses in sets if uses_id(uses) not in self._kept}
        if not new:
            return
        ids = sorted(new)
        with translated():
            await self._pool.execute(
                sql("keep_use_sets"), ids, ["\n".join(sorted(new[one])) for one in ids]
            )
        self._kept.update(ids)
