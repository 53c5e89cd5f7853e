"""The company as of past instants: asked for, walked in the background, kept while it is used.

The figures of a past day are no sums that anybody keeps: every customer is assessed as it was
known then. That takes a walk over the company, whose rows are kept so that all pages can read them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import structlog
from asyncpg import Record
from msgspec import Struct

from events.home import Asked, asked_about
from events.policy import Reference
from services.errors import TouchstoneError, Unavailable
from services.platform import Platform
from services.postgres.alone import held_alone
from services.postgres.pool import Connection, Pool, translated
from services.postgres.statements import sql
from services.projector.code import code_digest
from services.rebuild.past_rows import PastPart, PastRows, PastWalk, finish_tables, make_tables
from services.walk.company import walk_company
from services.walk.known import asking, company_known

_LOG = structlog.get_logger(__name__)

KEPT = 5
"""Pasts that are kept; of more, the one that nobody has looked at for the longest goes."""

_LOOK_EVERY_S = 10.0
_TELL_EVERY_S = 1.0


class Past(Struct, frozen=True):
    """A past that somebody asked for, and how far it is."""

    past_id: int
    as_of: str
    as_known: str  # empty: with all that was known when it was walked
    customers: int
    done: int
    left_out: int
    ready_at: datetime | None
    why: str | None

    @property
    def schema(self) -> str:
        """Return where its rows lie."""
        return f"past_{self.past_id}"

    @property
    def asked(self) -> tuple[Asked, Asked | None]:
        """Return the instants that are asked about."""
        return asked_about(self.as_of), asked_about(self.as_known) if self.as_known else None


class Then(Struct, frozen=True):
    """A past, and what holds for the company as a whole in it."""

    past: Past
    reference: Reference
    at: datetime


class PastGone(Unavailable):
    """The rows of a past went while they were to be read; they can be asked for again."""


class Pasts:
    """The pasts of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._wanted = asyncio.Event()
        self._companies: dict[int, Then] = {}

    async def find(self, as_of: str, as_known: str) -> Past | None:
        """Return a past that was asked for, of the code that runs. Raises: Unavailable."""
        with translated():
            row = await self._pool.fetchrow(
                sql("past_find"), as_of, as_known, code_digest(), self._platform.clock.now()
            )
        return None if row is None else _past(row)

    async def ask_for(self, as_of: str, as_known: str, staff_id: str) -> Past:
        """Have a past walked, anew where it was walked before. Raises: Unavailable."""
        now = self._platform.clock.now()
        with translated():
            [row] = await self._pool.fetch(
                sql("past_ask_for"), as_of, as_known, staff_id, now, code_digest()
            )
        self._wanted.set()
        return _past(row)

    async def company(self, past: Past) -> Then:
        """Return the rules as they were known, and the company's own instant.

        Raises: Unavailable, UnreadableEvent.
        """
        kept = self._companies.get(past.past_id)
        if kept is None or kept.past.ready_at != past.ready_at:
            question = await asking(self._platform, *past.asked)
            found = await company_known(self._platform, question)
            kept = self._companies[past.past_id] = Then(past, found.reference, found.at)
            while len(self._companies) > KEPT:
                self._companies.pop(next(iter(self._companies)))
        return kept

    async def run(self) -> None:
        """Walk whatever is asked for, one after the other, until this is cancelled."""
        while True:
            self._wanted.clear()
            try:
                async with held_alone(self._pool, "touchstone pasts", _LOOK_EVERY_S):
                    while await self.walk_next():
                        pass
            except Unavailable as error:
                _LOG.warning("pasts_wait", reason=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), _LOOK_EVERY_S)

    async def walk_next(self) -> bool:
        """Walk the past that waits for the longest; return whether there was one.

        Only one process does so at a time: one that another left half done begins anew.
        Raises: Unavailable.
        """
        with translated():
            row = await self._pool.fetchrow(sql("past_next"))
        if row is None:
            return False
        past = _past(row)
        try:
            await self._walk(past)
        except Unavailable:
            raise
        except TouchstoneError as error:  # an event that cannot be read: it would be so again
            await self._failed(past, str(error))
        except Exception:  # noqa: BLE001 - it is this past's own fault, and is told as such
            _LOG.exception("past_failed", past_id=past.past_id)
            await self._failed(past, "the platform failed in a way that it should not; see its log")
        return True

    async def _failed(self, past: Past, why: str) -> None:
        with translated():
            await self._pool.execute(sql("past_failed"), past.past_id, why)

    async def _walk(self, past: Past) -> None:
        question = await asking(self._platform, *past.asked)
        at = (await company_known(self._platform, question)).at
        with translated():
            async with self._pool.acquire() as connection:
                customers = await connection.fetchval(sql("count_customers"))
                async with connection.transaction():
                    await self._let_go(connection)
                    await make_tables(connection, past.schema)
        counts = [0, 0]

        def done(part: PastPart) -> None:
            counts[0] += part.customers
            counts[1] += part.left_out

        async with self._telling(past, int(customers), counts):
            await walk_company(
                self._platform, question.extent, PastRows, PastWalk(question, past.schema),
                PastPart, done, whole=question.reads_all,
            )  # fmt: skip
        with translated():
            async with self._pool.acquire() as connection, connection.transaction():
                await finish_tables(connection, past.schema, at)
                now = self._platform.clock.now()
                await connection.execute(sql("past_ready"), past.past_id, now, *counts)

    async def _let_go(self, connection: Connection) -> None:
        """Drop the pasts that nobody has looked at for the longest, and what is of older code."""
        for row in await connection.fetch(sql("past_drop"), KEPT, code_digest()):
            await connection.execute(f"DROP SCHEMA IF EXISTS past_{row['past_id']} CASCADE")

    @asynccontextmanager
    async def _telling(self, past: Past, customers: int, counts: list[int]) -> AsyncIterator[None]:
        """Write down how far it is while the walk goes on."""

        async def tell() -> None:
            while True:
                with suppress(Unavailable), translated():
                    await self._pool.execute(
                        sql("past_progress"), past.past_id, customers, counts[0]
                    )
                await asyncio.sleep(_TELL_EVERY_S)

        telling = asyncio.create_task(tell(), name="past progress")
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    @property
    def _pool(self) -> Pool:
        return self._platform.pool


async def enter(connection: Connection, past: Past) -> None:
    """Have a transaction read a past's rows wherever it names the live ones. Raises: PastGone.

    Its tables cannot go while it does: nobody reads the live rows unawares.
    """
    schema = past.schema
    if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.alerts") is None:
        raise PastGone(f"the rows as of {past.as_of} were let go of; ask for them again")
    await connection.execute(f"LOCK TABLE {schema}.alerts IN ACCESS SHARE MODE")
    live = await connection.fetchval("SELECT current_schema()")
    await connection.execute(f"SET LOCAL search_path = {schema}, {live}")


def _past(row: Record) -> Past:
    return Past(**{name: row[name] for name in Past.__struct_fields__})
