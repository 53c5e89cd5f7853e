"""Snapshots of long dossiers: what a worker remembered of a customer, without its facts.

A snapshot belongs to the projection versions that remember it together, the code that made it,
the rules it was assessed under and a position. It is kept when a long dossier had to be read, and
again when it has grown by a share of its length, so that keeping costs a constant share of the
events. It is read whole; of facts that its memo has taken in it holds no more than that they were
told. Where they are asked for after all, because one came late or the rules are others, the
dossier is read again. Personal fields stay sealed in it as they are in the events.
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
from projections.facts import Facts, Memo, Reading
from projections.keeping import Kept, KeptFacts
from projections.protocol import Alert
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.projector.code import code_digest
from services.projector.lane import Lane, Listeners
from services.projector.memory import Packed, Remembered
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

_FORM = 3  # of the content


class ContentOf(Kept):
    """What is kept of a customer under one projection."""

    rows: dict[str, bytes]  # by table name
    alerts: dict[str, Alert]
    reading: bytes | None  # what it made of another's walk; None: nothing, or it walks itself


class Content(Kept):
    """What is kept of a customer under all projections that are told of the same facts."""

    facts: KeptFacts
    memo: bytes  # as the first projection keeps it
    shares: list[ContentOf | None]  # None: no fact was of a kind that it handles


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Content)


class Snapshot(NamedTuple):
    """What was remembered of a customer when the events before `upto` were taken in."""

    remembered: Remembered
    upto: int
    assessed_at: datetime  # by the rows and alerts that are remembered
    written_at: list[datetime]  # by those in the database, by projection

    def has_grown(self, later: int) -> bool:
        """Return whether so many events since are worth another snapshot."""
        return later > _GROWTH * len(self.remembered.facts)


class Snapshots:
    """Keeps and finds the snapshots of projections that are told of the same facts."""

    def __init__(self, pool: Pool, told: Listeners, generation: int) -> None:
        self._told = told
        self._pool = pool
        self._lanes = told.lanes
        ids = [lane.store.id for lane in told.lanes]
        self.id = "+".join(name for name, _ in ids), ids[0][1]
        self._code = f"{code_digest()}/{_FORM}/{[version for _, version in ids[1:]]}"
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
        for lane in self._lanes[1:] if found else ():
            await self._written_beside(lane, found, reference)
        return found

    async def _written_beside(
        self, lane: Lane, found: dict[CustomerId, Snapshot], reference: Reference
    ) -> None:
        """Add as of when the rows of another lane are; whose are of other rules is not found."""
        with translated():
            rows = await self._pool.fetch(
                sql("snapshot_heads"), *lane.store.id, [*found], lane.rules.count(reference)
            )
        written = {CustomerId(row["customer_id"]): row["assessed_at"] for row in rows}
        place = self._lanes.index(lane)
        for customer, snapshot in [*found.items()]:
            at = written.get(customer)
            if at is not None:
                snapshot.written_at.append(at)
            elif snapshot.remembered.written[place] is None:
                snapshot.written_at.append(snapshot.assessed_at)
            else:
                del found[customer]

    async def _read(
        self, customers: Sequence[CustomerId], upto: int, reference: Reference, most_bytes: int
    ) -> list[Record]:
        with translated():
            return await self._pool.fetch(
                sql("snapshots_of"), *self.id, self._code, self._generation, upto,
                self._count(reference), reference.count, customers, most_bytes,
                *self._lanes[0].store.id,
            )  # fmt: skip

    async def _bring_back(
        self, rows: Sequence[Record], reference: Reference, into: dict[CustomerId, Snapshot]
    ) -> None:
        rules = [lane.rules.of(reference) for lane in self._lanes]
        turns = Turns()
        for row in rows:
            if row["content"] is None:
                continue
            await turns.next()
            customer = CustomerId(row["customer_id"])
            try:
                into[customer] = self._brought_back(row, rules)
            except Exception as error:  # noqa: BLE001 - whatever it is, the events are there
                _LOG.warning("snapshot_unreadable", reason=str(error))

    def _count(self, reference: Reference) -> int:
        """Return where the latest event stands that any of the projections reads."""
        return max(lane.rules.count(reference) for lane in self._lanes)

    def _brought_back(self, row: Record, rules: Sequence[Reference]) -> Snapshot:
        remembered = self._remembered(zlib.decompress(row["content"]), rules)
        return Snapshot(remembered, row["upto"], row["assessed_at"], [row["written_at"]])

    def _remembered(self, packed: bytes, rules: Sequence[Reference]) -> Remembered:
        content = _DECODER.decode(packed)
        memo = self._lanes[0].projection.brought_back(content.memo, rules[0])
        facts = self._told.share(Facts.brought_back(content.facts, self._told.handles, memo))
        written: list[Written | None] = []
        for place, (share, lane) in enumerate(zip(content.shares, self._lanes, strict=True)):
            if share is None:
                written.append(None)
                continue
            rows: WrittenRows = {
                table.name: KeptRows(table.row, share.rows[table.name])
                for table in lane.projection.tables
                if table.name in share.rows
            }
            read = memo if place == 0 else self._reading_again(lane, memo, share, rules[place])
            stamp = None if read is None else read.stamp
            written.append(Written(rows, share.alerts, stamp))
        return Remembered(facts, written)

    def _reading_again(
        self, lane: Lane, memo: Memo, share: ContentOf, rules: Reference
    ) -> Memo | None:
        if share.reading is None:
            return None
        return reading_of(lane).bring_back(memo, share.reading, rules)

    def packed(self, remembered: Remembered) -> Packed | None:
        """Return what is remembered as bytes; None where there is no memo to go on from."""
        memo = remembered.facts.memo
        if memo is None:
            return None
        rules = [memo.reference, *(lane.rules.latest for lane in self._lanes[1:])]
        return Packed(self._content(remembered, rules), rules)

    def unpacked(self, packed: Packed) -> Remembered:
        """Return what is remembered as it was."""
        return self._remembered(zlib.decompress(packed.content), packed.rules)

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
            rules = [lane.rules.of(reference) for lane in self._lanes]
            content = await asyncio.to_thread(self._left_out, remembered, rules)
            with translated():
                await self._pool.execute(
                    sql("snapshot_keep"), *self.id, customer, self._code, self._generation, upto,
                    at, self._count(reference), len(facts), content,
                )  # fmt: skip
        except Exception:  # noqa: BLE001 - what it is a snapshot of is written already
            _LOG.exception("snapshot_not_kept")

    def _left_out(self, remembered: Remembered, rules: Sequence[Reference]) -> bytes:
        """Return the content, once facts are left out: their ids are digested for it once."""
        remembered.facts.leave_out()
        return self._content(remembered, rules)

    def _content(self, remembered: Remembered, rules: Sequence[Reference]) -> bytes:
        facts = remembered.facts
        memo = facts.memo
        assert memo is not None
        shares: list[ContentOf | None] = []
        for place, (written, lane) in enumerate(zip(remembered.written, self._lanes, strict=True)):
            if written is None:
                shares.append(None)
                continue
            rows = {table: kept_rows(found) for table, found in written.rows.items()}
            read = reading_of(lane).kept(memo, rules[place]) if place else None
            shares.append(ContentOf(rows, written.alerts, read))
        content = _ENCODER.encode(
            Content(facts=facts.kept(), memo=self._lanes[0].projection.kept(memo), shares=shares)
        )
        return zlib.compress(content, _AS_IT_IS if len(content) <= _SMALL else _QUICKLY)


def reading_of(lane: Lane) -> Reading:
    """Return what keeps what a lane makes of another's walk."""
    stage = lane.projection.stage
    assert stage is not None
    assert stage.reading is not None
    return stage.reading
