"""Sessions: who has logged in, from which browser; of their tokens only hashes are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from msgspec import Struct

from events.texts import worded
from services.people.journal import Journal
from services.people.refusals import AccountRefusal
from services.people.tokens import hashed, new_token
from services.ports import Clock
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

PASSWORD, COMPANY, DEMONSTRATION = "password", "company", "demonstration"
"""The ways to log in: an account here, the company's provider, or a demonstration's address."""

_SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is kept when somebody was seen: not every look is worth a write."""

_PROGRAM = 120
_MOST = 100
"""Log-ins of one account that go on together; with one more the one seen longest ago ends."""


class Session(Struct, frozen=True):
    """A log-in that goes on, as it may be shown."""

    session_id: str
    staff_id: str
    way: str
    program: str  # what the browser calls itself
    begun_at: datetime
    seen_at: datetime
    ends_at: datetime


class Found(Struct, frozen=True):
    """A session, whether its account administers, and where the newest rule lies."""

    session: Session
    administrator: bool
    rules: tuple[int, int]


class Ends(Struct, frozen=True):
    """When sessions end by themselves."""

    idle: timedelta = timedelta(hours=2)
    longest: timedelta = timedelta(hours=12)


class Sessions:
    """Begins, finds and ends sessions; each is told of in the journal."""

    def __init__(self, pool: Pool, clock: Clock, journal: Journal, ends: Ends) -> None:
        self._pool = pool
        self._clock = clock
        self._journal = journal
        self._ends = ends

    async def begin(self, staff_id: str, way: str, program: str) -> str:
        """Return the token of a new session. Raises: AccountRefusal, Unavailable."""
        token = new_token()
        now = self._clock.now()
        arguments = (str(uuid4()), hashed(token), staff_id, way, program[:_PROGRAM], now)
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                begun = await connection.fetchval(
                    sql("session_add"), *arguments, now + self._ends.longest, _MOST - 1
                )
                if begun is None:
                    raise AccountRefusal(
                        worded("the account is locked"), worded("ask an administrator")
                    )
                await self._journal.tell(connection, staff_id, "logged_in", staff_id, way)
        return token

    async def find(self, token: str, *, seen: bool = True) -> Found | None:
        """Return the session of a token, None where it is over; `seen`: its owner did something.

        Raises: Unavailable.
        """
        kept = hashed(token)
        if kept is None:
            return None
        now = self._clock.now()
        with translated():
            row = await self._pool.fetchrow(sql("session_find"), kept, now, now - self._ends.idle)
            if row is None:
                return None
            if seen and now - row["seen_at"] > _SEEN_EVERY:
                await self._pool.execute(sql("session_seen"), row["session_id"], now)
        fields = dict(row.items())
        rules = (fields.pop("generation"), fields.pop("n"))
        administrator = fields.pop("administrator")
        return Found(Session(**fields), administrator, rules)

    async def become(self, session: Session, staff_id: str) -> None:
        """Let a demonstration's session be somebody else's. Raises: Unavailable."""
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                arguments = (session.session_id, staff_id)
                if await connection.fetchval(sql("session_become"), *arguments) is not None:
                    await self._journal.tell(connection, session.staff_id, "became", staff_id)

    async def end(self, session_id: str, by: str, of: str | None = None) -> None:
        """End a session, of a member of staff where one is named.

        Raises: AccountRefusal, Unavailable.
        """
        try:
            wanted = str(UUID(session_id))
        except ValueError as error:
            raise _over() from error
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                whose = await connection.fetchval(sql("session_end"), wanted, of)
                if whose is None:
                    raise _over()
                act = "logged_out" if whose == by else "session_ended"
                await self._journal.tell(connection, by, act, whose)

    async def end_all(self, staff_id: str, by: str, but: str | None = None) -> int:
        """End every session of somebody, but one where it is named; return how many.

        Raises: Unavailable.
        """
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                ended = await connection.fetch(sql("session_end_all"), staff_id, but)
                await self._journal.tell(connection, by, "logged_out_everywhere", staff_id)
        return len(ended)

    async def of(self, staff_id: str | None = None) -> Sequence[Session]:
        """Return the sessions that go on, of one or of all. Raises: Unavailable."""
        now = self._clock.now()
        with translated():
            rows = await self._pool.fetch(sql("session_list"), staff_id, now, now - self._ends.idle)
        return [Session(**dict(row.items())) for row in rows]

    async def expire(self) -> None:
        """Let go of sessions, links and log-ins that are over. Raises: Unavailable."""
        now = self._clock.now()
        with translated():
            await self._pool.execute(sql("people_expire"), now, now - self._ends.idle)


def _over() -> AccountRefusal:
    return AccountRefusal(
        worded("there is no such session any more"), worded("load the page again")
    )
