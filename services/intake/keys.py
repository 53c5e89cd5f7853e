"""Keys of branches and of staff: random tokens, of which only a hash is kept."""

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

_LISTED = "see `touchstone branch key list` and `touchstone staff key list`"

_TOKEN = re.compile(r"tsk_[A-Za-z0-9_-]{43}")


class StaffScope(Struct, frozen=True):
    """Whom a key of a member of staff speaks for; what he or she may do, reference data say.

    `rules` is where the newest policy or reference event lay when the key was looked up: its
    generation and n.
    """

    staff_id: str
    key_id: str
    rules: tuple[int, int] = (0, -1)


class Key(Struct, frozen=True):
    """A key as it may be shown, never the token: a branch's, or a member of staff's."""

    key_id: str
    branch_id: str | None
    staff_id: str | None
    label: str
    headquarters: bool
    created_at: datetime
    revoked_at: datetime | None


class Keys:
    """Makes, checks and revokes the keys of branches and of staff."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        """Keep keys in the table branch_keys."""
        self._pool = pool
        self._clock = clock
        self._met: OrderedDict[bytes, None] = OrderedDict()  # in force when last asked for

    async def create(
        self, branch_id: str, label: str = "", *, headquarters: bool = False
    ) -> tuple[str, str]:
        """Return the id of a branch's new key and its token, which nobody can ask for again.

        Raises: UsageError, Unavailable.
        """
        if not is_branch_id(branch_id):
            raise UsageError(
                f"{branch_id!r} is no branch id: 1 to 60 characters without spaces, slashes and "
                "characters that nobody sees"
            )
        return await self._make(branch_id, None, label, headquarters)

    async def create_for_staff(self, staff_id: str, label: str = "") -> tuple[str, str]:
        """Return the id of a staff member's new key and its token, told this once.

        Raises: UsageError, Unavailable.
        """
        if not is_branch_id(staff_id):
            raise UsageError(
                f"{staff_id!r} is no staff number: 1 to 60 characters without spaces, slashes and "
                "characters that nobody sees"
            )
        return await self._make(None, staff_id, label, False)

    async def _make(
        self, branch_id: str | None, staff_id: str | None, label: str, headquarters: bool
    ) -> tuple[str, str]:
        token = _PREFIX + secrets.token_urlsafe(32)
        key_id = str(uuid4())
        with translated():
            await self._pool.execute(
                sql("key_add"),
                key_id,
                branch_id,
                staff_id,
                label,
                headquarters,
                _hash(token),
                self._clock.now(),
            )
        return key_id, token

    async def scope_of(self, token: str) -> Scope | StaffScope | None:
        """Return whom a token speaks for, or None if it is no key in force.

        Looking up the hash of 256 random bits leaks nothing by its timing. Raises: Unavailable.
        """
        if not _TOKEN.fullmatch(token):
            return None
        hashed = _hash(token)
        row = await retried(lambda: self._pool.fetchrow(sql("key_find"), hashed))
        if row is None:
            self._met.pop(hashed, None)
            return None
        self._met[hashed] = None
        self._met.move_to_end(hashed)
        if len(self._met) > _MET:
            self._met.popitem(last=False)
        if row["staff_id"] is not None:
            rules = (row["generation"], row["n"])
            return StaffScope(row["staff_id"], row["key_id"], rules)
        return Scope(BranchId(row["branch_id"]), row["headquarters"], row["key_id"])

    def has_met(self, token: str) -> bool:
        """Return whether a token was a key in force when it was last asked for, here and lately."""
        return bool(_TOKEN.fullmatch(token)) and _hash(token) in self._met

    async def all(self, branch_id: str | None = None) -> Sequence[Key]:
        """Return the keys of a branch, or of all, revoked ones too. Raises: Unavailable."""
        with translated():
            rows = await self._pool.fetch(sql("branch_key_list"), branch_id)
        return [Key(**row) for row in rows]

    async def all_of_staff(self, staff_id: str | None = None) -> Sequence[Key]:
        """Return the keys of a member of staff, or of all, revoked ones too.

        Raises: Unavailable.
        """
        with translated():
            rows = await self._pool.fetch(sql("staff_key_list"), staff_id)
        return [Key(**row) for row in rows]

    async def revoke(self, key_id: str) -> str:
        """Put a key out of force at once and return whose it was: a branch or a member of staff.

        Raises: UsageError, Unavailable.
        """
        try:
            wanted = str(UUID(key_id))
        except ValueError as error:
            raise UsageError(f"{key_id!r} is no key id; {_LISTED}") from error
        with translated():
            row = await self._pool.fetchrow(sql("key_revoke"), wanted, self._clock.now())
        if row is None:
            raise UsageError(f"there is no key {wanted}; {_LISTED}")
        whose: str = row["branch_id"] or row["staff_id"]
        return whose


def _hash(token: str) -> bytes:
    """Return what is kept of a token: it is random, so that one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode("ascii")).digest()
