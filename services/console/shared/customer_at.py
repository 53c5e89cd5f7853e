"""One customer as of any instant, as known at any other.

Nothing of this is stored: the customer's events are read, and assessed by whoever asks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Literal, NoReturn
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from events.customers.identity import Edge
from events.envelope import CustomerId, PositionVector, RecordedEvent
from events.errors import EventError
from events.facts import Fact, fact_of
from events.home import Asked, asked_about, home_of
from events.partitioning import partition_of
from events.policy import Reference
from events.texts import worded
from events.touchpoints.base import Touchpoint
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from projections.facts import Facts
from projections.merged import KnownTogether, known_together
from services.console.shared.reading import ReadModel
from services.console.shared.refusals import BadParameter
from services.console.shared.statements import named_sql
from services.log.filling import is_filling, still_filling
from services.log.homes import homes_of
from services.log.merged import merged_with
from services.log.near_customers import did_you_mean, near_customers
from services.log.readable import recorded
from services.log.stored import stored_event
from services.people.principal import Principal
from services.ports import StoredEvent
from services.postgres.pool import translated
from services.web.problems import Problem

_YEARS = range(1970, 2200)


class UnknownCustomer(Problem):
    """The log holds no event of this customer; `near` are ids that may have been meant.

    While an empty platform is being filled, the customer may yet come.
    """

    def __init__(self, customer: str, near: Sequence[str], *, filling: bool) -> None:
        super().__init__(
            HTTPStatus.NOT_FOUND,
            "unknown_customer",
            worded("no event of a customer %(id)s was ever recorded", id=repr(customer)),
            did_you_mean(near)
            or still_filling(filling)
            or worded("check the id; it is case sensitive"),
        )
        self.near = near
        self.filling = filling


class UnreadableDossier(Problem):
    """An event of the customer cannot be read, so that no figure of theirs can be told."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            HTTPStatus.CONFLICT,
            "customer_parked",
            worded("an event of this customer cannot be read: %(reason)s", reason=reason),
            worded("see `touchstone parked list`"),
        )


