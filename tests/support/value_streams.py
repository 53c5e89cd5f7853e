"""Random streams of everything that means something for value: receivables' and contacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import strategies as st

from events.facts import Fact
from events.money import Money
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.contact import CallbackMade, VisitMade
from events.touchpoints.customer import CustomerProfileChanged
from events.touchpoints.order import OrderPlaced
from events.touchpoints.payment import (
    InvoiceIssued,
    PaymentReceived,
    PaymentRejectedAsDuplicate,
    PaymentReversed,
    RefundPaid,
)
from events.touchpoints.policy import (
    AgeingPolicy,
    AgeingPolicyPublished,
    CostPolicy,
    CostPolicyPublished,
    ReferenceTouchpoint,
    SegmentRate,
    TierLine,
    TierPolicy,
    TierPolicyPublished,
)
from tests.support.streams import (
    FIRST,
    days,
    event,
    instants,
    moneys,
    orders,
    payments,
    recorded,
    rules,
)
from tests.support.streams import touchpoints as of_receivables

order_refs = st.lists(orders, max_size=2, unique=True).map(tuple)
many_payments = st.integers(0, 12).map(lambda n: f"M-{n}")
large = st.integers(0, 1_500).map(lambda minor: Money(minor, "CNY"))

_more: st.SearchStrategy[Touchpoint] = st.one_of(
    st.builds(
        OrderPlaced,
        order_id=orders,
        amount=moneys,
        tax=st.one_of(st.none(), moneys),
        cost_of_goods=st.one_of(st.none(), moneys),
        freight_borne=st.one_of(st.none(), moneys),
    ),
    st.builds(
        InvoiceIssued,
        invoice_id=st.sampled_from(["I-1", "I-2", "I-3", "I-5"]),
        amount=st.one_of(moneys, large),
        due_on=days,
        order_id=orders,
        tax=st.one_of(st.none(), moneys),
    ),
    st.builds(
        PaymentReceived,
        payment_id=payments,
        amount=moneys,
        order_ids=order_refs,
    ),
    st.builds(PaymentReversed, payment_id=payments),
    st.builds(PaymentRejectedAsDuplicate, payment_id=payments),
    st.builds(RefundPaid, refund_id=st.sampled_from(["R-3", "R-4"]), amount=moneys),
    st.builds(
        VisitMade,
        visit_id=st.sampled_from("vwx"),
        purpose=st.just("sales"),
        minutes=st.integers(0, 60),
        competitor_spend=st.one_of(st.none(), moneys),
    ),
    st.builds(
        CallbackMade,
        callback_id=st.just("c"),
        outcome=st.just("satisfied"),
        minutes=st.integers(0, 20),
    ),
    st.builds(ComplaintFiled, severity=st.just("low")),
    st.builds(CustomerProfileChanged, segment=st.sampled_from(["a", "b", None])),
)

_lively: st.SearchStrategy[Touchpoint] = st.one_of(
    st.builds(
        InvoiceIssued,
        invoice_id=st.integers(10, 30).map(lambda n: f"I-{n}"),
        amount=large,
        due_on=days,
        order_id=st.one_of(st.none(), orders),
    ),
    st.builds(PaymentReceived, payment_id=many_payments, amount=large),
    st.builds(PaymentReceived, payment_id=many_payments, amount=large, order_ids=order_refs),
    st.builds(PaymentReversed, payment_id=many_payments),
)
"""What leaves items open, credit over and tiers to be lost."""

asked = st.one_of(instants, instants.map(lambda at: at + timedelta(days=45)))
"""The instants that are asked about: among the facts and after them."""


@st.composite
def value_streams(draw: st.DrawFn, max_size: int = 30) -> Sequence[Fact]:
    """The events of one customer; half of the streams without facts of the customer itself."""
    size = draw(st.integers(0, max_size))
    told = st.one_of(_lively, _lively, _more, of_receivables)
    fact = st.tuples(told, instants, st.sampled_from(["/branches/B-1/a", "/branches/B-2/b"]))
    found = draw(st.lists(fact, min_size=size, max_size=size))
    stays = draw(st.booleans())
    return [
        event(data, n, at, source)
        for n, (data, at, source) in enumerate(found)
        if not (stays and data.event_type.startswith("customer."))
    ]


_lines = st.lists(st.integers(-300, 1_200), min_size=1, max_size=3, unique=True).map(
    lambda lines: tuple(
        TierLine(name=f"t{n}", line_minor=line)
        for n, line in enumerate(sorted(lines, reverse=True))
    )
)
_tiers = st.builds(
    TierPolicy,
    currency=st.sampled_from(["CNY"] * 9 + ["USD"]),
    tiers=st.one_of(_lines, _lines, _lines, st.just(())),
    window_days=st.sampled_from([30, 14, 60, 365, 7, 5, 2, 1, 0]),
    drop_days=st.integers(0, 12),
    keep_share=st.sampled_from([0, 5_000, 9_000, 10_000]),
    weight_contemporary=st.sampled_from([10_000, 10_000, 7_777]),
    weight_model=st.sampled_from([0, 0, 3_333]),
)
_costs = st.builds(
    CostPolicy,
    per_order=st.one_of(st.none(), moneys),
    per_visit_minute=st.one_of(st.none(), st.just(Money(3, "CNY"))),
    per_callback_minute=st.one_of(st.none(), st.just(Money(2, "CNY"))),
    per_complaint=st.one_of(st.none(), moneys),
    capital_per_day=st.sampled_from([10_000, 33_333, 1_000, 0]),
    margin_rate=st.integers(0, 10_000),
    win_rates=st.just(
        (SegmentRate(segment="a", win_rate=2_500), SegmentRate(segment="b", win_rate=10))
    ),
)
_ageing = st.builds(
    AgeingPolicy,
    upper_days=st.sampled_from([(), (0,), (0, 30, 60)]),
    provision=st.lists(st.integers(0, 10_000), max_size=5).map(tuple),
)


def published_rules(
    effective_from: st.SearchStrategy[datetime],
) -> st.SearchStrategy[ReferenceTouchpoint]:
    """Policies of value that count from some instant on."""
    return st.one_of(
        st.builds(TierPolicyPublished, effective_from=effective_from, policy=_tiers),
        st.builds(CostPolicyPublished, effective_from=effective_from, policy=_costs),
        st.builds(AgeingPolicyPublished, effective_from=effective_from, policy=_ageing),
    )


@st.composite
def value_references(draw: st.DrawFn) -> Reference:
    """Rules in force from the beginning, mostly with tiers; and more published on the way."""
    before = published_rules(st.just(FIRST - timedelta(days=9)))
    beginning = [
        TierPolicyPublished(effective_from=FIRST - timedelta(days=9), policy=draw(_tiers)),
        CostPolicyPublished(effective_from=FIRST - timedelta(days=9), policy=draw(_costs)),
        *draw(st.lists(before, max_size=3)),
    ]
    changes = st.one_of(published_rules(instants), rules)
    found = [(data, FIRST) for data in beginning]
    found += draw(st.lists(st.tuples(changes, instants), max_size=3))
    return Reference(recorded(data, n, at, "/hq/policies") for n, (data, at) in enumerate(found))
