"""given(facts).at(instant).then(expectations): projections tested as sentences.

Facts are told as a branch would tell them: a touchpoint and when it happened, in local time of
Asia/Shanghai. A date without a time is 00:00; `at` a date means the end of that day. Whatever
is asked, the harness also asks it with the facts shuffled, repeated up to five times and
remembered in batches with an assessment after each: the digest must be the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from msgspec import structs

from events.calendars import day_end, zone
from events.envelope import BranchId, CustomerId, Envelope, EventId, Position, RecordedEvent
from events.facts import Fact, fact_of
from events.money import Money
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.order import OrderCancelled, OrderPlaced
from events.touchpoints.payment import (
    CreditLimitSet,
    CreditNoteIssued,
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
    PromiseMade,
    RefundPaid,
)
from events.touchpoints.policy import AlertsPolicy, AlertsPolicyPublished
from projections.digest import combine, customer_lines
from projections.facts import Facts
from projections.protocol import Alert, AlertKey, Assessment, Cause, Episode, Projection
from projections.receivables.alerts import AlertBook
from projections.receivables.projection import Receivables
from projections.receivables.reading import ReceivablesAt
from projections.receivables.rows import AccountRow, ItemRow

SHANGHAI = zone("Asia/Shanghai")
CUSTOMER = CustomerId("C-1")
RECEIVABLES = Receivables()


def instant(text: str) -> datetime:
    """Return local time as an instant; a date is its first instant."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def asked(text: str) -> datetime:
    """Return the instant that is asked about; a date is its last instant."""
    if len(text) == len("2026-03-01"):
        return day_end(date.fromisoformat(text), SHANGHAI)
    return instant(text)


def minor(text: str) -> int:
    """Return "1,000.00" as 100000."""
    return int(text.replace(",", "").replace(".", ""))


def money(text: str, currency: str = "CNY") -> Money:
    """Return an amount such as "1,000.00"."""
    return Money(minor(text), currency)


class Told(NamedTuple):
    """A touchpoint, when it took effect, and when it was recorded (None: at once)."""

    data: Touchpoint
    on: datetime
    recorded: datetime | None = None
    event: str | None = None

    def recorded_on(self, text: str) -> Told:
        """Return the same fact, recorded at another time."""
        return self._replace(recorded=instant(text))


def told(data: Touchpoint, on: str, event: str | None = None) -> Told:
    """Return any touchpoint as a fact; `event` names the event for later reference."""
    return Told(data, instant(on), event=event)


def invoice(
    invoice_id: str, amount: str, *, due: str, on: str = "2026-02-01", order: str | None = None
) -> Told:
    """An invoice was issued."""
    due_on = date.fromisoformat(due)
    data = InvoiceIssued(invoice_id=invoice_id, amount=money(amount), due_on=due_on, order_id=order)
    return told(data, on, invoice_id)


def paid(
    payment_id: str,
    amount: str,
    *,
    on: str,
    invoices: tuple[str, ...] = (),
    orders: tuple[str, ...] = (),
    bank: str | None = None,
) -> Told:
    """Money came in."""
    data = PaymentReceived(
        payment_id=payment_id,
        amount=money(amount),
        invoice_ids=invoices,
        order_ids=orders,
        bank_reference=bank,
    )
    return told(data, on, payment_id)


def reversed_(payment_id: str, *, on: str) -> Told:
    """The bank took a payment back."""
    return told(PaymentReversed(payment_id=payment_id), on, f"reversal of {payment_id}")


def confirmed(payment_id: str, *, on: str) -> Told:
    """A suspected double report is a payment of its own."""
    return told(PaymentConfirmedGenuine(payment_id=payment_id), on)


def rejected(payment_id: str, *, on: str) -> Told:
    """A report of a payment counts for nothing."""
    return told(PaymentRejectedAsDuplicate(payment_id=payment_id), on)


def refunded(refund_id: str, amount: str, *, on: str) -> Told:
    """Credit was paid back."""
    return told(RefundPaid(refund_id=refund_id, amount=money(amount)), on)


def credit_note(
    note_id: str, amount: str, *, on: str, invoice: str | None = None, order: str | None = None
) -> Told:
    """A credit note was issued."""
    data = CreditNoteIssued(
        credit_note_id=note_id, amount=money(amount), invoice_id=invoice, order_id=order
    )
    return told(data, on, note_id)


