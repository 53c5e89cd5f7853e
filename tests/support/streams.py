"""Random streams of everything that means something for receivables: valid, but arbitrary.

Few identifiers and few instants, so that facts meet: unknown references, two currencies,
facts of one instant, deadlines hit exactly, words about payments and invoices not yet seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from hypothesis import strategies as st

from events.envelope import BranchId, Envelope, EventId, Position, RecordedEvent
from events.facts import Fact, fact_of
from events.money import Money
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from events.touchpoints.order import (
    GoodsReturned,
    OrderCancelled,
    OrderDelivered,
    OrderLine,
    OrderPlaced,
)
from events.touchpoints.payment import (
    CreditChecked,
    CreditLimitSet,
    CreditNoteIssued,
    CreditOverrideGranted,
    DebtWrittenOff,
    DisputeSettled,
    DunningHeld,
    DunningNoticeSent,
    HandedToCollection,
    Instalment,
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
from events.touchpoints.policy import (
    AlertsPolicy,
    AlertsPolicyPublished,
    BranchSet,
    CreditPolicy,
    CreditPolicyPublished,
    DebtPart,
    DunningPolicy,
    DunningPolicyPublished,
    FeesPolicy,
    FeesPolicyPublished,
    ReferenceTouchpoint,
    ReminderFee,
)
from tests.support.given import CUSTOMER, event_id, instant

FIRST = instant("2026-03-01")
DAYS = 100

_hours = st.integers(0, DAYS * 24).map(lambda h: FIRST + timedelta(hours=h))
_midnights = st.integers(0, DAYS).map(lambda d: FIRST + timedelta(days=d))
instants = st.one_of(_midnights, _hours)
days = st.integers(-5, DAYS).map(lambda d: date(2026, 3, 1) + timedelta(days=d))
currencies = st.sampled_from(["CNY", "CNY", "CNY", "USD"])
moneys = st.builds(
    Money,
    st.one_of(st.sampled_from([0, 1, 3, 100, 150, 200, 500]), st.integers(0, 900)),
    currencies,
)
branches = st.sampled_from(["B-1", "B-2", None])
invoices = st.sampled_from(["I-1", "I-2", "I-3", "I-4", "I-5", "I-6"])
cited = st.sampled_from(["I-1", "I-2", "I-3", "I-4", "I-5", "I-6", "I-1#1", "I-2#2", "I-9"])
orders = st.sampled_from(["O-1", "O-2", "O-9"])
payments = st.sampled_from(["P-1", "P-2", "P-3", "P-4"])
cited_many = st.lists(cited, max_size=2, unique=True).map(tuple)


@st.composite
def issued(draw: st.DrawFn) -> InvoiceIssued:
    """An invoice, sometimes in instalments that add up to it."""
    amount = draw(moneys)
    due_on = draw(days)
    parts: tuple[Instalment, ...] = ()
    if draw(st.integers(0, 3)) == 0:
        first = draw(st.integers(0, amount.minor))
        split = [(draw(days), first), (due_on, amount.minor - first)]
        parts = tuple(Instalment(due_on=d, amount=Money(m, amount.currency)) for d, m in split)
    return InvoiceIssued(
        invoice_id=draw(st.one_of(invoices, invoices, st.just("I-1#1"))),
        amount=amount,
        due_on=due_on,
        order_id=draw(st.one_of(st.none(), orders)),
        instalments=parts,
    )


_lines = st.lists(
    st.builds(OrderLine, line_id=st.sampled_from("ab"), quantity=st.just(1), amount=moneys),
    max_size=2,
).map(tuple)

_promises = st.builds(
    PromiseMade,
    promise_id=st.sampled_from(["X-1", "X-2", "X-3"]),
    amount=moneys,
    promised_on=days,
    invoice_ids=cited_many,
)
_holds = st.builds(
    DunningHeld, invoice_id=st.one_of(st.none(), cited), until=st.one_of(st.none(), days)
)
_notices = st.builds(DunningNoticeSent, invoice_id=cited, level=st.sampled_from([0, 1, 1, 2, 2, 3]))

_about_items = st.one_of(issued(), issued(), issued(), _promises, _holds, _notices)

_about_anything: st.SearchStrategy[Touchpoint] = st.one_of(
    st.builds(
        PaymentReceived,
        payment_id=payments,
        amount=moneys,
        invoice_ids=cited_many,
        order_ids=st.lists(orders, max_size=1).map(tuple),
        bank_reference=st.sampled_from([None, "BR-1"]),
    ),
    st.builds(PaymentReceived, payment_id=payments, amount=moneys),
    st.builds(PaymentConfirmedGenuine, payment_id=payments),
    st.builds(PaymentRejectedAsDuplicate, payment_id=payments),
    st.builds(PaymentReversed, payment_id=payments),
    st.builds(
        InvoiceAmended,
        invoice_id=cited,
        amount=st.one_of(st.none(), moneys),
        charges=st.one_of(st.none(), moneys),
        due_on=st.one_of(st.none(), days),
    ),
    st.builds(InvoiceCancelled, invoice_id=cited),
    st.builds(HandedToCollection, invoice_id=cited),
    st.builds(
        CreditNoteIssued,
        credit_note_id=st.sampled_from(["N-1", "N-2", "N-3"]),
        amount=moneys,
        invoice_id=st.one_of(st.none(), cited),
        order_id=st.one_of(st.none(), orders),
    ),
    st.builds(RefundPaid, refund_id=st.sampled_from(["R-1", "R-2"]), amount=moneys),
    st.builds(InvoiceDisputed, dispute_id=st.sampled_from("DE"), invoice_id=cited),
    st.builds(DisputeSettled, dispute_id=st.sampled_from("DE"), invoice_id=cited),
    st.builds(DebtWrittenOff, invoice_id=cited, amount=moneys),
    st.builds(CreditLimitSet, limit=moneys),
    st.builds(
        CreditChecked,
        check_id=st.sampled_from("KL"),
        purpose=st.sampled_from(["order", "shipment", "invoice"]),
        amount=moneys,
        exposure=moneys,
        approved=st.booleans(),
        reserved_until=st.one_of(st.none(), instants),
        order_id=st.one_of(st.none(), orders),
    ),
    st.builds(
        CreditOverrideGranted, override_id=st.sampled_from("VW"), role=st.just("head"),
        reason=st.just("known"), amount=st.one_of(st.none(), moneys),
    ),
    st.builds(OrderPlaced, order_id=orders, amount=moneys, lines=_lines),
    st.builds(OrderDelivered, order_id=orders),
    st.builds(OrderCancelled, order_id=orders),
    st.builds(
        GoodsReturned,
        return_id=st.sampled_from("yz"),
        order_id=orders,
        amount=st.one_of(st.none(), moneys),
        line_ids=st.lists(st.sampled_from("ab"), max_size=1).map(tuple),
    ),
    st.builds(CustomerRegistered, home_branch=branches),
    st.builds(CustomerProfileChanged, home_branch=branches),
)  # fmt: skip

touchpoints = st.one_of(_about_items, _about_anything)
"""Half of what is told opens, promises, holds or duns items: the rest acts on them."""


def event(data: Touchpoint, n: int, at: datetime, source: str) -> Fact:
    """Return the n-th fact of a stream."""
    return fact_of(recorded(data, n, at, source))


def recorded(data: Touchpoint, n: int, at: datetime, source: str) -> RecordedEvent:
    """Return the n-th event of a stream."""
    return RecordedEvent(
        Envelope(
            id=EventId(event_id(f"stream {n}")),
            source=source,
            type=data.event_type,
            subject=CUSTOMER,
            branch_id=BranchId("B-1"),
            epoch=0,
            sequence=n + 1,
            created_at=at,
            effective_at=at,
        ),
        Position(1, 0, n),
        at,
        data,
    )


@st.composite
def streams(draw: st.DrawFn, max_size: int = 30) -> Sequence[Fact]:
    """The events of one customer; long streams as often as short ones."""
    size = draw(st.integers(0, max_size))
    fact = st.tuples(touchpoints, instants, st.sampled_from(["/branches/B-1/a", "/branches/B-2/b"]))
    told = draw(st.lists(fact, min_size=size, max_size=size))
    return [event(data, n, at, source) for n, (data, at, source) in enumerate(told)]


_thresholds = st.lists(st.integers(0, 40), max_size=4, unique=True).map(tuple)

_levels = st.sampled_from([(), (1,), (1, 2), (0, 1, 2, 3)])


@st.composite
def fees_policies(draw: st.DrawFn) -> FeesPolicy:
    """Interest, fees and an order of clearing; rates so high that little time brings much."""
    whole: list[DebtPart] = ["costs", "interest", "principal"]
    parts = draw(st.permutations(whole))
    return FeesPolicy(
        interest_per_year=draw(st.sampled_from([0, 50_000, 112_700, 1_000_000])),
        day_count=draw(st.sampled_from(["actual/365", "actual/360", "actual/actual", "30/360"])),
        interest_starts=draw(st.sampled_from(["due_date", "due_date", "first_reminder"])),
        interest_free_days=draw(st.sampled_from([0, 0, 3])),
        interest=draw(st.sampled_from(["owed", "owed", "announced"])),
        reminder_fees=tuple(
            ReminderFee(level=level, amount=draw(moneys)) for level in draw(_levels)
        ),
        fees=draw(st.sampled_from(["owed", "owed", "announced"])),
        clearing=tuple(parts) if draw(st.booleans()) else (),
    )


fees = st.builds(FeesPolicyPublished, effective_from=instants, policy=fees_policies())

rules: st.SearchStrategy[ReferenceTouchpoint] = st.one_of(
    fees,
    st.builds(
        AlertsPolicyPublished,
        effective_from=instants,
        policy=st.builds(AlertsPolicy, overdue_days=_thresholds, due_soon_days=st.integers(0, 9)),
    ),
    st.builds(
        DunningPolicyPublished,
        effective_from=instants,
        policy=st.builds(
            DunningPolicy,
            notice_days_before_due=st.integers(0, 9),
            level_1_days_past_due=st.integers(0, 30),
            level_2_days_past_due=st.integers(0, 60),
            level_3_days_after_level_2=st.integers(0, 20),
        ),
    ),
    st.builds(
        CreditPolicyPublished,
        effective_from=instants,
        policy=st.builds(
            CreditPolicy,
            max_days_overdue=st.integers(0, 40),
            payment_reservation_hours=st.integers(0, 100),
            check_reservation_hours=st.integers(0, 100),
            default_limit=st.one_of(st.none(), moneys),
        ),
    ),
    st.builds(
        BranchSet,
        effective_from=instants,
        branch_id=st.sampled_from(["B-1", "B-2"]),
        name=st.just("Branch"),
        zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/Santiago"]),
    ),
)


@st.composite
def references(draw: st.DrawFn) -> Reference:
    """Rules published before and during the stream."""
    found = draw(st.lists(st.tuples(rules, instants), max_size=4))
    return Reference(recorded(data, n, at, "/hq/policies") for n, (data, at) in enumerate(found))


@st.composite
def fee_references(draw: st.DrawFn) -> Reference:
    """The same, with fees among them."""
    found = draw(st.lists(st.tuples(st.one_of(fees, fees, rules), instants), max_size=5))
    told = [(draw(fees), FIRST - timedelta(days=9)), *found]
    return Reference(recorded(data, n, at, "/hq/policies") for n, (data, at) in enumerate(told))
