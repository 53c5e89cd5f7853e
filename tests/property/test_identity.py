"""Who belongs to whom, by random merges and unmerges, against all of them told anew in turn."""

from __future__ import annotations

import random
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from events.customers.identity import Identity, contradiction
from events.envelope import CustomerId
from events.facts import Fact
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from tests.support.merging import NAMES, Dossiers, chain, hours, move, moves, parents

instants = st.integers(-1, 9).map(hours)


@given(moves(), instants)
def test_everybody_belongs_to_whom_the_moves_by_then_say(told: Dossiers, at: datetime) -> None:
    identity, parent = Identity(told), parents(told, at)
    for customer in NAMES:
        assert list(identity.way_at(customer, at)) == chain(parent, customer)


@given(moves(), instants)
def test_every_customer_is_in_one_group_and_every_group_is_a_roots(
    told: Dossiers, at: datetime
) -> None:
    identity = Identity(told)
    groups = identity.groups_at(at)
    members = [one for group in groups.values() for one in group]
    assert sorted(members) == sorted(set(members)) == sorted(identity.customers)
    for root, group in groups.items():
        assert group[0] == root
        assert {identity.root_at(one, at) for one in group} == {root}


@given(moves(), st.randoms(use_true_random=False))
def test_neither_order_nor_repeats_of_the_telling_matter(
    told: Dossiers, order: random.Random
) -> None:
    again: Dossiers = {}
    for customer in order.sample(sorted(told), len(told)):
        facts = told[customer] * 2
        order.shuffle(facts)
        again[customer] = facts
    assert Identity(again).edges == Identity(told).edges


@given(moves(), instants)
def test_nothing_moves_between_one_change_and_the_next(told: Dossiers, at: datetime) -> None:
    identity = Identity(told)
    until = identity.next_change(at)
    stays = [hours(n / 2) for n in range(-2, 20) if hours(n / 2) >= at]
    for later in stays:
        if until is None or later < until:
            assert parents(told, later) == parents(told, at)


@given(moves(), st.integers(0, len(NAMES) - 1), st.integers(0, len(NAMES) - 1))
def test_a_merge_between_roots_counts_and_its_unmerge_leaves_everybody_as_before(
    told: Dossiers, one: int, other: int
) -> None:
    at = Identity(told).no_earlier_than(hours(0))
    before = {name: Identity(told).root_at(name, at) for name in NAMES}
    member, into = before[NAMES[one]], before[NAMES[other]]
    if member == into:
        return
    merged = move(100, at, CustomerMerged(into=into))
    told = {**told, member: [*told.get(member, []), merged]}
    assert Identity(told).root_at(member, at) == into
    unmerged = move(101, at, CustomerUnmerged(out_of=into))
    told = {**told, member: [*told[member], unmerged]}
    after = Identity(told)
    assert {name: after.root_at(name, at) for name in NAMES} == before


def test_an_unmerge_ends_the_members_own_merge_though_its_root_was_merged_onward() -> None:
    a, b, c = NAMES[:3]
    told: Dossiers = {
        a: [
            move(0, hours(1), CustomerMerged(into=b)),
            move(2, hours(3), CustomerUnmerged(out_of=b)),
        ],
        b: [move(1, hours(2), CustomerMerged(into=c))],
    }
    identity = Identity(told)
    assert identity.root_at(a, hours(1)) == b
    assert identity.root_at(a, hours(2)) == c
    assert identity.root_at(a, hours(3)) == a
    assert identity.root_at(b, hours(3)) == c


def all_count(told: Dossiers) -> bool:
    """Whether every merge finds its customer alone, and the other one elsewhere, at its turn."""
    happened = sorted(
        ((fact.fact_key, customer, fact.data) for customer in told for fact in told[customer]),
        key=lambda one: one[0],
    )
    parent: dict[str, str] = {}
    for _, customer, data in happened:
        if isinstance(data, CustomerMerged):
            if customer in parent or customer in chain(parent, data.into):
                return False
            parent[customer] = data.into
        elif isinstance(data, CustomerUnmerged) and parent.get(customer) == data.out_of:
            del parent[customer]
    return True


@given(moves())
def test_what_contradicts_nothing_counts_and_what_is_refused_could_not(told: Dossiers) -> None:
    let_in: Dossiers = {}
    in_order: list[tuple[int, Fact, str]] = sorted(
        (fact.sequence, fact, customer) for customer, facts in told.items() for fact in facts
    )
    for _, fact, customer in in_order:
        with_it: Dossiers = {
            **let_in,
            CustomerId(customer): [*let_in.get(CustomerId(customer), []), fact],
        }
        refused = contradiction(let_in, CustomerId(customer), fact)
        assert all_count(with_it) == (refused is None)
        if refused is None:
            let_in = with_it
        else:
            assert isinstance(fact.data, CustomerMerged), "a parting takes nothing away"
