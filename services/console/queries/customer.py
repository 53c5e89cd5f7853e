"""One customer as of any instant, as known at any other.

Nothing of this is stored: the customer's events are read, and assessed by whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from events.envelope import CustomerId, PositionVector, RecordedEvent
from events.errors import EventError
from events.home import Asked, Home, Known, known
from events.partitioning import partition_of
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from projections.protocol import Facts
from services.console.queries.reading import ReadModel
from services.console.statements import named_sql
from services.log.readable import recorded
from services.log.stored import stored_event
from services.ports import StoredEvent
from services.postgres.pool import translated

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


class Lookup(Struct, frozen=True, kw_only=True):
    """Whose events to look at, from which instant, and under which rules."""

    customer: CustomerId
    reference: Reference
    position: PositionVector
    at: datetime
    branch_id: str  # where the customer is at home
    zone: ZoneInfo
    as_of: datetime | None  # None: now
    as_known: datetime | None  # None: with all that is known now


class CustomerAt(Lookup, frozen=True, kw_only=True):
    """The same, and what was recorded of the customer."""

    facts: Facts  # of any kind

    def of_kinds(self, handled: frozenset[type[Touchpoint]]) -> Facts:
        """Return the facts that a projection handles."""
        return Facts(self.facts, handled)


async def customer_at(
    model: ReadModel, customer: CustomerId, as_of: str | None, as_known: str | None
) -> CustomerAt:
    """Return a customer's facts and the instant asked about.

    `as_known` alone asks what was shown then: as of the same instant. A day means its end, and
    an instant without an offset is local, both where the customer is at home.
    Raises: UnknownCustomer, UnreadableDossier, NoInstant, Unavailable.
    """
    at, known_at = _asked("as_of", as_of), _asked("as_known", as_known)
    heads = await model.platform.log.heads()
    reference = await model.reference()
    facts = _facts((await model.platform.dossiers.of([customer], heads))[customer])
    found = _known(facts, reference, at, known_at, model)
    place = _lookup(customer, facts, found, heads, asks_now=at is None and known_at is None)
    return CustomerAt(facts=Facts(found.facts), **structs.asdict(place))


async def look_up(
    model: ReadModel, customer: CustomerId, as_of: str | None, as_known: str | None
) -> Lookup:
    """Return the same without reading all the customer's events: its home needs but a few.

    Raises: UnknownCustomer, UnreadableDossier, NoInstant, Unavailable.
    """
    at, known_at = _asked("as_of", as_of), _asked("as_known", as_known)
    heads = await model.platform.log.heads()
    reference = await model.reference()
    facts = await _home_facts(model, customer, heads, None)
    if known_at is not None:
        with _within_calendar("as_known", known_at):
            by = Home(facts).instant_of(known_at, reference)
        facts = [*facts, *await _home_facts(model, customer, heads, by)]
    found = _known(facts, reference, at, known_at, model)
    return _lookup(customer, facts, found, heads, asks_now=at is None and known_at is None)


async def _home_facts(
    model: ReadModel, customer: CustomerId, heads: PositionVector, recorded_by: datetime | None
) -> list[RecordedEvent]:
    """Return the facts that tell where a customer is at home, of those recorded by an instant."""
    partition = partition_of(customer)
    with translated():
        rows = await model.platform.pool.fetch(
            named_sql("home"), customer, heads.generation, partition, heads.counts[partition],
            [CustomerRegistered.event_type, CustomerProfileChanged.event_type], recorded_by,
        )  # fmt: skip
    if not rows and recorded_by is not None:
        return []
    return _facts([stored_event(row) for row in rows])


def _facts(stored: Sequence[StoredEvent]) -> list[RecordedEvent]:
    if not stored:
        raise UnknownCustomer
    try:
        return [recorded(one) for one in stored]
    except EventError as error:
        raise UnreadableDossier(str(error)) from error


def _known(
    facts: Sequence[RecordedEvent],
    reference: Reference,
    at: Asked | None,
    known_at: Asked | None,
    model: ReadModel,
) -> Known:
    """Return what was known, and the instants. Raises: NoInstant."""
    asked = at or known_at or model.platform.clock.now()
    with _within_calendar("as_of" if at is not None else "as_known", asked):
        return known(facts, reference, asked, known_at)


def _lookup(
    customer: CustomerId,
    facts: Sequence[RecordedEvent],
    found: Known,
    heads: PositionVector,
    *,
    asks_now: bool,
) -> Lookup:
    branch_id = Home(found.facts or facts).branch_at(found.at)
    return Lookup(
        customer=customer,
        reference=found.reference,
        position=heads,
        at=found.at,
        branch_id=branch_id or "",
        zone=found.reference.zone_of(branch_id),
        as_of=None if asks_now else found.at,
        as_known=found.known_at,
    )


def _asked(name: str, text: str | None) -> Asked | None:
    """Return what a parameter asks about. Raises: NoInstant."""
    if text is None:
        return None
    try:
        if len(text) == len("2026-03-20"):
            asked: Asked = date.fromisoformat(text)
        else:
            asked = datetime.fromisoformat(text)
    except ValueError as error:
        raise NoInstant(name, text) from error
    if asked.year not in _YEARS:
        raise NoInstant(name, text)
    return asked


@contextmanager
def _within_calendar(name: str, asked: Asked) -> Iterator[None]:
    """Say of an instant that its offset carries out of the calendar that it is none."""
    try:
        yield
    except OverflowError as error:
        raise NoInstant(name, str(asked)) from error
