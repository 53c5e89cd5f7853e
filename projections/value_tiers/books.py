"""Everything the facts up to an instant say about a customer's value; the walk in fact order.

Rules where the rule book is silent: an order is handled once it is placed, also if it is
cancelled later; freight that we bear counts on the day of the order and no longer once it is
cancelled. Every attempt of a call back costs its minutes; a visit reported twice under one
number is one visit. Rates are those in force at the instant of the contact, and a rate in
another currency than the tiers' is listed, not scored (decision 25).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from events.calendars import INSTANT
from events.envelope import RecordedEvent
from events.money import Money
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.contact import CallbackMade, VisitMade
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from events.touchpoints.order import GoodsReturned, OrderCancelled, OrderPlaced
from events.touchpoints.payment import (
    CreditNoteIssued,
    DebtWrittenOff,
    DisputeSettled,
    InvoiceAmended,
    InvoiceCancelled,
    InvoiceDisputed,
    InvoiceIssued,
    PaymentConfirmedGenuine,
    PaymentReceived,
    PaymentRejectedAsDuplicate,
    PaymentReversed,
    RefundPaid,
)
from projections.protocol import Facts
from projections.receivables import billing, orders, payments
from projections.receivables.ledger import Ledger
from projections.value_tiers.collected import CollectedLedger
from projections.value_tiers.contributions import Component, Contribution
from projections.value_tiers.rules import ValueRules, cost

_BOOKED: dict[type[Touchpoint], Callable[[Ledger, Any], None]] = {
    kind: handler
    for kind, handler in {**billing.HANDLERS, **payments.HANDLERS, **orders.HANDLERS}.items()
    if kind
    in {
        CreditNoteIssued, CustomerProfileChanged, CustomerRegistered, DebtWrittenOff,
        DisputeSettled, GoodsReturned, InvoiceAmended, InvoiceCancelled, InvoiceDisputed,
        InvoiceIssued, OrderCancelled, OrderPlaced, PaymentConfirmedGenuine, PaymentReceived,
        PaymentRejectedAsDuplicate, PaymentReversed, RefundPaid,
    }
}  # fmt: skip
"""What moves money: the rules of receivables, as they are."""

HANDLED: frozenset[type[Touchpoint]] = frozenset(
    {*_BOOKED, CallbackMade, ComplaintFiled, VisitMade}
)
"""The touchpoints that mean something for value."""


class Sighting(NamedTuple):
    """What a visit saw the customer spend elsewhere, a month."""

    at: datetime
    spend: Money
    event_id: str


class ValueBooks:
    """A customer's money and contacts as of an instant."""

    def __init__(self, facts: Facts, at: datetime, rules: ValueRules) -> None:
        self.at = at
        self.rules = rules
        self.ledger = CollectedLedger(rules)
        self.contacts: list[Contribution] = []
        self.counts: Counter[str] = Counter()
        self.sightings: list[Sighting] = []
        self.segments: list[tuple[datetime, str]] = []
        self.placed_at: dict[str, datetime] = {}  # the instant of each order
        self.first: RecordedEvent | None = None
        self.next_fact_at: datetime | None = None
        self._freight: dict[str, Contribution] = {}
        self._visits: set[str] = set()
        self._walk(facts)

    @property
    def contributions(self) -> list[Contribution]:
        """Return every contribution there ever was."""
        return self.ledger.contributions + self.contacts

    @property
    def branch_id(self) -> str | None:
        """Return the home branch, else the branch of the first fact."""
        fallback = self.first.envelope.branch_id if self.first is not None else None
        return self.ledger.home_branch or fallback

    def segment_at(self, at: datetime) -> str | None:
        """Return the segment the customer was in at an instant."""
        return next((name for since, name in reversed(self.segments) if since <= at), None)

    def _walk(self, facts: Facts) -> None:
        """Take in the facts and let deadlines act at their instants (as receivables do)."""
        ledger = self.ledger
        deadlines = ledger.deadlines
        for event in facts:
            instant = event.envelope.effective_at
            if instant > self.at:
                self.next_fact_at = instant
                break
            if self.first is None:
                self.first = event
            if deadlines and deadlines[0].at < instant:
                ledger.pass_time(instant)
            data = event.data
            kind = type(data)
            ledger.event = event
            ledger.now = instant
            handler = _BOOKED.get(kind)
            if handler is not None:
                handler(ledger, data)
                ledger.taken_in(event)
            self._take(event, data)
        if deadlines:
            ledger.pass_time(self.at + INSTANT)

    def _take(self, event: RecordedEvent, data: Touchpoint) -> None:
        match data:
            case OrderPlaced():
                self._order(event, data)
            case OrderCancelled():
                freight = self._freight.get(data.order_id)
                if freight is not None and freight.until is None:
                    freight.end(event.envelope.effective_at, event.envelope.id, corrected=False)
            case VisitMade():
                self._visit(event, data)
            case CallbackMade():
                rate = self.rules.cost_policy(event.envelope.effective_at).per_callback_minute
                self._contact("callbacks", event, cost(rate, data.minutes), data.callback_id)
            case ComplaintFiled():
                rate = self.rules.cost_policy(event.envelope.effective_at).per_complaint
                self._contact("complaints", event, rate, event.envelope.id)
            case CustomerRegistered() | CustomerProfileChanged():
                if data.segment is not None:
                    self.segments.append((event.envelope.effective_at, data.segment))
            case PaymentReceived():
                self.counts["payments"] += 1
            case _:
                pass

    def _visit(self, event: RecordedEvent, data: VisitMade) -> None:
        if data.visit_id in self._visits:
            return
        at = event.envelope.effective_at
        self._visits.add(data.visit_id)
        rate = self.rules.cost_policy(at).per_visit_minute
        self._contact("visits", event, cost(rate, data.minutes), data.visit_id)
        if data.competitor_spend is not None:
            self.sightings.append(Sighting(at, data.competitor_spend, event.envelope.id))

    def _order(self, event: RecordedEvent, data: OrderPlaced) -> None:
        at = event.envelope.effective_at
        if data.order_id in self.placed_at:
            return
        self.placed_at[data.order_id] = at
        rate = self.rules.cost_policy(at).per_order
        self._contact("orders", event, rate, data.order_id)
        if data.freight_borne is not None and data.order_id not in self.ledger.cancelled_orders:
            freight = self._cost("freight", event, data.freight_borne, data.order_id)
            if freight is not None:
                self._freight[data.order_id] = freight

    def _contact(
        self, component: Component, event: RecordedEvent, spent: Money | None, subject: str
    ) -> None:
        self.counts[component] += 1
        if spent is not None:
            self._cost(component, event, spent, subject)

    def _cost(
        self, component: Component, event: RecordedEvent, spent: Money, subject: str
    ) -> Contribution | None:
        if not spent.minor:
            return None
        at = event.envelope.effective_at
        found = Contribution(
            component, spent.currency, -spent.minor, at, at, event.envelope.id, subject
        )
        self.contacts.append(found)
        return found
