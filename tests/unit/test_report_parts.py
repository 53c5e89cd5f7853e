"""What a walk holds of the company is as large for many customers as for few."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast

import msgspec
import pytest

from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.policy import AgeingPolicy, AlertsPolicy, TierLine, TierPolicy
from projections.receivables.rows import OPEN
from services.audit.report_parts import (
    AgeingOf,
    AgeingParts,
    AlertsOf,
    AlertsParts,
    PartAgeing,
    PartAlerts,
    Tallies,
)
from services.audit.reports import currency_ageing
from services.policies.candidate import Candidate
from services.policies.trial import PartTrial, Rehearsal
from services.postgres.pool import Pool
from services.walk.known import Asking, Told
from services.walk.parts import Extent
from tests.support.given import given, invoice, paid, refunded

AT = datetime(2026, 6, 1, tzinfo=UTC)
NO_POOL = cast(Pool, None)
ASKING = Asking(Extent(1, (0,) * 13), AT.isoformat())
FACTS = given(
    invoice("I-1", "100.00", due="2026-03-01"),
    invoice("I-2", "70.00", due="2026-04-01"),
    paid("P-1", "100.00", on="2026-03-09", invoices=("I-1",)),
).facts


def aged(customers: int) -> PartAgeing:
    found = PartAgeing()
    worker = AgeingParts(AgeingOf(ASKING, date(2026, 6, 1), None), NO_POOL)
    for k in range(customers):
        worker.add(found, CustomerId(f"C-{k}"), Told(FACTS, Reference(), AT))
    return found


def alerts(customers: int) -> PartAlerts:
    found, tallies = PartAlerts(), Tallies()
    worker = AlertsParts(AlertsOf(ASKING, listed=False), NO_POOL)
    for k in range(customers):
        worker.add(found, tallies, CustomerId(f"C-{k}"), Told(FACTS, Reference(), AT))
    for one in tallies.counts():
        found.count(one)
    return found


def tried(customers: int) -> PartTrial:
    found = PartTrial()
    lines = TierPolicy(tiers=(TierLine(name="gold", line_minor=50_00),))
    rehearsals = [
        Rehearsal(Candidate(kind, AT, policy), Reference(), AT, AT)
        for kind, policy in (("tiers", lines), ("alerts", AlertsPolicy(overdue_days=(2,))))
    ]
    for k in range(customers):
        for rehearsal in rehearsals:
            rehearsal.take(found, CustomerId(f"C-{k}"), FACTS)
    return found


@pytest.mark.parametrize("part_of", [aged, alerts, tried])
def test_a_part_holds_as_much_of_many_customers_as_of_few(
    part_of: Callable[[int], msgspec.Struct],
) -> None:
    few, many = part_of(10), part_of(200)
    assert values_in(few) == values_in(many) > 3


def values_in(found: object) -> int:
    """Return how many values a result holds, however large they are."""

    def count(value: object) -> int:
        match value:
            case dict():
                return sum(count(one) for one in value.values())
            case list():
                return sum(map(count, value))
        return 1

    return count(msgspec.json.decode(msgspec.json.encode(found)))


def test_parts_of_the_company_add_up_to_the_whole() -> None:
    whole, halves = aged(6), aged(2)
    halves.take_in(aged(4))
    assert msgspec.json.encode(halves) == msgspec.json.encode(whole)
    assert whole.currencies["CNY"].totals[OPEN] == {date(2026, 4, 1).toordinal(): (6, 42_000)}
    trial, parts = tried(5), tried(2)
    parts.take_in(tried(3))
    assert parts == trial
    assert trial.moves == {"none": {"none": 5, "gold": 5}}


def test_alerts_are_counted_by_group_and_each_customer_once_in_it() -> None:
    found, more = alerts(3), alerts(2)
    for one in more.counts.values():
        found.count(one)
    overdue = found.counts["overdue/31/CNY"]
    # The second invoice was 31 days past due on 2 May and 61 on 1 June; the first was paid before.
    assert (overdue.raised, overdue.customers, overdue.standing) == (5, 5, 0)
    assert overdue.cleared_by == {"superseded": 5}
    assert overdue.amount_minor == 5 * 70_00
    soon = found.counts["due_soon/0/CNY"]
    assert (soon.raised, soon.customers) == (10, 5)  # both invoices of each


def test_what_is_owed_back_of_refunds_was_never_a_sale() -> None:
    facts = given(
        invoice("I-1", "70.00", due="2026-05-20", on="2026-05-01"),
        refunded("R-1", "30.00", on="2026-05-02"),
    ).facts
    worker = AgeingParts(AgeingOf(ASKING, date(2026, 6, 1), None), NO_POOL)
    found = PartAgeing()
    worker.add(found, CustomerId("C-1"), Told(facts, Reference(), AT))
    aged = currency_ageing("CNY", found.currencies["CNY"], date(2026, 6, 1), AgeingPolicy())
    assert aged.ageing.outstanding_minor == 100_00
    assert (aged.invoiced_90_days_minor, aged.dso_90_days) == (70_00, Decimal("90.0000"))
