"""One customer as of any instant, as known at any other.

Nothing of this is stored: the customer's events are read, and assessed by whoever asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from events.calendars import day_end
from events.envelope import CustomerId, PositionVector
from events.errors import EventError
from events.partitioning import partition_of
from events.policy import Reference
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
    branch_id: str  # the home branch, else that of the first fact
    zone: ZoneInfo
    as_of: datetime | None  # None: now
    as_known: datetime | None  # None: with all that is known now


class CustomerAt(Lookup, frozen=True, kw_only=True):
    """The same, and what was recorded of the customer."""

    facts: Facts


async def customer_at(
    model: ReadModel, customer: CustomerId, as_of: str | None, as_known: str | None
) -> CustomerAt:
    """Return a customer's facts and the instant asked about.

    `as_known` alone asks what was shown then: as of the same instant. A day means its end, and
    an instant without an offset is local, in the zone of the customer's home branch.
    Raises: UnknownCustomer, UnreadableDossier, NoInstant, Unavailable.
    """
    heads = await model.platform.log.heads()
    reference = await model.reference()
    stored = (await model.platform.dossiers.of([customer], heads))[customer]
    facts = _facts(stored)
    place = _lookup(model, customer, facts, reference, heads, as_of, as_known)
    known_by = place.as_known
    if known_by is not None:
        facts = Facts(event for event in facts if event.recorded_at <= known_by)
    return CustomerAt(facts=facts, **structs.asdict(place))


async def look_up(
    model: ReadModel, customer: CustomerId, as_of: str | None, as_known: str | None
) -> Lookup:
    """Return the same without reading all the customer's events: its zone needs but a few.

    Raises: UnknownCustomer, UnreadableDossier, NoInstant, Unavailable.
    """
    heads = await model.platform.log.heads()
    reference = await model.reference()
    partition = partition_of(customer)
    with translated():
        rows = await model.platform.pool.fetch(
            named_sql("home"), customer, heads.generation, partition, heads.counts[partition],
            [CustomerRegistered.event_type, CustomerProfileChanged.event_type],
        )  # fmt: skip
    facts = _facts([stored_event(row) for row in rows])
    return _lookup(model, customer, facts, reference, heads, as_of, as_known)


def _facts(stored: Sequence[StoredEvent]) -> Facts:
    if not stored:
        raise UnknownCustomer
    try:
        return Facts(recorded(one) for one in stored)
    except EventError as error:
        raise UnreadableDossier(str(error)) from error


def _lookup(
    model: ReadModel,
    customer: CustomerId,
    facts: Facts,
    reference: Reference,
    heads: PositionVector,
    as_of: str | None,
    as_known: str | None,
) -> Lookup:
    now = model.platform.clock.now()
    home = reference.zone_of(home_branch(facts, now))
    known_by = None if as_known is None else instant_of("as_known", as_known, home)
    at = known_by if as_of is None else instant_of("as_of", as_of, home)
    if known_by is not None:
        reference = reference.known_at(known_by)
        known = [event for event in facts if event.recorded_at <= known_by]
        facts = Facts(known) if known else facts
    branch_id = home_branch(facts, at or now)
    return Lookup(
        customer=customer,
        reference=reference,
        position=heads,
        at=at or now,
        branch_id=branch_id,
        zone=reference.zone_of(branch_id),
        as_of=at,
        as_known=known_by,
    )


def home_branch(facts: Facts, at: datetime) -> str:
    """Return the home branch named last by an instant, else the branch of the first fact."""
    found: str | None = None
    for event in facts:
        if found is None:
            found = event.envelope.branch_id
        if event.envelope.effective_at > at:
            break
        match event.data:
            case CustomerRegistered(home_branch=named) | CustomerProfileChanged(home_branch=named):
                found = named or found
            case _:
                pass
    return found or ""


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
