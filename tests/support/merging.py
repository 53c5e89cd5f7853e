"""Merges and unmerges of a few customers for tests, and what they mean, told anew each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from hypothesis import strategies as st

from events.envelope import BranchId, CustomerId, EventId
from events.facts import Fact
from events.touchpoints.base import Touchpoint
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged

NAMES = tuple(CustomerId(f"C-{n}") for n in range(5))
FIRST = datetime(2026, 3, 2, tzinfo=UTC)

Dossiers = dict[CustomerId, list[Fact]]


def hours(count: float) -> datetime:
    """The instant so many hours after the first."""
    return FIRST + timedelta(hours=count)


def move(n: int, at: datetime, data: Touchpoint) -> Fact:
    """The n-th fact told of a customer, by a source that numbers its own."""
    return Fact(
        EventId(str(uuid5(NAMESPACE_URL, f"move {n}"))), at, BranchId("B-1"), "/hq", 0, n + 1, data
    )


@st.composite
def moves(draw: st.DrawFn, names: Sequence[CustomerId] = NAMES) -> Dossiers:
    """Any merges and unmerges, by customer, also such that cannot all be."""
    told: Dossiers = {}
    customers = st.sampled_from(names)
    for n in range(draw(st.integers(0, 12))):
        other = draw(customers)
        data: Touchpoint = (
            CustomerMerged(into=other) if draw(st.booleans()) else CustomerUnmerged(out_of=other)
        )
        at = hours(draw(st.integers(0, 8)))
        told.setdefault(draw(customers), []).append(move(n, at, data))
    return told


def parents(told: Mapping[CustomerId, Sequence[Fact]], at: datetime) -> dict[str, str]:
    """Whom each customer was merged into at an instant: all that happened by then, in turn."""
    happened = sorted(
        (
            (fact.fact_key, customer, fact.data)
            for customer, facts in told.items()
            for fact in facts
            if fact.effective_at <= at
        ),
        key=lambda one: one[0],
    )
    parent: dict[str, str] = {}
    for _, customer, data in happened:
        match data:
            case CustomerMerged(into=into) if customer not in parent:
                if customer not in chain(parent, into):
                    parent[customer] = into
            case CustomerUnmerged(out_of=out_of) if parent.get(customer) == out_of:
                del parent[customer]
    return parent


def chain(parent: Mapping[str, str], customer: str) -> list[str]:
    """A customer, its parent, and so on up to the root."""
    found = [customer]
    while found[-1] in parent:
        found.append(parent[found[-1]])
        assert len(found) <= 1 + len(parent), "a circle"
    return found
