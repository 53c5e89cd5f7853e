"""Snapshots of long dossiers: what a worker remembered of a customer, without its facts.

A snapshot belongs to a projection version, the code that made it, the rules it was assessed
under and a position. It is kept when a long dossier had to be read, and again when it has grown
by a share of its length, so that keeping costs a constant share of the events. It is read whole;
of facts that its memo has taken in it holds no more than that they were told. Where they are
asked for after all, because one came late or the rules are others, the dossier is read again.
Personal fields stay sealed in it as they are in the events.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
import structlog
from asyncpg import Record

from events.envelope import CustomerId
from events.policy import Reference
from projections.keeping import Kept, KeptFacts
from projections.protocol import Alert, Facts, Projection
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.projector.code import code_digest
from services.projector.memory import Packed, Remembered
from services.projector.rules_read import RulesRead
from services.projector.turns import Turns
from services.rows.kept_rows import KeptRows, kept_rows
from services.rows.written import Written, WrittenRows

_LOG = structlog.get_logger(__name__)

LONG_EVENTS = 1_000
"""A shorter dossier is worked out about as quickly as its snapshot is brought back."""

_GROWTH = 0.05
_SMALL = 2**18
_ANY_SIZE = 2**31 - 1  # in bytes
_LARGE_AT_ONCE = 20  # contents larger than small read together: each may be megabytes

_AS_IT_IS, _QUICKLY = 0, 1
"""Levels of zlib, whose checksum tells damaged bytes at any; a small content is read sooner as it
is."""

_FORM = 2  # of the content


class Content(Kept):
    """What is kept of a customer under one projection."""

    facts: KeptFacts
    memo: bytes  # as the projection keeps it
    rows: dict[str, bytes]  # by table name
    alerts: dict[str, Alert]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Content)


class Snapshot(NamedTuple):
    """What was remembered of a customer when the events before `upto` were taken in."""

    remembered: Remembered
    upto: int
    assessed_at: datetime  # by the rows and alerts that are remembered
    written_at: datetime  # by those in the database, at `assessed_at` or later

    def has_grown(self, later: int) -> bool:
        """Return whether so many events since are worth another snapshot."""
        return later > _GROWTH * len(self.remembered.facts)


class Snapshots:
    """Keeps and finds the snapshots of one projection, under the name its rows have."""

    def __init__(
        self, pool: Pool, projection: Projection, stored_as: tuple[str, int], generation: int
    ) -> None:
        self.projection = projection
        self.rules = RulesRead(projection.reads)
        self._pool = pool
        self.id = stored_as
        self._code = f"{code_digest()}/{_FORM}"
        self._generation = generation

    async def of(
        self, customers: Sequence[CustomerId], upto: int, reference: Reference
    ) -> dict[CustomerId, Snapshot]:
        """Return the snapshots that serve, none beyond `upto`. Raises: Unavailable."""
        found: dict[CustomerId, Snapshot] = {}
        rows = await self._read(customers, upto, reference, _SMALL)
        large = [row["customer_id"] for row in rows if row["content"] is None]
        await self._bring_back(rows, reference, found)
        for start in range(0, len(large), _LARGE_AT_ONCE):
            some = large[start : start + _LARGE_AT_ONCE]
            rows = await self._read(some, upto, reference, _ANY_SIZE)
            await self._bring_back(rows, reference, found)
        return found

    async def _read(
        self, customers: Sequence[CustomerId], upto: int, reference: Reference, most_bytes: int
    ) -> list[Record]:
        with translated():
            return await self._pool.fetch(
                sql("snapshots_of"), *self.id, self._code, self._generation, upto,
                self.rules.count(reference), reference.count, customers, most_bytes,
            )  # fmt: skip

    async def _bring_back(
        self, rows: Sequence[Record], reference: Reference, into: dict[CustomerId, Snapshot]
    ) -> None:
        rules = self.rules.of(reference)
        turns = Turns()
        for row in rows:
            if row["content"] is None:
                continue
            await turns.next()
            customer = CustomerId(row["customer_id"])
            try:
                into[customer] = self._brought_back(row, rules)
            except Exception as error:  # noqa: BLE001 - whatever it is, the events are there
                _LOG.warning("snapshot_unreadable", customer=customer, reason=str(error))

    def _brought_back(self, row: Record, reference: Reference) -> Snapshot:
        remembered = self._remembered(zlib.decompress(row["content"]), reference)
        return Snapshot(remembered, row["upto"], row["assessed_at"], row["written_at"])

    def _remembered(self, packed: bytes, reference: Reference) -> Remembered:
        content = _DECODER.decode(packed)
        memo = self.projection.brought_back(content.memo, reference)
        facts = Facts.brought_back(content.facts, self.projection.handles, memo)
        rows: WrittenRows = {
            table.name: KeptRows(table.row, content.rows[table.name])
            for table in self.projection.tables
            if table.name in content.rows
        }
        return Remembered(facts, Written(rows, content.alerts, memo.stamp))

    def packed(self, remembered: Remembered) -> Packed | None:
        """Return what is remembered as bytes; None where there is no memo to go on from."""
        memo = remembered.facts.memo
        return None if memo is None else Packed(self._content(remembered), memo.reference)

    def unpacked(self, packed: Packed) -> Remembered:
        """Return what is remembered as it was."""
        return self._remembered(zlib.decompress(packed.content), packed.reference)

    async def keep(
        self,
        customer: CustomerId,
        remembered: Remembered,
        upto: int,
        at: datetime,
        reference: Reference,
    ) -> None:
        """Keep what is remembered, and written, of the events before `upto` as of `at`."""
        facts = remembered.facts
        if facts.memo is None:
            return
        try:
            # Nobody else looks at it meanwhile, and a long one takes as long as many events.
            content = await asyncio.to_thread(self._left_out, remembered)
            with translated():
                await self._pool.execute(
                    sql("snapshot_keep"), *self.id, customer, self._code, self._generation, upto,
                    at, self.rules.count(reference), len(facts), content,
                )  # fmt: skip
        except Exception:  # noqa: BLE001 - what it is a snapshot of is written already
            _LOG.exception("snapshot_not_kept", customer=customer)

    def _left_out(self, remembered: Remembered) -> bytes:
        """Return the content, once facts are left out: their ids are digested for it once."""
        remembered.facts.leave_out()
        return self._content(remembered)

    def _content(self, remembered: Remembered) -> bytes:
        facts, written = remembered.facts, remembered.written
        assert facts.memo is not None
        content = _ENCODER.encode(
            Content(
                facts=facts.kept(),
                memo=self.projection.kept(facts.memo),
                rows={table: kept_rows(rows) for table, rows in written.rows.items()},
                alerts=written.alerts,
            )
        )
        return zlib.compress(content, _AS_IT_IS if len(content) <= _SMALL else _QUICKLY)
