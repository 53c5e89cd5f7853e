"""One customer as of any instant, as known at any other.

Nothing of this is stored: the customer's events are read, and assessed by whoever asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from events.calendars import day_end
from events.envelope import CustomerId, PositionVector
from events.errors import EventError
from events.partitioning import partition_of
from events.policy import Reference
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from projections.protocol import Facts
from services.console.shared.principal import Principal
from services.console.shared.reading import ReadModel
from services.console.shared.refusals import BadParameter
from services.console.shared.statements import named_sql
from services.log.readable import recorded
from services.log.stored import stored_event
from services.ports import StoredEvent
from services.postgres.pool import translated
from services.web.problems import Problem

_YEARS = range(1970, 2200)


class UnknownCustomer(Problem):
    """The log holds no event of this customer."""

    def __init__(self, customer: str) -> None:
        super().__init__(
            HTTPStatus.NOT_FOUND,
            "unknown_customer",
            f"no event of a customer {customer!r} was ever recorded",
            "check the id; it is case sensitive",
        )


class UnreadableDossier(Problem):
    """An event of the customer cannot be read, so that no figure of theirs can be told."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            HTTPStatus.CONFLICT,
            "customer_parked",
            f"an event of this customer cannot be read: {reason}",
            "see `touchstone parked list`",
        )


class NoInstant(BadParameter):
    """The text is neither a day nor an instant."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(
            name,
            f"{text!r} is neither a day such as 2026-03-20 nor an instant such as "
            "2026-03-20T10:00:00+08:00",
            "give a day or an instant",
        )


class Instants(Struct, frozen=True):
    """The instants that somebody asks about, as they were typed; None: now."""

    as_of: str | None = None
    as_known: str | None = None

    def instant(self, name: Literal["as_of", "as_known"], home: ZoneInfo) -> datetime | None:
        """Return what one of them means in a customer's zone. Raises: NoInstant."""
        text: str | None = getattr(self, name)
        return None if text is None else instant_of(name, text, home)


class Lookup(Struct, frozen=True, kw_only=True):
    """Whose events to look at, for whom, from which instant, and under which rules."""

    principal: Principal
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
    model: ReadModel,
    principal: Principal,
    customer: CustomerId,
    asked: Instants,
) -> CustomerAt:
    """Return a customer's facts and the instant asked about.

    `as_known` alone asks what was shown then: as of the same instant. A day means its end, and
    an instant without an offset is local, in the zone of the customer's home branch.
    Raises: UnknownCustomer, UnreadableDossier, NoInstant, Unavailable.
    """
    heads = await model.platform.log.heads()
    reference = await model.reference()
    stored = (await model.platform.dossiers.of([customer], heads))[customer]
    facts = _facts(customer, stored)
    place = _lookup(model, principal, customer, facts, reference, heads, asked)
    known_by = place.as_known
    if known_by is not None:
        facts = Facts(event for event in facts if event.recorded_at <= known_by)
    return CustomerAt(facts=facts, **structs.asdict(place))


async def look_up(
    model: ReadModel,
    principal: Principal,
    customer: CustomerId,
    asked: Instants,
) -> Lookup:
    """Return the same without reading all the customer's events: its zone needs but a few.

    Raises: UnknownCustomer, UnreadableDossier, NoInstant, Unavailable.
    """
    heads = await model.platform.log.heads()
    reference = await model.reference()
    partition = partition_of(customer)
    with translated():
        rows = await model.platform.pool.fetch(
            named_sql("shared/home"),
            customer,
            heads.generation,
            partition,
            heads.counts[partition],
            [CustomerRegistered.event_type, CustomerProfileChanged.event_type],
        )
    facts = _facts(customer, [stored_event(row) for row in rows])
    return _lookup(model, principal, customer, facts, reference, heads, asked)


def _facts(customer: CustomerId, stored: Sequence[StoredEvent]) -> Facts:
    if not stored:
        raise UnknownCustomer(customer)
    try:
        return Facts(recorded(one) for one in stored)
    except EventError as error:
        raise UnreadableDossier(str(error)) from error


def _lookup(
    model: ReadModel,
    principal: Principal,
    customer: CustomerId,
    facts: Facts,
    reference: Reference,
    heads: PositionVector,
    asked: Instants,
) -> Lookup:
    now = model.platform.clock.now()
    home = reference.zone_of(home_branch(facts, now))
    known_by = asked.instant("as_known", home)
    at = asked.instant("as_of", home) or known_by
    if known_by is not None:
        reference = reference.known_at(known_by)
        known = [event for event in facts if event.recorded_at <= known_by]
        facts = Facts(known) if known else facts
    branch_id = home_branch(facts, at or now)
    return Lookup(
        principal=principal,
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
