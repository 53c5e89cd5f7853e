"""Refused events, kept for an operator: why in clear, the event itself sealed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from events.envelope import BranchId
from services.errors import UsageError
from services.intake.answers import EventRefused
from services.ports import Clock
from services.postgres.pool import Pool, retried, translated
from services.postgres.statements import sql
from services.vault.vault import PostgresVault, branch_subject

_KEPT_BYTES = 256 * 1024
"""Of a refused event at most; the rest is cut off and the answer has already said why."""


class Rejected(Struct, frozen=True):
    """An event that was refused and has an id to speak of it."""

    event_id: str
    type: str | None
    why: EventRefused
    event: object


class Quarantined(Struct, frozen=True):
    """A refused event as an operator sees it; `event` is given only when asked for."""

    quarantine_id: str
    branch_id: str
    event_id: str
    type: str | None
    code: str
    field: str
    reason: str
    remedy: str
    received_at: datetime
    last_received_at: datetime
    times: int
    event: str | None = None


class Quarantine:
    """Keeps refused events; a retry of the same one is counted, not kept again."""

    def __init__(self, pool: Pool, vault: PostgresVault, clock: Clock) -> None:
        """Keep events in the table quarantine, sealed under their branch's key."""
        self._pool = pool
        self._vault = vault
        self._clock = clock

    async def add(self, branch_id: BranchId, rejected: Sequence[Rejected]) -> None:
        """Keep refused events of a branch. Raises: Unavailable."""
        if not rejected:
            return
        subject = branch_subject(branch_id)
        key = (await self._vault.prepare([subject]))[subject]
        entries: dict[str, tuple[Rejected, bytes]] = {}
        times: Counter[str] = Counter()
        for one in rejected:
            text = _as_text(one.event)
            why = one.why
            digest = key.digest("\x00".join((why.code, why.field, why.reason, text)).encode())
            quarantine_id = str(UUID(bytes=digest[:16]))
            times[quarantine_id] += 1
            if quarantine_id not in entries:
                entries[quarantine_id] = (one, key.seal(quarantine_id, {"event": text}))
        kept = [one for one, _ in entries.values()]
        await retried(
            lambda: self._pool.execute(
                sql("quarantine_add"),
                self._clock.now(),
                branch_id,
                list(entries),
                [times[i] for i in entries],
                [one.event_id for one in kept],
                [one.type for one in kept],
                [one.why.code for one in kept],
                [one.why.field for one in kept],
                [one.why.reason for one in kept],
                [one.why.remedy for one in kept],
                [sealed for _, sealed in entries.values()],
            )
        )

    async def latest(self, limit: int, branch_id: str | None = None) -> Sequence[Quarantined]:
        """Return what was refused last, without the events. Raises: Unavailable."""
        with translated():
            rows = await self._pool.fetch(sql("quarantine_list"), branch_id, limit)
        return [_quarantined(row, None) for row in rows]

    async def count(self, branch_id: str | None = None) -> tuple[int, int]:
        """Return how many events lie here, and how often they were sent. Raises: Unavailable."""
        with translated():
            [row] = await self._pool.fetch(sql("quarantine_count"), branch_id)
        return row["events"], row["times"]

    async def show(self, any_id: str) -> Sequence[Quarantined]:
        """Return the entries of a quarantine id or an event id, with the events opened.

        Raises: UsageError, Unavailable.
        """
        try:
            wanted = str(UUID(any_id))
        except ValueError as error:
            raise UsageError(f"{any_id!r} is no id; see `touchstone quarantine list`") from error
        with translated():
            rows = await self._pool.fetch(sql("quarantine_show"), wanted)
        if not rows:
            raise UsageError(
                f"nothing with id {wanted} lies in quarantine; see `touchstone quarantine list`"
            )
        return [_quarantined(row, await self._event(row)) for row in rows]

    async def _event(self, row: asyncpg.Record) -> str | None:
        subject = branch_subject(row["branch_id"])
        opened = await self._vault.open(subject, row["quarantine_id"], row["sealed"])
        return opened["event"] if opened is not None else None


def _quarantined(row: asyncpg.Record, event: str | None) -> Quarantined:
    fields = {name: row[name] for name in Quarantined.__struct_fields__ if name != "event"}
    return Quarantined(**fields, event=event)


def _as_text(event: object) -> str:
    """Return the event as JSON, as far as it can be written and is not too long."""
    try:
        encoded = msgspec.json.encode(event, enc_hook=_unusable)
    except (RecursionError, ValueError, TypeError):  # too deep, no text, or no JSON at all
        return "(an event that cannot be written down)"
    return encoded[:_KEPT_BYTES].decode("utf-8", "ignore")


def _unusable(value: object) -> str:
    return f"({getattr(value, 'reason', 'no JSON value')})"