class NoInstant(BadParameter):
    """The text is neither a day nor an instant."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(
            name,
            worded(
                "%(text)s is neither a day such as 2026-03-20 nor an instant such as "
                "2026-03-20T10:00:00+08:00",
                text=repr(text),
            ),
            worded("give a day or an instant"),
        )
        self.name = name
        self.text = text


class Instants(Struct, frozen=True):
    """The instants that somebody asks about, as they were typed; None: now."""

    as_of: str | None = None
    as_known: str | None = None

    def asked(self, name: Literal["as_of", "as_known"]) -> Asked | None:
        """Return what one of them asks about. Raises: NoInstant."""
        text: str | None = getattr(self, name)
        return None if text is None else _asked(name, text)


class Lookup(Struct, frozen=True, kw_only=True):
    """Whose events to look at, for whom, from which instant, and under which rules.

    Of a customer who was merged into another by then, it is that one's root.
    """

    principal: Principal
    asked_for: CustomerId
    customer: CustomerId
    merges: Sequence[Edge]  # in force, by which others belong to the customer
    connected: Sequence[CustomerId]  # all whom merges connect with it, in force or not
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
    told_of: Mapping[CustomerId, Sequence[Fact]]  # the same by whom they were told of

    def of_kinds(self, handled: frozenset[type[Touchpoint]]) -> Facts:
        """Return the facts that a projection handles."""
        return Facts(self.facts, handled)


async def customer_at(
    model: ReadModel,
    principal: Principal,
    customer: CustomerId,
    asked: Instants,
) -> CustomerAt:
    """Return a customer's facts and the instant asked about.

    `as_known` alone asks what was shown then: as of the same instant. A day means its end, and
    an instant without an offset is local, both where the customer is at home.
    Raises: UnknownCustomer, UnreadableDossier, NoInstant, Unavailable.
    """
    heads = await model.platform.log.heads()
    connected = await _connected(model, customer)
    return await _customer_at(model, principal, customer, asked, heads, connected)


async def _customer_at(
    model: ReadModel,
    principal: Principal,
    customer: CustomerId,
    asked: Instants,
    heads: PositionVector,
    connected: Sequence[CustomerId],
) -> CustomerAt:
    reference = await model.reference()
    stored = await model.platform.dossiers.of(connected, heads)
    if not any(stored.values()):
        await _unknown(model, principal, customer)
    events = {one: _events(some) for one, some in stored.items()}
    found = _known(model, customer, events, reference, asked)
    members = {found.root, *(edge.member for edge in found.merges)}
    if not await _all_seen(model, principal, {customer, *members}):
        await _unknown(model, principal, customer)
    place = _lookup(principal, customer, events[customer], found, heads, asked)
    by = found.known.known_at
    told_of = {
        one: [fact_of(e) for e in some if by is None or e.recorded_at <= by]
        for one, some in events.items()
        if one in members
    }
    return CustomerAt(facts=Facts(found.known.facts), told_of=told_of, **structs.asdict(place))


async def look_up(
    model: ReadModel,
    principal: Principal,
    customer: CustomerId,
    asked: Instants,
) -> Lookup:
    """Return the same without reading all the customer's events: its home needs but a few.

    Raises: UnknownCustomer, UnreadableDossier, NoInstant, Unavailable.
    """
    heads = await model.platform.log.heads()
    connected = await _connected(model, customer)
    if len(connected) > 1:
        whole = await _customer_at(model, principal, customer, asked, heads, connected)
        return Lookup(**{name: getattr(whole, name) for name in Lookup.__struct_fields__})
    reference = await model.reference()
    stored = await _home_events(model, customer, heads, None)
    if not stored:
        await _unknown(model, principal, customer)
    events = _events(stored)
    if not await _all_seen(model, principal, {customer}):
        await _unknown(model, principal, customer)
    known_at = asked.asked("as_known")
    if known_at is not None:
        with _within_calendar("as_known", known_at):
            by = home_of(events).instant_of(known_at, reference)
        then = await _home_events(model, customer, heads, by)
        events = [*events, *_events(then)]
    found = _known(model, customer, {customer: events}, reference, asked)
    return _lookup(principal, customer, events, found, heads, asked)


async def _connected(model: ReadModel, customer: CustomerId) -> Sequence[CustomerId]:
    with translated():
        return await merged_with(model.platform.pool, customer)


async def _home_events(
    model: ReadModel, customer: CustomerId, heads: PositionVector, recorded_by: datetime | None
) -> list[StoredEvent]:
    """Return the events that tell where a customer is at home, of those recorded by an instant."""
    partition = partition_of(customer)
    with translated():
        rows = await model.platform.pool.fetch(
            named_sql("shared/home"),
            customer,
            heads.generation,
            partition,
            heads.counts[partition],
            [CustomerRegistered.event_type, CustomerProfileChanged.event_type],
            recorded_by,
        )
    return [stored_event(row) for row in rows]


async def _all_seen(
    model: ReadModel, principal: Principal, customers: Collection[CustomerId]
) -> bool:
    """Return whether somebody sees all of these customers, each where it is at home today.

    Whatever instant is asked about: a branch sees its own customers with all their past, also
    elsewhere, and nothing of those who have left. Of a merge it is the root's home that counts.
    """
    if principal.scope.branches is None:
        return True
    now = model.platform.clock.now()
    with translated():
        homes = await homes_of(model.platform.pool, sorted(customers), now)
    return all(principal.scope.holds(homes.get(one)) for one in customers)


async def _unknown(model: ReadModel, principal: Principal, customer: CustomerId) -> NoReturn:
    """Say that there is no such customer: the same of one who is not to be seen."""
    with translated():
        near: Sequence[str] = ()
        if principal.scope.branches is None:  # others' ids are not to be seen either
            near = await near_customers(model.platform.pool, customer)
        filling = await is_filling(model.platform.pool)
    raise UnknownCustomer(customer, near, filling=filling)


def _events(stored: Sequence[StoredEvent]) -> list[RecordedEvent]:
    try:
        return [recorded(one) for one in stored]
    except EventError as error:
        raise UnreadableDossier(str(error)) from error


def _known(
    model: ReadModel,
    customer: CustomerId,
    events: Mapping[CustomerId, Sequence[RecordedEvent]],
    reference: Reference,
    asked: Instants,
) -> KnownTogether:
    """Return what was known, and the instants. Raises: NoInstant."""
    at, known_at = asked.asked("as_of"), asked.asked("as_known")
    instant = at or known_at or model.platform.clock.now()
    with _within_calendar("as_of" if at is not None else "as_known", instant):
        return known_together(customer, events, reference, instant, known_at)


def _lookup(
    principal: Principal,
    customer: CustomerId,
    events: Sequence[RecordedEvent],
    together: KnownTogether,
    heads: PositionVector,
    asked: Instants,
) -> Lookup:
    found = together.known
    branch_id = home_of(found.events or events).branch_at(found.at)
    return Lookup(
        principal=principal,
        asked_for=customer,
        customer=together.root,
        merges=together.merges,
        connected=together.identity.customers,
        reference=found.reference,
        position=heads,
        at=found.at,
        branch_id=branch_id or "",
        zone=found.reference.zone_of(branch_id),
        as_of=None if asked == Instants() else found.at,
        as_known=found.known_at,
    )


def _asked(name: str, text: str) -> Asked:
    """Return what a parameter asks about. Raises: NoInstant."""
    try:
        found = asked_about(text)
    except ValueError as error:
        raise NoInstant(name, text) from error
    if found.year not in _YEARS:
        raise NoInstant(name, text)
    return found


@contextmanager
def _within_calendar(name: str, asked: Asked) -> Iterator[None]:
    """Say of an instant that its offset carries out of the calendar that it is none."""
    try:
        yield
    except OverflowError as error:
        raise NoInstant(name, str(asked)) from error
