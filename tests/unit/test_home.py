"""Where a customer is at home: one rule, held against a small computation of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from events.envelope import BranchId, RecordedEvent
from events.facts import Fact, fact_of
from events.home import Home, known
from events.money import Money
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.contact import VisitMade, VisitPlanned
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from events.touchpoints.order import OrderPlaced
from events.touchpoints.payment import InvoiceIssued
from events.touchpoints.policy import BranchSet, CompanySet
from projections import PROJECTIONS
from projections.facts import Facts
from projections.protocol import Projection, Row
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from tests.support.given import CUSTOMER, asked, instant, recorded_events, told

ZONES = {"SH": "Asia/Shanghai", "NY": "America/New_York", "DE": "Europe/Berlin"}
EARLY = datetime(2020, 1, 1, tzinfo=UTC)
RULES = Reference(
    recorded_events(
        [
            told(CompanySet(effective_from=EARLY, name="Us", zone="UTC"), "2020-01-01"),
            *(
                told(
                    BranchSet(effective_from=EARLY, branch_id=branch, name=branch, zone=zone),
                    "2020-01-01",
                )
                for branch, zone in ZONES.items()
            ),
        ]
    )
)
VISIT = VisitMade(visit_id="V", purpose="sales", minutes=1)


def recorded(data: Touchpoint, on: str, branch: str, n: int) -> RecordedEvent:
    [event] = recorded_events([told(data, on, f"{on} {branch} {n}")], branch)
    return structs.replace(
        event, envelope=structs.replace(event.envelope, branch_id=BranchId(branch), sequence=n)
    )


def fact(data: Touchpoint, on: str, branch: str, n: int) -> Fact:
    return fact_of(recorded(data, on, branch, n))


def at_home(branch: str) -> CustomerProfileChanged:
    return CustomerProfileChanged(home_branch=branch)


FACTS = st.lists(
    st.tuples(
        st.sampled_from(
            [VISIT, at_home("SH"), at_home("NY"), CustomerRegistered(), CustomerRegistered(
                home_branch="DE"
            )]
        ),
        st.integers(1, 9),
        st.sampled_from(sorted(ZONES)),
    ),
    max_size=8,
)  # fmt: skip


@given(FACTS, st.integers(0, 10), st.randoms(use_true_random=False))
def test_home_is_what_was_named_last_else_the_branch_of_the_earliest_fact(
    drawn: Sequence[tuple[Touchpoint, int, str]], day: int, dice: object
) -> None:
    facts = [fact(data, f"2026-03-{d:02}", branch, n) for n, (data, d, branch) in enumerate(drawn)]
    at = instant("2026-03-01") + timedelta(days=day - 1)
    named = [
        (f.fact_key, f.data.home_branch)
        for f in facts
        if isinstance(f.data, CustomerRegistered | CustomerProfileChanged)
        and f.data.home_branch is not None
        and f.effective_at <= at
    ]
    first = min(((f.fact_key, f.branch_id) for f in facts), default=(None, None))[1]
    expected = max(named)[1] if named else first
    shuffled = [*facts, *facts]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert Home(shuffled).branch_at(at) == expected


def test_a_day_ends_where_the_customer_is_at_home_by_then() -> None:
    moved = [
        fact(CustomerRegistered(home_branch="SH"), "2026-01-01", "SH", 1),
        fact(at_home("NY"), "2026-03-08 09:00", "SH", 2),
    ]
    home = Home(moved)
    assert home.end_of(date(2026, 3, 8), RULES) == datetime(
        2026, 3, 9, 3, 59, 59, 999_999, tzinfo=UTC
    )
    assert home.end_of(date(2026, 3, 6), RULES) == datetime(
        2026, 3, 6, 15, 59, 59, 999_999, tzinfo=UTC
    )
    # Named at 20:00 on the 7th in New York, when the 7th was over in Shanghai.
    assert home.end_of(date(2026, 3, 7), RULES) == datetime(
        2026, 3, 8, 4, 59, 59, 999_999, tzinfo=UTC
    )
    assert Home().end_of(date(2026, 3, 8), RULES) == datetime(
        2026, 3, 8, 23, 59, 59, 999_999, tzinfo=UTC
    )


def test_an_instant_without_an_offset_is_local_at_home() -> None:
    home = Home([fact(CustomerRegistered(home_branch="NY"), "2026-01-01", "SH", 1)])
    local = datetime(2026, 3, 20, 10, 0)  # noqa: DTZ001 - that is what is tried
    assert home.instant_of(local, RULES) == datetime(2026, 3, 20, 14, 0, tzinfo=UTC)
    there = datetime(2026, 3, 20, 10, 0, tzinfo=UTC)
    assert home.instant_of(there, RULES) == there


def test_as_known_alone_is_as_of_that_instant_with_the_rules_known_then() -> None:
    early, late = (
        recorded(VISIT, on, "NY", n) for n, on in enumerate(("2026-03-01", "2026-03-05"))
    )
    found = known([early, late], RULES, date(2026, 3, 3), date(2026, 3, 3))
    assert list(found.events) == [early]
    assert found.at == found.known_at == datetime(2026, 3, 4, 4, 59, 59, 999_999, tzinfo=UTC)
    everything = known([early, late], RULES, date(2026, 3, 3), None)
    assert list(everything.events) == [early, late]
    assert everything.known_at is None
    assert everything.reference is RULES
    before = known([early], RULES, EARLY - timedelta(days=1), EARLY - timedelta(days=1))
    assert before.reference.count == 0


BOUGHT = (
    fact(OrderPlaced(order_id="O", amount=Money(1_000, "CNY")), "2026-02-01", "SH", 1),
    fact(
        InvoiceIssued(invoice_id="I", amount=Money(1_000, "CNY"), due_on=date(2026, 3, 1)),
        "2026-02-02", "DE", 2,
    ),
)  # fmt: skip


def branches(rows: Sequence[Row]) -> set[str | None]:
    return {getattr(row, "branch_id", None) for row in rows}


@pytest.mark.parametrize("projection", [Receivables(), ValueTiers()], ids=lambda one: one.name)
def test_every_row_names_the_home_and_a_fact_of_another_kind_may_be_the_earliest(
    projection: Projection,
) -> None:
    at = asked("2026-03-10")
    facts = Facts(BOUGHT, projection.handles)
    rows = projection.assess(CUSTOMER, facts, at, RULES).rows
    assert {branch for found in rows.values() for branch in branches(found)} == {"SH"}
    count = len(facts)
    planned = fact(_of_no_interest(), "2026-01-05", "NY", 3)
    later = fact(_of_no_interest(), "2026-02-05", "DE", 4)
    assert not facts.remember(later)
    assert facts.remember(planned)
    assert not facts.remember(planned)
    assert len(facts) == count
    after = projection.assess(CUSTOMER, facts, at, RULES).rows
    assert {branch for found in after.values() for branch in branches(found)} == {"NY"}
    whole = projection.assess(
        CUSTOMER, Facts((later, planned, *BOUGHT), projection.handles), at, RULES
    ).rows
    assert {name: list(found) for name, found in after.items()} == {
        name: list(found) for name, found in whole.items()
    }


def _of_no_interest() -> Touchpoint:
    planned = VisitPlanned(visit_id="V", purpose="sales", planned_at=instant("2026-04-01"))
    assert all(type(planned) not in projection.handles for projection in PROJECTIONS)
    return planned


def test_nothing_is_told_of_a_customer_of_whom_nothing_of_interest_happened() -> None:
    facts = Facts(handles=Receivables.handles)
    assert not facts.remember(fact(_of_no_interest(), "2026-01-05", "NY", 3))
    assert not len(facts)
