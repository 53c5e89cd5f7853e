"""Branch keys: random tokens, of which only a hash is kept, each scoped to its branch."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from msgspec import Struct

from events.envelope import BranchId
from services.errors import UsageError
from services.intake.characters import is_branch_id
from services.intake.draft import Scope
from services.ports import Clock
from services.postgres.pool import Pool, retried, translated
from services.postgres.statements import sql

_MET = 10_000  # keys in use; beyond that the one used longest ago counts as not met
_PREFIX = "tsk_"
"""Lets a secret scanner recognise a key that was published by mistake."""

_TOKEN = re.compile(r"tsk_[A-Za-z0-9_-]{43}")


class BranchKey(Struct, frozen=True):
    """A key as it may be shown: never the token."""

    key_id: str
    branch_id: str
    label: str
    headquarters: bool
    created_at: datetime
    revoked_at: datetime | None


class BranchKeys:
    """Makes, checks and revokes branch keys."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        """Keep keys in the table branch_keys."""
        self._pool = pool
        self._clock = clock
        self._met: OrderedDict[bytes, None] = OrderedDict()  # in force when last asked for

    async def create(
        self, branch_id: str, label: str = "", *, headquarters: bool = False
    ) -> tuple[str, str]:
        """Return a new key's id and its token, which nobody can ask for again.

        Raises: UsageError, Unavailable.
        """
        if not is_branch_id(branch_id):
            raise UsageError(
                f"{branch_id!r} is no branch id: 1 to 60 characters without spaces, slashes and "
                "characters that nobody sees"
            )
        token = _PREFIX + secrets.token_urlsafe(32)
        key_id = str(uuid4())
        with translated():
            await self._pool.execute(
                sql("branch_key_add"),
                key_id,
                branch_id,
                label,
                headquarters,
                _hash(token),
                self._clock.now(),
            )
        return key_id, token

    async def scope_of(self, token: str) -> Scope | None:
        """Return whom a token speaks for, or None if it is no key in force.

        Looking up the hash of 256 random bits leaks nothing by its timing. Raises: Unavailable.
        """
        if not _TOKEN.fullmatch(token):
            return None
        hashed = _hash(token)
        row = await retried(lambda: self._pool.fetchrow(sql("branch_key_find"), hashed))
        if row is None:
            self._met.pop(hashed, None)
            return None
        self._met[hashed] = None
        self._met.move_to_end(hashed)
        if len(self._met) > _MET:
            self._met.popitem(last=False)
        return Scope(BranchId(row["branch_id"]), row["headquarters"], str(row["key_id"]))

    def has_met(self, token: str) -> bool:
        """Return whether a token was a key in force when it was last asked for, here and lately."""
        return bool(_TOKEN.fullmatch(token)) and _hash(token) in self._met

    async def all(self, branch_id: str | None = None) -> Sequence[BranchKey]:
        """Return the keys of a branch, or of all, revoked ones too. Raises: Unavailable."""
        with translated():
            rows = await self._pool.fetch(sql("branch_key_list"), branch_id)
        return [BranchKey(**row) for row in rows]

    async def revoke(self, key_id: str) -> str:
        """Put a key out of force at once and return its branch.

        Raises: UsageError, Unavailable.
        """
        try:
            wanted = str(UUID(key_id))
        except ValueError as error:
            raise UsageError(f"{key_id!r} is no key id; `touchstone branch key list`") from error
        with translated():
            row = await self._pool.fetchrow(sql("branch_key_revoke"), wanted, self._clock.now())
        if row is None:
            raise UsageError(f"there is no key {wanted}; see `touchstone branch key list`")
        branch: str = row["branch_id"]
        return branch


def _hash(token: str) -> bytes:
    """Return what is kept of a token: it is random, so that one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode("ascii")).digest()
