"""One event, whose it is, and what it does to its customer's figures."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from msgspec import Struct
from starlette.exceptions import HTTPException

from events.envelope import CustomerId, RecordedEvent
from projections.timeline.entries import Entry, entry_of
from services.console.audit.figures import Change, compared, figures
from services.console.shared.customer_at import CustomerAt, Instants, UnknownCustomer, customer_at
from services.console.shared.statements import named_sql
from services.console.shared.visit import Visit
from services.log.readable import readable
from services.log.stored import stored_event
from services.postgres.pool import translated


class EventShown(Struct, frozen=True):
    """An event of a customer, and the figures that would be others without it."""

    event: RecordedEvent
    entry: Entry
    customer: CustomerAt
    changes: list[Change]
    counts: bool  # it is among what counts now


async def event_shown(visit: Visit, event_id: str) -> EventShown:
    """Return an event of a customer whom the visitor may see.

    Raises: HTTPException, where there is none; UnreadableEvent, Unavailable.
    """
    with translated():
        row = await visit.console.platform.pool.fetchrow(named_sql("audit/event"), event_id)
    if row is None or row["customer_id"] is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    event = readable(stored_event(row))
    try:
        found = await customer_at(
            visit.console.everything,
            visit.principal,
            CustomerId(row["customer_id"]),
            Instants(),
        )
    except UnknownCustomer as error:
        raise HTTPException(HTTPStatus.NOT_FOUND) from error
    with_it = list(found.facts)
    without = [fact for fact in with_it if fact.id != event.envelope.id]
    rules = (found.at, found.reference)
    changes = compared(
        figures(found.customer, without, *rules), figures(found.customer, with_it, *rules)
    )
    return EventShown(
        event,
        entry_of(event),
        found,
        [one for one in changes if one.is_one],
        len(without) < len(with_it),
    )


def step_of(instants: list[datetime], n: int | None) -> int:
    """Return which of some steps is meant: the last where none is, and none beyond the ends."""
    last = max(0, len(instants) - 1)
    return last if n is None else max(0, min(n, last))
