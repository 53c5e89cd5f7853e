"""Looks become events of the log: one for a member of staff and a few minutes.

Which event tells of which looks is written down first, and appended then: whoever takes over from a
process that died appends the same event under the same id, which the log takes once. A look
that is written late is told of by another event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple, Protocol
from uuid import uuid4

import structlog
from asyncpg import Record

from events.envelope import BranchId, Envelope, EventId
from events.touchpoints.access import MOST_SHOWN, PersonsShown, Shown
from services.errors import Unavailable
from services.intake.draft import Draft, canonical_content
from services.ports import Accepted, Clock, Duplicate, EventLog, Submission, Vault
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql

PERIOD = timedelta(minutes=5)
"""Looks of one member of staff in such a period are told by one event."""

SOURCE = "/platform/looks"
"""What no key of a branch can publish as."""

_HEADQUARTERS = BranchId("HQ")
_SUBJECT = "console:looks"  # nobody's: its key makes the digests
_CLAIMED_AT_ONCE = 20_000
_APPENDED_AT_ONCE = 50
_LET_GO_AT_ONCE = 1_000
_EVERY_S = 60.0

_LOG = structlog.get_logger(__name__)


class _Platform(Protocol):
    """What telling takes of an open platform."""

    @property
    def pool(self) -> Pool: ...

    @property
    def log(self) -> EventLog: ...

    @property
    def vault(self) -> Vault: ...

    @property
    def clock(self) -> Clock: ...


class _ToTell(NamedTuple):
    """An event that is to tell of some looks."""

    event_id: str
    looks: Sequence[Record]


class LookEvents:
    """Tells the log of looks; however many processes do, each look is told of once."""

    def __init__(self, platform: _Platform) -> None:
        self._platform = platform

    async def run(self) -> None:
        """Tell now and then of what is new, until cancelled."""
        while True:
            try:
                if told := await self.tell():
                    _LOG.debug("looks_told", events=told)
            except Unavailable as error:
                _LOG.warning("looks_not_told", reason=str(error))
            await asyncio.sleep(_EVERY_S)

    async def tell(self) -> int:
        """Append the events of all periods that are over; return how many. Raises: Unavailable."""
        while await retried(self._claim):
            pass
        told = 0
        while appended := await self._append():
            told += appended
        return told

    async def let_go(self, before: datetime) -> int:
        """Let looks go that happened before an instant and that the log tells of; return of how
        many events. Raises: Unavailable.
        """
        gone = 0
        while True:
            some = await retried(lambda: self._let_some_go(before))
            gone += some
            if some < _LET_GO_AT_ONCE:
                return gone

    async def _let_some_go(self, before: datetime) -> int:
        async with self._platform.pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(sql("looks_alone"), before, _LET_GO_AT_ONCE)
            await connection.execute(sql("looks_let_go"), [row[0] for row in rows])
        return len(rows)

    async def _claim(self) -> bool:
        """Write down which events tell of looks whose period is over; return whether more are."""
        over = _period_of(self._platform.clock.now())
        async with self._platform.pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(sql("looks_alone_here")):
                return False  # another process writes it down
            looks = await connection.fetch(sql("looks_untold"), over, _CLAIMED_AT_ONCE)
            each = list(_together(looks))
            whose = [(look["look"], one.event_id) for one in each for look in one.looks]
            if whose:
                await connection.execute(sql("looks_claim"), *map(list, zip(*whose)))  # noqa: B905
                rows = [_row(one) for one in each]
                await connection.execute(sql("look_events_add"), *map(list, zip(*rows)))  # noqa: B905
        return len(looks) == _CLAIMED_AT_ONCE

    async def _append(self) -> int:
        """Append some events that are written down and not known to be in the log."""
        pool = self._platform.pool
        rows = await retried(lambda: pool.fetch(sql("look_events_waiting"), _APPENDED_AT_ONCE))
        if not rows:
            return 0
        drafts = [_draft(list(some)) for _, some in groupby(rows, lambda row: row["event_id"])]
        submissions = [
            Submission(
                draft.envelope,
                draft.data,
                await self._platform.vault.digest(_SUBJECT, canonical_content(draft)),
            )
            for draft in drafts
        ]
        outcomes = await self._platform.log.append(submissions)
        assert all(isinstance(one, Accepted | Duplicate) for one in outcomes), "ids are our own"
        ids = [draft.envelope.id for draft in drafts]
        await retried(lambda: pool.execute(sql("look_events_in_log"), ids))
        return len(ids)


def _period_of(at: datetime) -> datetime:
    """Return when the period of an instant began."""
    return at - (at - datetime.min.replace(tzinfo=at.tzinfo)) % PERIOD


def _together(looks: Iterable[Record]) -> Iterable[_ToTell]:
    """Yield the events that are to tell of looks: of one person, branch and period each."""
    found: dict[tuple[object, ...], list[Record]] = {}
    for look in looks:
        key = look["staff_id"], look["branch_id"], _period_of(look["at"])
        found.setdefault(key, []).append(look)
    for some in found.values():
        for first in range(0, len(some), MOST_SHOWN):
            yield _ToTell(str(uuid4()), some[first : first + MOST_SHOWN])


def _row(one: _ToTell) -> tuple[object, ...]:
    numbers = [look["look"] for look in one.looks]
    instants = [look["at"] for look in one.looks]
    staff_id, branch_id = one.looks[0]["staff_id"], one.looks[0]["branch_id"] or _HEADQUARTERS
    return (
        one.event_id, staff_id, branch_id,
        min(numbers), max(numbers), min(instants), max(instants),
    )  # fmt: skip


def _draft(rows: Sequence[Record]) -> Draft:
    """Return the event of some looks: the first of each customer on each kind of page."""
    told: dict[tuple[str, str], Shown] = {}
    for row in rows:
        shown = Shown(look=row["look"], at=row["at"], customer=row["customer_id"], page=row["page"])
        told.setdefault((shown.customer, shown.page), shown)
    first = rows[0]
    data = PersonsShown(by=first["staff_id"], shown=tuple(told.values()))
    envelope = Envelope(
        id=EventId(str(first["event_id"])),
        source=SOURCE,
        type=data.event_type,
        subject=None,
        branch_id=BranchId(first["branch_id"]),
        epoch=0,
        sequence=0,  # the ids tell what was told
        created_at=first["last_at"],
        effective_at=first["last_at"],
    )
    return Draft(envelope, data)
