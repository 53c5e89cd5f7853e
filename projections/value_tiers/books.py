"""Everything the facts up to an instant say about a customer's value; the walk in fact order.

Rules where the rule book is silent: an order is handled once it is placed, also if it is
cancelled later; freight that we bear counts on the day of the order and no longer once it is
cancelled. Every attempt of a call back costs its minutes; a visit reported twice under one
number is one visit. Rates are those in force at the instant of the contact, and a rate in
another currency than the tiers' is listed, not scored (decision 25).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from events.calendars import INSTANT
from events.facts import Fact
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
    DunningNoticeSent,
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
from projections.books import billing, orders, payments
from projections.books.cares import WORDS, hear
from projections.books.credit_notes import settle_unbilled
from projections.books.days import ENDING
from projections.books.ledger import Ledger
from projections.books.replay import HANDLERS, RELIEF, first_of, may_continue
from projections.facts import Facts
from projections.value_tiers.collected import CollectedLedger
from projections.value_tiers.contributions import Component, Contribution, Contributions
from projections.value_tiers.rules import ValueRules, cost

_BOOKED: dict[type[Touchpoint], Callable[[Ledger, Any], None]] = {
    kind: handler
    for kind, handler in {**billing.HANDLERS, **payments.HANDLERS, **orders.HANDLERS}.items()
    if kind
    in {
        CreditNoteIssued, DebtWrittenOff, DisputeSettled, DunningNoticeSent, GoodsReturned,
        InvoiceAmended, InvoiceCancelled, InvoiceDisputed, InvoiceIssued, OrderCancelled,
        OrderPlaced, PaymentConfirmedGenuine, PaymentReceived, PaymentRejectedAsDuplicate,
        PaymentReversed, RefundPaid,
    }
}  # fmt: skip
"""What moves money: the rules of receivables, as they are."""

_TAKEN: frozenset[type[Touchpoint]] = frozenset(
    {
        CallbackMade, ComplaintFiled, CustomerProfileChanged, CustomerRegistered, OrderCancelled,
        OrderPlaced, PaymentReceived, VisitMade,
    }
)  # fmt: skip
"""What says something beside the money that it moves."""

HANDLED: frozenset[type[Touchpoint]] = frozenset({*_BOOKED, *_TAKEN, *WORDS})
"""The touchpoints that mean something for value."""

_MOVES = HANDLED - {DunningNoticeSent}
"""Those that say something by themselves: the fee of a notice says so when it is paid."""

_SEEN = _MOVES - WORDS
"""Those that make somebody a customer of some value."""


class Sighting(NamedTuple):
    """What a visit saw the customer spend elsewhere, a month."""

    at: datetime
    spend: Money
    event_id: str


class ValueBooks:
    """A customer's money and contacts, walked fact by fact as far as they are asked for.

    Walked `for_all` they take in whatever means something for receivables, too.
    """

    def __init__(self, rules: ValueRules, for_all: bool = False) -> None:
        self.rules = rules
        self.for_all = for_all
        self._handlers = HANDLERS if for_all else _BOOKED
        self.contributions = Contributions(rules.weighs_debt)
        self.ledger = CollectedLedger(rules, self.contributions, for_all)
        self.counts: Counter[str] = Counter()
        self.sightings: dict[str, list[Sighting]] = {}  # by currency
        self.segments: list[tuple[datetime, str]] = []
        self.first: Fact | None = None
        self.orders: set[str] = set()
        self.freight: dict[str, Contribution] = {}
        self.visits: set[str] = set()

    @property
    def next_fact_at(self) -> datetime | None:
        """Return the instant of the first fact that is later than what was asked for."""
        return self.ledger.next_fact_at

    @property
    def last_at(self) -> datetime:
        """Return the latest instant at which a fact or deadline took effect."""
        return max(self.ledger.walked_at, self.ledger.passed_at)

    def segment_at(self, at: datetime) -> str | None:
        """Return the segment the customer was in at an instant."""
        i = bisect_right(self.segments, at, key=itemgetter(0))
        return self.segments[i - 1][1] if i else None

    def sighting_at(self, at: datetime, currency: str) -> Sighting | None:
        """Return the latest visit by an instant that saw a spend in a currency."""
        found = self.sightings.get(currency, ())
        i = bisect_right(found, at, key=itemgetter(0))
        return found[i - 1] if i else None

    def next_seen_after(self, at: datetime) -> datetime:
        """Return the next instant after `at` of a sighting or another segment."""
        instants = [_first_after(self.segments, at)]
        instants += [_first_after(seen, at) for seen in self.sightings.values()]
        return min(instants)

    def reach(self, facts: Facts, at: datetime) -> bool:
        """Return whether they can go on to an instant with the facts not yet taken in."""
        return at >= self.last_at and may_continue(self.ledger, facts)

    def advance(self, facts: Facts, at: datetime) -> None:
        """Take in the facts up to an instant; deadlines act at theirs (as in receivables)."""
        ledger = self.ledger
        deadlines = ledger.deadlines
        ledger.next_fact_at = None
        ledger.home = facts.home
        later = facts.after(ledger.walked)
        for n, event in enumerate(later):
            instant = event.effective_at
            if instant > at:
                ledger.next_fact_at = first_of(_MOVES, later[n:])
                break
            if self.first is None and type(event.data) in _SEEN:
                self.first = event
            if deadlines and deadlines[0].at < instant:
                ledger.pass_time(instant)
            ledger.event = event
            ledger.now = ledger.walked_at = instant
            ledger.walked += 1
            kind = type(event.data)
            self._book(event, kind)
            if kind in _TAKEN:
                self._take(event, event.data)
        if deadlines:
            ledger.pass_time(at + INSTANT)
        ledger.home = None
        if not self.for_all:
            for account in ledger.accounts.values():
                account.moved.clear()

    def _book(self, event: Fact, kind: type[Touchpoint]) -> None:
        handler = self._handlers.get(kind)
        ledger = self.ledger
        if handler is None:
            hear(ledger, event)
            return
        handler(ledger, event.data)
        if ledger.loose_notes:
            settle_unbilled(ledger)
        if kind in _BOOKED:
            ledger.taken_in(event)
        if ledger.limited:
            ledger.watch_limits(RELIEF.get(kind, "corrected"), event.id)

    def _take(self, event: Fact, data: Touchpoint) -> None:
        match data:
            case OrderPlaced():
                self._order(event, data)
            case OrderCancelled():
                freight = self.freight.get(data.order_id)
                if freight is not None and freight.until is None:
                    self.contributions.end(freight, event.effective_at, event.id, False)
            case VisitMade():
                self._visit(event, data)
            case CallbackMade():
                rate = self.rules.cost_policy(event.effective_at).per_callback_minute
                self._contact("callbacks", event, cost(rate, data.minutes), data.callback_id)
            case ComplaintFiled():
                rate = self.rules.cost_policy(event.effective_at).per_complaint
                self._contact("complaints", event, rate, event.id)
            case CustomerRegistered() | CustomerProfileChanged():
                if data.segment is not None:
                    self.segments.append((event.effective_at, data.segment))
            case PaymentReceived():
                self.counts["payments"] += 1
            case _:
                pass

    def _visit(self, event: Fact, data: VisitMade) -> None:
        if data.visit_id in self.visits:
            return
        at = event.effective_at
        self.visits.add(data.visit_id)
        rate = self.rules.cost_policy(at).per_visit_minute
        self._contact("visits", event, cost(rate, data.minutes), data.visit_id)
        if data.competitor_spend is not None:
            spend = data.competitor_spend
            seen = self.sightings.setdefault(spend.currency, [])
            seen.append(Sighting(at, spend, event.id))

    def _order(self, event: Fact, data: OrderPlaced) -> None:
        at = event.effective_at
        if data.order_id in self.orders:
            return
        self.orders.add(data.order_id)
        rate = self.rules.cost_policy(at).per_order
        self._contact("orders", event, rate, data.order_id)
        if data.freight_borne is not None and data.order_id not in self.ledger.cancelled_orders:
            freight = self._cost("freight", event, data.freight_borne, data.order_id)
            if freight is not None:
                self.freight[data.order_id] = freight

    def _contact(
        self, component: Component, event: Fact, spent: Money | None, subject: str
    ) -> None:
        self.counts[component] += 1
        if spent is not None:
            self._cost(component, event, spent, subject)

    def _cost(
        self, component: Component, event: Fact, spent: Money, subject: str
    ) -> Contribution | None:
        if not spent.minor:
            return None
        at = event.effective_at
        found = Contribution(component, spent.currency, -spent.minor, at, at, event.id, subject)
        self.contributions.add(found)
        return found


def _first_after(told: Sequence[Sighting | tuple[datetime, str]], at: datetime) -> datetime:
    i = bisect_right(told, at, key=itemgetter(0))
    return told[i][0] if i < len(told) else ENDING
