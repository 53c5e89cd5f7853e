"""Accounts of members of staff, as an administrator keeps them: made, linked, locked, listed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from events.texts import worded
from services.intake.characters import is_branch_id
from services.people.journal import Journal
from services.people.refusals import AccountRefusal
from services.people.tokens import hashed, new_token
from services.ports import Clock
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql

LINK_LASTS = timedelta(days=3)


class Account(Struct, frozen=True):
    """An account as it may be shown."""

    staff_id: str
    administrator: bool  # beside what reference data say
    has_password: bool
    password_set_at: datetime | None
    second_factor: bool
    recovery_codes: int  # that are left
    failures: int
    locked_until: datetime | None  # after wrong tries
    locked_at: datetime | None  # by an administrator
    made_at: datetime
    link_until: datetime | None
    sessions: int


class Accounts:
    """Makes, locks and lists accounts; each act is told of in the journal."""

    def __init__(
        self,
        pool: Pool,
        clock: Clock,
        journal: Journal,
        idle: timedelta,
    ) -> None:
        """Keep accounts in their tables; a session counts that was seen within `idle`."""
        self._pool = pool
        self._clock = clock
        self._journal = journal
        self._idle = idle

    async def make(self, staff_id: str, by: str, *, administrator: bool = False) -> None:
        """Make an account; a link lets its owner choose a password.

        Raises: AccountRefusal, Unavailable.
        """
        if not is_branch_id(staff_id):
            raise AccountRefusal(
                worded("%(staff_id)s is no number of a member of staff", staff_id=staff_id[:60]),
                worded(
                    "give 1 to 60 characters without spaces, slashes and characters that nobody "
                    "sees"
                ),
            )
        now = self._clock.now()
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                made = await connection.fetchval(sql("account_add"), staff_id, administrator, now)
                if made is None:
                    raise AccountRefusal(
                        worded("%(staff_id)s has an account already", staff_id=staff_id),
                        worded("make a link for it, if the password is to be chosen anew"),
                    )
                await self._journal.tell(connection, by, "account_made", staff_id)
                if administrator:
                    await self._journal.tell(connection, by, "administrator_made", staff_id)

    async def ensure(self, staff_id: str, by: str) -> None:
        """Make an account for somebody whom the company's provider knows, if there is none.

        Raises: Unavailable.
        """
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                arguments = (staff_id, False, self._clock.now())
                if await connection.fetchval(sql("account_add"), *arguments) is not None:
                    await self._journal.tell(connection, by, "account_made", staff_id)

    async def link(self, staff_id: str, by: str) -> str:
        """Return the token of a one-time link; earlier ones are good no more.

        Raises: AccountRefusal, Unavailable.
        """
        token = new_token()
        ends_at = self._clock.now() + LINK_LASTS
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                if await connection.fetchrow(sql("account_find"), staff_id) is None:
                    raise _unknown(staff_id)
                await connection.execute(sql("link_add"), hashed(token), staff_id, ends_at)
                await self._journal.tell(connection, by, "link_made", staff_id)
        return token

    async def lock(self, staff_id: str, by: str) -> None:
        """Let nobody log in to an account until it is unlocked; its sessions end,
        and no key of its owner is good meanwhile.

        Raises: AccountRefusal, Unavailable.
        """
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                await change(connection, "account_lock", staff_id, self._clock.now())
                await connection.execute(sql("session_end_all"), staff_id, None)
                await self._journal.tell(connection, by, "locked", staff_id)

    async def unlock(self, staff_id: str, by: str) -> None:
        """Lift a lock, also one after wrong tries. Raises: AccountRefusal, Unavailable."""
        await self._act("account_unlock", "unlocked", by, staff_id)

    async def set_administrator(self, staff_id: str, by: str, *, administers: bool) -> None:
        """Let an account administer, or no longer. Raises: AccountRefusal, Unavailable."""
        act = "administrator_made" if administers else "administrator_ended"
        await self._act("account_administers", act, by, staff_id, administers)

    async def forget_second_factor(self, staff_id: str, by: str) -> None:
        """Ask for no second factor until one is set up anew.

        Raises: AccountRefusal, Unavailable.
        """
        await self._act("account_forget_totp", "second_factor_removed", by, staff_id)

    async def all(self) -> Sequence[Account]:
        """Return every account. Raises: Unavailable."""
        return await self._accounts(None)

    async def one(self, staff_id: str) -> Account | None:
        """Return an account, if there is one. Raises: Unavailable."""
        return next(iter(await self._accounts(staff_id)), None)

    async def in_use(self) -> bool:
        """Tell whether anybody could ever log in. Raises: Unavailable."""
        with translated():
            found: bool = await self._pool.fetchval(sql("account_any"))
        return found

    async def _accounts(self, staff_id: str | None) -> Sequence[Account]:
        now = self._clock.now()
        with translated():
            rows = await self._pool.fetch(sql("account_list"), staff_id, now, now - self._idle)
        return [Account(**dict(row.items())) for row in rows]

    async def _act(self, statement: str, act: str, by: str, staff_id: str, *more: object) -> None:
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                await change(connection, statement, staff_id, *more)
                await self._journal.tell(connection, by, act, staff_id)


async def change(connection: Connection, statement: str, staff_id: str, *more: object) -> None:
    """Change an account. Raises: AccountRefusal, where it is not as it must be."""
    if await connection.fetchval(sql(statement), staff_id, *more) is None:
        raise _unknown(staff_id)


def _unknown(staff_id: str) -> AccountRefusal:
    return AccountRefusal(
        worded("%(staff_id)s has no account that this can be done with", staff_id=staff_id[:60]),
        worded("see the page of users, or `touchstone user list`"),
    )
