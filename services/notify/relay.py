"""Tells others what tables say, row after row, each at least once and none left out.

The place is kept in the database and moved after Kafka has what lies before it; a relay that
ended in between tells some rows again. Nobody's truth depends on it: the tables have that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import asyncpg
import msgspec

from events.notices import AlertNotice, QuarantineNotice, RefusalReason
from services.postgres.pool import Pool
from services.rows.tails import Tail

Send = Callable[[bytes, bytes], Awaitable[object]]
"""Appends a key and a value to the topic; returns once Kafka has them."""


class Source(NamedTuple):
    """A table that only grows, its rows numbered by `ordinal`, and how a row is told."""

    table: str
    key: str  # the column that notices are keyed by
    notice: Callable[[asyncpg.Record], msgspec.Struct]


class Relay:
    """Ships one table's rows; to be used by one process at a time, or some are told twice."""

    def __init__(self, pool: Pool, source: Source, send: Send) -> None:
        """Begin, the first time of all, with the rows that come from now on."""
        self._tail = Tail(pool, source.table)
        self._source = source
        self._send = send

    async def ship(self) -> int:
        """Tell what is new; return how many rows. Raises: Unavailable, KafkaRefused."""
        name = self._source.table
        before = await self._tail.place(name)
        rows, upto = await self._tail.after(before)
        notices = [(str(row[self._source.key]).encode(), self._source.notice(row)) for row in rows]
        await asyncio.gather(*[self._send(k, msgspec.json.encode(n)) for k, n in notices])
        if upto > before:
            await self._tail.move(name, upto)
        return len(rows)


def alert_notice(row: asyncpg.Record) -> AlertNotice:
    """Return a line of the alert journal as it is told."""
    return AlertNotice(**{name: row[name] for name in AlertNotice.__struct_fields__})


def _refusal(row: asyncpg.Record) -> QuarantineNotice:
    return QuarantineNotice(
        branch_id=row["branch_id"],
        event_id=row["event_id"],
        event_type=row["type"],
        reasons=(RefusalReason(field=row["field"], reason=row["reason"], remedy=row["remedy"]),),
        sealed=row["sealed"] or b"",  # settled before it was told, or about somebody erased
        at=row["received_at"],
    )


ALERTS = Source("alert_journal", "alert_id", alert_notice)
REFUSALS = Source("quarantine", "branch_id", _refusal)
