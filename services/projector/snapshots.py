"""Snapshots of long dossiers: what a worker remembered of a customer, frozen.

A snapshot belongs to a projection version, the code that made it, the rules it was assessed
under and a position. It is kept when a long dossier had to be read, and again when it has grown
by a share of its length, so that keeping costs a constant share of the events. Bringing one
back reads what the events since ask for and nothing else. Personal fields stay sealed in it as
they are in the events.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import structlog
from asyncpg import Record

from events.envelope import CustomerId
from events.policy import Reference
from projections.frozen.freezing import freeze
from projections.frozen.thawing import thaw
from projections.protocol import Projection
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.projector.code import code_digest
from services.projector.memory import Remembered
from services.projector.rules_read import RulesRead
from services.projector.turns import Turns
from services.rows.written import Written

_LOG = structlog.get_logger(__name__)

LONG_EVENTS = 1_000
"""A shorter dossier is worked out about as quickly as its snapshot is brought back."""

_GROWTH = 0.05
_AT_ONCE = 20  # contents read together: each is megabytes
_FORM = 1  # of the root: facts, names of tables, alerts, stamp; and beside it their rows


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
        self._id = stored_as
        self._code = f"{code_digest()}/{_FORM}"
        self._generation = generation

    async def of(
        self, customers: Sequence[CustomerId], upto: int, reference: Reference
    ) -> dict[CustomerId, Snapshot]:
        """Return the snapshots that serve, none beyond `upto`. Raises: Unavailable."""
        found: dict[CustomerId, Snapshot] = {}
        rules, count = self.rules.of(reference), self.rules.count(reference)
        turns = Turns()
        with translated():
            rows = await self._pool.fetch(sql("snapshots_named"), *self._id, customers)
        named = [row["customer_id"] for row in rows]
        for start in range(0, len(named), _AT_ONCE):
            with translated():
                rows = await self._pool.fetch(
                    sql("snapshots_of"), *self._id, self._code, self._generation, upto,
                    count, reference.count, named[start : start + _AT_ONCE],
                )  # fmt: skip
            for row in rows:
                await turns.next()
                customer = CustomerId(row["customer_id"])
                try:
                    found[customer] = self._thawed(row, rules)
                except Exception as error:  # noqa: BLE001 - whatever it is, the events are there
                    _LOG.warning("snapshot_unreadable", customer=customer, reason=str(error))
        return found

    def _thawed(self, row: Record, reference: Reference) -> Snapshot:
        thawed = thaw(row["content"], self.projection.anatomy, reference)
        facts, tables, alerts, stamp = thawed.root
        written = Written(dict(zip(tables, thawed.long, strict=True)), alerts, stamp)
        remembered = Remembered(facts, written, thawed.close)
        return Snapshot(remembered, row["upto"], row["assessed_at"], row["written_at"])

    async def keep(
        self,
        customer: CustomerId,
        remembered: Remembered,
        upto: int,
        at: datetime,
        reference: Reference,
    ) -> None:
        """Keep what is remembered, and written, of the events before `upto` as of `at`."""
        facts, written = remembered.facts, remembered.written
        root = (facts, [*written.rows], written.alerts, written.stamp)
        try:
            content = await freeze(
                root,
                self.projection.anatomy,
                self.rules.of(reference),
                Turns().next,
                written.rows.values(),
            )
            with translated():
                await self._pool.execute(
                    sql("snapshot_keep"), *self._id, customer, self._code, self._generation, upto,
                    at, self.rules.count(reference), len(facts), content,
                )  # fmt: skip
        except Exception:  # noqa: BLE001 - what it is a snapshot of is written already
            _LOG.exception("snapshot_not_kept", customer=customer)
