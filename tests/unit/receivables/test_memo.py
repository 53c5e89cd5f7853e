"""What an assessment that goes on does, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest

from events.facts import Fact
from events.money import Money
from events.policy import Reference
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from projections.books import replay
from projections.facts import Facts
from projections.protocol import Assessment
from projections.receivables.rows import AccountRow, ItemRow
from tests.support.given import (
    CUSTOMER,
    RECEIVABLES,
    Told,
    asked,
    disputed,
    given,
    invoice,
    paid,
    promised,
    registered,
)
from tests.support.streams import event

RULES = Reference()
LONG = 20_000
_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def events_of(*told: Told) -> Sequence[Fact]:
    return given(*told).facts


def going_on(first: Sequence[Told], then: Sequence[Told], *days: str) -> Assessment:
    """Assess the first facts on each day but the last, and all of them on the last."""
    events = events_of(*first, *then)
    facts = Facts(events[: len(first)])
    for day in days[:-1]:
        RECEIVABLES.assess(CUSTOMER, facts, asked(day), RULES)
    for late in events[len(first) :]:
        facts.remember(late)
    kept = RECEIVABLES.assess(CUSTOMER, facts, asked(days[-1]), RULES)
    fresh = RECEIVABLES.assess(CUSTOMER, Facts(events), asked(days[-1]), RULES)
    assert {name: list(rows) for name, rows in kept.rows.items()} == fresh.rows
    assert set(kept.alerts) == set(fresh.alerts)
    return kept


def settled_dossier(length: int) -> Iterator[Fact]:
    """Yield invoices, each followed by the payment that settles it."""
    for n in range(length):
        at = _BEGIN + n * timedelta(minutes=20)
        invoice_id, amount = f"I-{n // 2}", Money(10_000 + n // 2 % 977, "CNY")
        due_on = (at + timedelta(days=30)).date()
        yield event(
            InvoiceIssued(invoice_id=invoice_id, amount=amount, due_on=due_on)
            if n % 2 == 0
            else PaymentReceived(payment_id=f"P-{n}", amount=amount, invoice_ids=(invoice_id,)),
            n,
            at,
            "/branches/B-1/a",
        )


def test_one_more_fact_of_a_long_dossier_is_the_only_one_walked() -> None:
    *before, last = settled_dossier(LONG)
    facts = Facts(before)
    at = last.effective_at
    whole = RECEIVABLES.assess(CUSTOMER, facts, before[-1].effective_at, RULES)
    assert whole.differences is None
    assert len(whole.rows["items"]) == LONG // 2
    facts.remember(last)
    handler = mock.Mock(side_effect=replay.HANDLERS[PaymentReceived])
    with mock.patch.dict(replay.HANDLERS, {PaymentReceived: handler}):
        assessment = RECEIVABLES.assess(CUSTOMER, facts, at, RULES)
    assert handler.call_count == 1
    differences = assessment.differences
    assert differences is not None
    assert differences.since is whole.stamp
    assert {table: len(rows) for table, rows in differences.rows.items()} == {
        "items": 1,
        "accounts": 1,
        "requests": 0,
    }
    [item] = differences.rows["items"].values()
    [account] = differences.rows["accounts"].values()
    assert isinstance(item, ItemRow)
    assert isinstance(account, AccountRow)
    assert (item.status, account.open_items, account.settled_items) == ("settled", 0, LONG // 2)


def test_rows_of_an_assessment_that_others_went_on_from_are_not_made_up() -> None:
    facts = Facts(events_of(invoice("A", "10.00", due="2026-03-01")))
    RECEIVABLES.assess(CUSTOMER, facts, asked("2026-02-02"), RULES)
    earlier = RECEIVABLES.assess(CUSTOMER, facts, asked("2026-02-03"), RULES)
    RECEIVABLES.assess(CUSTOMER, facts, asked("2026-02-04"), RULES)
    with pytest.raises(LookupError):
        earlier.rows["items"]


def test_a_fact_at_the_instant_of_a_deadline_that_took_effect_begins_anew() -> None:
    first = (
        invoice("A", "100.00", due="2026-03-01"),
        paid("P", "100.00", on="2026-02-05 10:00", orders=("O",)),
    )
    # The reservation of 72 hours ends at the very instant of the dispute, which goes first.
    at_the_end = (disputed("A", on="2026-02-08 10:00"),)
    kept = going_on(first, at_the_end, "2026-02-08", "2026-02-09")
    assert kept.differences is None
    assert kept.rows["accounts"][0].credit_minor == 10_000  # type: ignore[attr-defined]


def test_a_promise_for_a_day_that_is_over_is_about_what_opens_within_its_instant() -> None:
    first = (promised("PR", "50.00", by="2026-02-01", on="2026-02-10 09:00"),)
    then = (invoice("A", "100.00", due="2026-03-01", on="2026-02-10 09:00"),)
    events = events_of(*first, *then)
    if events[0].fact_key > events[1].fact_key:
        pytest.skip("the invoice comes first in fact order")
    going_on(first, then, "2026-02-10", "2026-02-11")


def test_a_fact_before_a_judged_day_ended_still_counts_for_the_promise() -> None:
    first = (
        invoice("A", "100.00", due="2026-02-05"),
        promised("PR", "40.00", by="2026-02-10", on="2026-02-08"),
    )
    then = (paid("P", "40.00", on="2026-02-09", invoices=("A",)),)
    kept = going_on(first, then, "2026-02-12", "2026-02-12")
    assert kept.differences is not None
    assert not [alert for alert in kept.alerts if alert.kind == "broken_promise"]


def test_another_home_branch_makes_every_row_anew() -> None:
    first = (invoice("A", "100.00", due="2026-03-01"), paid("P", "100.00", on="2026-02-05"))
    kept = going_on(first, (registered("B-2", on="2026-02-06"),), "2026-02-05", "2026-02-06")
    assert kept.differences is None
    assert {row.branch_id for row in kept.rows["items"]} == {"B-2"}  # type: ignore[attr-defined]
