"""Refused events, kept for an operator: why in clear, the event itself sealed.

It is sealed under its customer's key where the customer has one, so that erasing somebody
reaches here, too; else under its branch's. Each branch has so much room and no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from events.texts import spelled, unspelled, worded
from services.errors import UsageError
from services.intake.answers import EventRefused
from services.intake.draft import Scope
from services.ports import Clock
from services.postgres.pool import Connection, Pool, retried, translated
from services.postgres.statements import sql
from services.vault.vault import PostgresVault, SubjectKey, branch_subject

State = Literal["waiting", "resubmitted", "discarded"]

_KEPT_BYTES = 256 * 1024
"""Of a refused event at most; the rest is cut off and the answer has already said why."""

_OF_AN_ATTEMPT = frozenset({"senttime", "collectedtime", "traceparent", "tracestate"})

_LOCK_CLASS = 0x71_75_61  # any constant that no other application of the same database uses


class Room(Struct, frozen=True):
    """How much of a branch's refused events is kept, and for how long."""

    events: int = 10_000
    megabytes: int = 64
    days: int = 90


class Number(Struct, frozen=True):
    """The number that a source gave an event."""

    source: str
    epoch: int
    sequence: int


class Rejected(Struct, frozen=True):
    """An event that was refused and has an id to speak of it."""

    event_id: str
    type: str | None
    subject: str | None
    why: EventRefused
    event: object
    number: Number | None = None


class Quarantined(Struct, frozen=True):
    """A refused event as an operator sees it; `event` is given only when asked for."""

    quarantine_id: str
    branch_id: str
    headquarters: bool
    event_id: str
    type: str | None
    code: str
    field: str
    reason: str
    remedy: str
    received_at: datetime
    last_received_at: datetime
    times: int
    cut: bool
    state: State
    settled_at: datetime | None
    settled_reason: str | None
    reason_worded: msgspec.Raw
    remedy_worded: msgspec.Raw
    event: str | None = None

    @property
    def why(self) -> str:
        """Return the reason so that it can be told in any language; once it was kept so."""
        return _worded(self.reason_worded, self.reason)

    @property
    def mended_by(self) -> str:
        """Return the remedy in the same way."""
        return _worded(self.remedy_worded, self.remedy)


class Waiting(Struct, frozen=True):
    """How much waits in quarantine."""

    events: int
    times: int  # how often they were sent
    overflow: int  # events that were not kept: their branch had no room left


class _Entry(Struct):
    """An event as it is kept."""

    first: Rejected
    sealed_for: str
    sealed: bytes | None
    cut: bool
    times: int = 1


