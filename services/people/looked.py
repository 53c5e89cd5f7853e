"""Who looked at personal data: as long as a look has a row by that, and then by the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

from asyncpg import Record
from msgspec import Struct

from events.touchpoints.access import PersonsShown
from services.log.readable import readable
from services.log.stored import stored_event
from services.postgres.statements import sql

Ask = Callable[..., Awaitable[Sequence[Record]]]
"""Asks a statement, in which {looks} stands for the table, with its parameters."""

_EVENTS_AT_ONCE = 20


class LookFilter(Struct, frozen=True):
    """Which looks: None means any."""

    staff_id: str | None = None
    customer_id: str | None = None
    since: datetime | None = None
    before: datetime | None = None

    def holds(self, look: Look) -> bool:
        """Tell whether a look is among them."""
        return (
            self.staff_id in (None, look.staff_id)
            and self.customer_id in (None, look.customer_id)
            and (self.since is None or look.at >= self.since)
            and (self.before is None or look.at < self.before)
        )


class Look(Struct, frozen=True):
    """A member of staff was shown who a customer is, on a kind of page."""

    look: int
    at: datetime
    staff_id: str
    customer_id: str
    page: str


async def looked(
    ask: Ask, wanted: LookFilter, limit: int, below: int | None = None, *, by_log: bool = True
) -> Sequence[Look]:
    """Return up to so many looks with a number below one, the latest first, each once.

    `by_log` asks for those, too, of which the log alone tells. Raises: UnreadableEvent.
    """
    rows = await ask(sql("looks_listed"), *_terms(wanted), below, limit)
    found = [Look(**dict(row.items())) for row in rows]
    if by_log:
        found += await _told(ask, wanted, limit, below)
    return sorted(found, key=_number, reverse=True)[:limit]


def _terms(wanted: LookFilter) -> tuple[object, ...]:
    return wanted.staff_id, wanted.customer_id, wanted.since, wanted.before


async def _told(ask: Ask, wanted: LookFilter, limit: int, below: int | None) -> Sequence[Look]:
    """Return the latest looks of which the log alone tells."""
    found: list[Look] = []
    place: int | None = None
    while True:
        events = await ask(sql("looks_in_log"), *_terms(wanted), below, place, _EVENTS_AT_ONCE)
        for row in events:
            found += [
                look
                for look in _looks_in(row)
                if (below is None or look.look < below) and wanted.holds(look)
            ]
        found = sorted(found, key=_number, reverse=True)[:limit]
        if len(events) < _EVENTS_AT_ONCE:
            return found
        place = events[-1]["last_look"]
        if len(found) == limit and found[-1].look >= place:
            return found  # whatever comes is earlier


def _looks_in(row: Record) -> Iterable[Look]:
    data = readable(stored_event(row)).data
    assert isinstance(data, PersonsShown)
    for one in data.shown:
        yield Look(one.look, one.at, data.by, one.customer, one.page)


def _number(look: Look) -> int:
    return look.look
