"""Facts of a customer, told in any order, one by one or all at once."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.envelope import BranchId, EventId
from events.facts import Fact
from events.money import Money
from events.touchpoints.base import Touchpoint
from events.touchpoints.contact import VisitMade
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from events.touchpoints.payment import PaymentReceived
from projections.facts import Facts

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HANDLED: frozenset[type[Touchpoint]] = frozenset({PaymentReceived, CustomerProfileChanged})
WHAT: tuple[Touchpoint, ...] = (
    PaymentReceived(payment_id="P", amount=Money(100, "CNY")),
    VisitMade(visit_id="V", purpose="sales", minutes=1),
    CustomerRegistered(home_branch="SH"),
    CustomerProfileChanged(home_branch="NY"),
    CustomerProfileChanged(),
)

# A fact's instant does not follow from its id alone: a retry may carry another.
told = st.lists(
    st.builds(
        Fact,
        st.integers(0, 9).map(lambda n: EventId(f"E-{n}")),
        st.integers(0, 4).map(lambda hours: START + timedelta(hours=hours)),
        st.sampled_from([BranchId("B-1"), BranchId("B-2")]),
        st.sampled_from(["/branches/B-1/a", "/branches/B-2/b"]),
        st.just(0),
        st.integers(1, 3),
        st.sampled_from(WHAT),
    ),
    max_size=12,
)


@pytest.mark.parametrize("handles", [None, HANDLED])
@given(dossier=told)
def test_a_dossier_told_at_once_is_as_one_told_fact_by_fact(
    dossier: list[Fact], handles: frozenset[type[Touchpoint]] | None
) -> None:
    at_once = Facts(dossier, handles)
    one_by_one = Facts(handles=handles)
    for fact in dossier:
        one_by_one.remember(fact)
    # Said independently: the first of each id, in fact order.
    first: dict[str, Fact] = {}
    for fact in dossier:
        if handles is None or type(fact.data) in handles:
            first.setdefault(fact.id, fact)
    expected = sorted(first.values(), key=lambda fact: fact.fact_key)
    assert list(at_once) == list(one_by_one) == expected
    assert not any(at_once.remember(fact) for fact in expected)
    for hours in range(-1, 6):
        at = START + timedelta(hours=hours)
        assert at_once.home.branch_at(at) == one_by_one.home.branch_at(at)


@given(dossier=told, seed=st.integers())
def test_what_follows_a_dossier_told_at_once_finds_its_place(
    dossier: list[Fact], seed: int
) -> None:
    distinct = [*{fact.id: fact for fact in dossier}.values()]
    random.Random(seed).shuffle(distinct)
    half = len(distinct) // 2
    facts = Facts(distinct[:half])
    assert all(facts.remember(fact) for fact in distinct[half:])
    assert list(facts) == sorted(distinct, key=lambda fact: fact.fact_key)