class Quarantine:
    """Keeps refused events; a retry of the same one is counted, not kept again."""

    def __init__(
        self, pool: Pool, vault: PostgresVault, clock: Clock, room: Room | None = None
    ) -> None:
        """Keep events in the table quarantine."""
        self._pool = pool
        self._vault = vault
        self._clock = clock
        self._room = room or Room()

    async def add(self, scope: Scope, rejected: Sequence[Rejected]) -> Sequence[bool]:
        """Keep refused events of a branch as far as there is room; return which are kept.

        Raises: Unavailable.
        """
        if not rejected:
            return []
        keys = await self._keys(scope, rejected)
        entries: dict[str, _Entry] = {}
        ids = []
        for one in rejected:
            quarantine_id, entry = _entry(one, keys.get(one.subject or "") or keys[""])
            ids.append(quarantine_id)
            if quarantine_id in entries:
                entries[quarantine_id].times += 1
            else:
                entries[quarantine_id] = entry
        kept = await retried(lambda: self._keep(scope, entries))
        return [quarantine_id in kept for quarantine_id in ids]

    async def _keys(self, scope: Scope, rejected: Sequence[Rejected]) -> Mapping[str, SubjectKey]:
        """Return the keys of customers who have one, and the branch's under no name."""
        subject = branch_subject(scope.branch_id)
        own = (await self._vault.prepare([subject]))[subject]
        customers = {one.subject for one in rejected if one.subject is not None}
        return {**await self._vault.existing(customers), "": own}

    async def _keep(self, scope: Scope, entries: Mapping[str, _Entry]) -> set[str]:
        """Keep entries in one transaction; return which of them lie here now."""
        now, branch_id = self._clock.now(), scope.branch_id
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(sql("quarantine_lock"), _LOCK_CLASS, branch_id)
            oldest = now - timedelta(days=self._room.days)
            await connection.execute(sql("quarantine_expire"), branch_id, oldest)
            [taken] = await connection.fetch(sql("quarantine_taken"), branch_id, list(entries))
            kept = _fitting(entries, taken, self._room)
            await _write(connection, scope, now, kept)
            if turned_away := sum(e.times for i, e in entries.items() if i not in kept):
                await connection.execute(sql("quarantine_overflow"), branch_id, now, turned_away)
        return set(kept)

    async def expire(self) -> None:
        """Let go of what has lain here too long, of every branch. Raises: Unavailable."""
        oldest = self._clock.now() - timedelta(days=self._room.days)
        with translated():
            await self._pool.execute(sql("quarantine_expire"), None, oldest)

    async def latest(
        self, limit: int, branch_id: str | None = None, *, settled: bool = False
    ) -> Sequence[Quarantined]:
        """Return what was refused last, without the events. Raises: Unavailable."""
        with translated():
            rows = await self._pool.fetch(sql("quarantine_list"), branch_id, settled, limit)
        return [_quarantined(row, None) for row in rows]

    async def count(self, branch_id: str | None = None) -> Waiting:
        """Return how much waits. Raises: Unavailable."""
        with translated():
            [row] = await self._pool.fetch(sql("quarantine_count"), branch_id)
        return Waiting(row["events"], row["times"], row["overflow"])

    async def show(self, any_id: str) -> Sequence[Quarantined]:
        """Return the entries of a quarantine id or an event id, with the events opened.

        Raises: UsageError, Unavailable.
        """
        try:
            wanted = str(UUID(any_id))
        except ValueError as error:
            raise UsageError(
                worded("%(id)s is no id; see the list of what was refused", id=repr(any_id))
            ) from error
        with translated():
            rows = await self._pool.fetch(sql("quarantine_show"), wanted)
        if not rows:
            raise UsageError(
                worded(
                    "nothing with id %(id)s lies in quarantine; see the list of what was refused",
                    id=wanted,
                )
            )
        return [_quarantined(row, await self._event(row)) for row in rows]

    async def one_waiting(self, any_id: str) -> Quarantined:
        """Return the one entry of an id that waits, opened. Raises: UsageError, Unavailable."""
        found = await self.show(any_id)
        waiting = [entry for entry in found if entry.state == "waiting"]
        if not waiting:
            last = found[0]
            raise UsageError(
                worded("%(id)s was %(state)s before", id=last.quarantine_id, state=last.state)
            )
        if len(waiting) > 1:
            ids = ", ".join(entry.quarantine_id for entry in waiting)
            raise UsageError(
                worded(
                    "%(id)s was refused in several wordings; name one of %(ids)s",
                    id=any_id,
                    ids=ids,
                )
            )
        return waiting[0]

    async def settle(
        self, entry: Quarantined, state: Literal["resubmitted", "discarded"], reason: str
    ) -> None:
        """Say what became of an entry, and let go of its event. Raises: UsageError, Unavailable."""
        with translated():
            settled = await self._pool.fetchval(
                sql("quarantine_settle"), entry.quarantine_id, state, reason, self._clock.now()
            )
        if settled is None:
            raise UsageError(
                worded("%(id)s was settled by somebody else meanwhile", id=entry.quarantine_id)
            )

    async def _event(self, row: asyncpg.Record) -> str | None:
        if row["sealed"] is None:
            return None
        subject = row["sealed_for"] or branch_subject(row["branch_id"])
        opened = await self._vault.open(subject, row["quarantine_id"], row["sealed"])
        return opened["event"] if opened is not None else None