def amended(invoice_id: str, *, on: str, amount: str | None = None, due: str | None = None) -> Told:
    """An invoice was amended."""
    data = InvoiceAmended(
        invoice_id=invoice_id,
        amount=money(amount) if amount else None,
        due_on=date.fromisoformat(due) if due else None,
    )
    return told(data, on, f"amendment of {invoice_id}")


def cancelled(invoice_id: str, *, on: str) -> Told:
    """An invoice was cancelled."""
    return told(InvoiceCancelled(invoice_id=invoice_id), on, f"cancellation of {invoice_id}")


def order(order_id: str, amount: str, *, on: str) -> Told:
    """The customer ordered."""
    return told(OrderPlaced(order_id=order_id, amount=money(amount)), on)


def order_cancelled(order_id: str, *, on: str) -> Told:
    """The order will not be carried out."""
    return told(OrderCancelled(order_id=order_id), on)


def dunned(invoice_id: str, level: int, *, on: str) -> Told:
    """A dunning notice went out."""
    data = DunningNoticeSent(invoice_id=invoice_id, level=level)
    return told(data, on, f"level {level} of {invoice_id}")


def disputed(invoice_id: str, *, on: str, dispute: str = "X-1") -> Told:
    """The customer contests an invoice."""
    return told(InvoiceDisputed(dispute_id=dispute, invoice_id=invoice_id), on, dispute)


def settled(invoice_id: str, *, on: str, dispute: str = "X-1") -> Told:
    """The dispute is over."""
    return told(DisputeSettled(dispute_id=dispute, invoice_id=invoice_id), on)


def promised(
    promise_id: str, amount: str, *, by: str, on: str, invoices: tuple[str, ...] = ()
) -> Told:
    """The customer promised to pay."""
    data = PromiseMade(
        promise_id=promise_id,
        amount=money(amount),
        promised_on=date.fromisoformat(by),
        invoice_ids=invoices,
    )
    return told(data, on, promise_id)


def limit(amount: str, *, on: str = "2026-01-01") -> Told:
    """The credit limit was set."""
    return told(CreditLimitSet(limit=money(amount)), on)


def registered(branch: str, *, on: str = "2025-01-01") -> Told:
    """The customer became known at its home branch."""
    return told(CustomerRegistered(home_branch=branch), on)


def alerts_published(*overdue_days: int, on: str = "2011-01-01", due_soon: int = 3) -> Told:
    """Alert thresholds were published, in force from then on."""
    policy = AlertsPolicy(overdue_days=overdue_days, due_soon_days=due_soon)
    return told(AlertsPolicyPublished(effective_from=instant(on), policy=policy), on)


def recorded_events(facts: Iterable[Told], branch: str = "B-1") -> list[RecordedEvent]:
    """Return facts as events whose ids, sequences and positions follow from their place."""
    events = []
    for n, fact in enumerate(facts):
        envelope = Envelope(
            id=event_id(fact.event or str(n)),
            source=f"/branches/{branch}/till-1",
            type=fact.data.event_type,
            subject=CUSTOMER,
            branch_id=BranchId(branch),
            epoch=0,
            sequence=n + 1,
            created_at=fact.on,
            effective_at=fact.on,
        )
        recorded_at = fact.recorded or fact.on
        events.append(RecordedEvent(envelope, Position(1, 0, n), recorded_at, fact.data))
    return events


def event_id(name: str) -> EventId:
    """Return the id of the event that was told under a name."""
    return EventId(str(uuid5(NAMESPACE_URL, name)))


def digest_of(assessment: Assessment, projection: Projection = RECEIVABLES) -> str:
    """Return the digest of one customer's assessment."""
    return combine({CUSTOMER: customer_lines(projection, CUSTOMER, assessment)})


def deliveries(facts: Sequence[Fact], seed: int, rounds: int) -> Iterator[list[Sequence[Fact]]]:
    """Yield other deliveries of the same facts: shuffled, repeated, in batches."""
    dice = random.Random(seed)
    for _ in range(rounds):
        stream = [event for event in facts for _ in range(dice.randint(1, 5))]
        dice.shuffle(stream)
        size = dice.choice((1, 2, 3, 7, 50))
        yield [stream[i : i + size] for i in range(0, len(stream), size)]


