"""The journal of people: what was done with accounts, sessions and keys, when and by whom.

It is only added to, in the transaction of what it tells; the database refuses anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg
from msgspec import Struct

from services.ports import Clock
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql

PLATFORM, COMMAND_LINE = "platform", "command line"
"""Who does something where no member of staff does."""

ACTS = (
    "account_made",
    "link_made",
    "password_set",
    "password_changed",
    "logged_in",
    "log_in_failed",
    "logged_out",
    "logged_out_everywhere",
    "session_ended",
    "locked",
    "unlocked",
    "second_factor_set",
    "second_factor_removed",
    "recovery_code_used",
    "administrator_made",
    "administrator_ended",
    "became",
    "key_made",
    "key_revoked",
    "feed_added",
    "feed_removed",
    "feed_secret_added",
    "feed_secret_ended",
)
"""Every act that is told of."""


class Entry(Struct, frozen=True):
    """One act."""

    n: int
    at: datetime
    by: str
    act: str
    staff_id: str | None
    about: str | None


class Journal:
    """Adds to the journal, and reads it."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def tell(
        self,
        connection: Connection,
        by: str,
        act: str,
        staff_id: str | None = None,
        about: str | None = None,
    ) -> None:
        """Add an act within the transaction of a connection. Raises: asyncpg.PostgresError."""
        assert act in ACTS
        await connection.execute(
            sql("people_journal_add"), self._clock.now(), by, act, staff_id, about
        )

    async def tell_alone(
        self, by: str, act: str, staff_id: str | None = None, about: str | None = None
    ) -> None:
        """Add an act of which nothing else is kept here. Raises: Unavailable."""
        with translated():
            async with self._pool.acquire() as connection:
                await self.tell(connection, by, act, staff_id, about)

    async def latest(self, most: int, staff_id: str | None = None) -> Sequence[Entry]:
        """Return the latest acts, of one member of staff or of all. Raises: Unavailable."""
        with translated():
            rows = await self._pool.fetch(sql("people_journal_list"), staff_id, most)
        return [_entry(row) for row in rows]


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(**dict(row.items()))
