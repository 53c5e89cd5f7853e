"""One customer's receivables, explained to the event: as of any instant, as known at any other.

Nothing of this is stored: the customer's events are read and assessed when asked.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from events.calendars import day_end, zone
from events.envelope import CustomerId, PositionVector, RecordedEvent
from events.errors import EventError
from events.policy import Reference
from projections.protocol import Facts
from projections.receivables.statement import Statement, explain
from services.console.queries.reading import ReadModel
from services.projector.owner import recorded

_YEARS = range(1970, 2200)


class UnknownCustomer(Exception):
    """The log holds no event of this customer."""


class UnreadableDossier(Exception):
    """An event of the customer cannot be read, so that no figure of theirs can be told."""


class NoInstant(ValueError):
    """The text is neither a day nor an instant."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(
            f"{text!r} is neither a day such as 2026-03-20 nor an instant such as "
            "2026-03-20T10:00:00+08:00"
        )
        self.name = name


class CustomerReceivables(Struct, frozen=True):
    """A statement, and what it was made from."""

    statement: Statement
    reference: Reference
    position: PositionVector
    as_of: datetime | None  # None: now
    as_known: datetime | None  # None: with all that is known now


async def customer_receivables(
    model: ReadModel, customer: CustomerId, as_of: str | None, as_known: str | None
) -> CustomerReceivables:
    """Return a customer's receivables.

    `as_known` alone asks what was shown then: as of the same instant. A day means its end, and
    an instant without an offset is local, in the zone of the customer's home branch.
    Raises: UnknownCustomer, UnreadableDossier, NoInstant, Unavailable.
    """
    heads = await model.platform.log.heads()
    reference = await model.reference()
    stored = (await model.platform.dossiers.of([customer], heads))[customer]
    if not stored:
        raise UnknownCustomer
    try:
        events = [recorded(one) for one in stored]
    except EventError as error:
        raise UnreadableDossier(str(error)) from error
    now = model.platform.clock.now()
    statement = explain(customer, Facts(events), now, reference)
    if as_of is None and as_known is None:
        return CustomerReceivables(statement, reference, heads, None, None)
    home = zone(statement.zone)
    known_by = None if as_known is None else instant_of("as_known", as_known, home)
    at = known_by if as_of is None else instant_of("as_of", as_of, home)
    known, rules = _known(events, reference, known_by)
    statement = explain(customer, Facts(known), at or now, rules)
    return CustomerReceivables(statement, reference, heads, at, known_by)


def _known(
    events: list[RecordedEvent], reference: Reference, known_by: datetime | None
) -> tuple[list[RecordedEvent], Reference]:
    """Return the events and rules that were recorded by an instant."""
    if known_by is None:
        return events, reference
    return [e for e in events if e.recorded_at <= known_by], reference.known_at(known_by)


def instant_of(name: str, text: str, home: ZoneInfo) -> datetime:
    """Return the instant that a parameter names. Raises: NoInstant."""
    try:
        if len(text) == len("2026-03-20"):
            at = day_end(date.fromisoformat(text), home)
        else:
            local = datetime.fromisoformat(text)
            at = (local if local.tzinfo else local.replace(tzinfo=home)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NoInstant(name, text) from error
    if at.year not in _YEARS:
        raise NoInstant(name, text)
    return at