def assessed_however_delivered(
    projection: Projection,
    facts: Sequence[Fact],
    at: datetime,
    reference: Reference,
    *,
    seed: int,
    rounds: int,
) -> Assessment:
    """Assess facts in order, and hold the same to come of every other delivery of them."""
    assessment = projection.assess(CUSTOMER, Facts(facts), at, reference)
    expected = digest_of(assessment, projection)
    for batches in deliveries(facts, seed, rounds):
        delivered = Facts()
        for batch in batches:
            for fact in batch:
                delivered.remember(fact)
            last = projection.assess(CUSTOMER, delivered, at, reference)
        if batches:
            assert digest_of(last, projection) == expected
    return assessment


class Given:
    """Facts and rules that a test starts from."""

    def __init__(self, events: Sequence[RecordedEvent], reference: Reference) -> None:
        self.events = events
        self.facts = [fact_of(event) for event in events]
        self.reference = reference

    def known(self, text: str) -> Given:
        """Return what was known at an instant of record time."""
        by = asked(text)
        known = [event for event in self.events if event.recorded_at <= by]
        return Given(known, self.reference.known_at(by))

    def at(self, text: str) -> Outcome:
        """Assess as of an instant, delivered in order and in every other way."""
        at = asked(text)
        assessment = assessed_however_delivered(
            RECEIVABLES, self.facts, at, self.reference, seed=len(self.facts), rounds=6
        )
        return Outcome(assessment, ReceivablesAt(Facts(self.facts), at, self.reference))


class Outcome:
    """What the facts mean at the instant asked about."""

    def __init__(self, assessment: Assessment, reading: ReceivablesAt) -> None:
        self.assessment = assessment
        self.reading = reading
        self.digest = digest_of(assessment)

    def item(self, item_id: str) -> ItemRow:
        """Return an item's row."""
        rows = [r for r in self.assessment.rows["items"] if isinstance(r, ItemRow)]
        return next(row for row in rows if row.item_id == item_id)

    def account(self, currency: str = "CNY") -> AccountRow:
        """Return the account's row in a currency."""
        rows = [r for r in self.assessment.rows["accounts"] if isinstance(r, AccountRow)]
        return next(row for row in rows if row.currency == currency)

    def days(self, item_id: str) -> int:
        """Return an item's days past due."""
        return self.reading.today - self.item(item_id).due_on.toordinal()

    def alert(self, kind: str, subject: str) -> Alert | None:
        """Return the alert of that kind and subject that stands."""
        found = [a for a in self.assessment.alerts if (a.kind, a.subject) == (kind, subject)]
        assert len(found) <= 1
        return found[0] if found else None

    def cleared(self, kind: str, subject: str, threshold: int) -> Cause:
        """Return why an alert does not stand."""
        return self.assessment.cleared[AlertKey(kind, subject, threshold)]

    def episodes(self) -> list[Episode]:
        """Return every alert up to now."""
        return AlertBook(CUSTOMER, self.reading).episodes()

    def then(self, *expected: Expected) -> Outcome:
        """Hold every expectation; return the outcome for more questions."""
        for expectation in expected:
            row = self.account() if expectation.item_id is None else self.item(expectation.item_id)
            actual = structs.asdict(row)
            if "days" in expectation.fields and expectation.item_id is not None:
                actual["days"] = self.days(expectation.item_id)
            assert {name: actual[name] for name in expectation.fields} == expectation.fields
        return self


class Expected(NamedTuple):
    """What some fields of a row must be; no item: the account's row."""

    item_id: str | None
    fields: dict[str, object]


def item(item_id: str, balance: str, **fields: object) -> Expected:
    """Expect an item's balance, and other fields as told; `days`: past due."""
    return Expected(item_id, {"balance_minor": minor(balance), **fields})


def account(**fields: object) -> Expected:
    """Expect fields of the account: amounts as text under their names without _minor."""
    return Expected(
        None,
        {
            f"{name}_minor" if isinstance(value, str) and name in _AMOUNTS else name: (
                minor(value) if isinstance(value, str) and name in _AMOUNTS else value
            )
            for name, value in fields.items()
        },
    )


_AMOUNTS = frozenset(
    name.removesuffix("_minor") for name in AccountRow.__struct_fields__ if name.endswith("_minor")
)


def given(*facts: Told, rules: Sequence[Told] = (), branch: str = "B-1") -> Given:
    """Start from facts about one customer, and published rules."""
    return Given(recorded_events(facts, branch), Reference(recorded_events(rules)))