async def waiting_by_branch(pool: Pool) -> Mapping[str, int]:
    """Return how many refused events of each branch wait, where any do. Raises: Unavailable."""
    with translated():
        rows = await pool.fetch(sql("quarantine_by_branch"))
    return {row["branch_id"]: row["events"] for row in rows}


def _entry(one: Rejected, key: SubjectKey) -> tuple[str, _Entry]:
    """Return an event as it is kept, and the id made of it."""
    text, cut = _as_text(one.event)
    again, _ = _as_text(_without_attempt(one.event))
    why = one.why
    digest = key.digest("\x00".join((why.code, why.field, why.reason, again)).encode())
    quarantine_id = str(UUID(bytes=digest[:16]))
    sealed = None if key.erased else key.seal(quarantine_id, {"event": text})
    return quarantine_id, _Entry(one, key.subject, sealed, cut)


def _fitting(entries: Mapping[str, _Entry], taken: asyncpg.Record, room: Room) -> dict[str, _Entry]:
    """Return the entries that lie here already or for which there is room."""
    events, known = room.events - taken["events"], set(taken["known"])
    free = room.megabytes * 1024 * 1024 - taken["bytes"]
    kept = {}
    for quarantine_id, entry in entries.items():
        if quarantine_id not in known:
            size = len(entry.sealed or b"")
            if events < 1 or size > free:
                continue
            events -= 1
            free -= size
        kept[quarantine_id] = entry
    return kept


async def _write(
    connection: Connection, scope: Scope, now: datetime, kept: Mapping[str, _Entry]
) -> None:
    entries = kept.values()
    firsts = [entry.first for entry in entries]
    await connection.execute(
        sql("quarantine_add"),
        now,
        scope.branch_id,
        scope.headquarters,
        list(kept),
        [entry.times for entry in entries],
        [one.event_id for one in firsts],
        [one.type for one in firsts],
        [one.why.code for one in firsts],
        [one.why.kept_field for one in firsts],
        [one.why.kept_reason for one in firsts],
        [one.why.remedy for one in firsts],
        [entry.sealed_for for entry in entries],
        [entry.sealed for entry in entries],
        [entry.cut for entry in entries],
        [one.number and one.number.source for one in firsts],
        [one.number and one.number.epoch for one in firsts],
        [one.number and one.number.sequence for one in firsts],
        [_kept(one.why.kept_reason) for one in firsts],
        [_kept(one.why.remedy) for one in firsts],
    )


def _worded(kept: msgspec.Raw, english: str) -> str:
    data = msgspec.json.decode(kept)
    return english if data is None else unspelled(data)


def _kept(text: str) -> str:
    return msgspec.json.encode(spelled(text)).decode()


def _quarantined(row: asyncpg.Record, event: str | None) -> Quarantined:
    fields = {name: row[name] for name in Quarantined.__struct_fields__ if name != "event"}
    for name in ("reason_worded", "remedy_worded"):  # null: of earlier days, in English alone
        fields[name] = msgspec.Raw((row[name] or "null").encode())
    return Quarantined(**fields, event=event)


def _as_text(event: object) -> tuple[str, bool]:
    """Return the event as JSON, as far as it can be written, and whether it was cut."""
    try:
        encoded = msgspec.json.encode(event, enc_hook=_unusable)
    except (RecursionError, ValueError, TypeError):  # too deep, no text, or no JSON at all
        return "(an event that cannot be written down)", True
    return encoded[:_KEPT_BYTES].decode("utf-8", "ignore"), len(encoded) > _KEPT_BYTES


def _without_attempt(event: object) -> object:
    """Return an event without what differs from one attempt to send it to the next."""
    if not isinstance(event, dict):
        return event
    return {name: value for name, value in event.items() if name not in _OF_AN_ATTEMPT}


def _unusable(value: object) -> str:
    return f"({getattr(value, 'reason', 'no JSON value')})"
