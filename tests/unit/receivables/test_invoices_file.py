"""The real file of invoices against figures computed independently (ground_truth.json, "ar").

Each row is an invoice at 00:00 of its day, a dispute with it if disputed, and a payment in
full that cites it at 00:00 of the day it was settled.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from events.envelope import RecordedEvent
from events.facts import fact_of
from events.policy import Reference
from projections.books.ageing import ageing, bucket_labels
from projections.facts import Facts
from projections.receivables.alerts import AlertBook
from projections.receivables.reading import ReceivablesAt
from projections.receivables.reports import dso, invoiced_in_window, mean_days_late, open_balances
from projections.receivables.rows import AccountRow, ItemRow
from tests.support.given import (
    CUSTOMER,
    RECEIVABLES,
    Told,
    alerts_published,
    asked,
    disputed,
    invoice,
    paid,
    recorded_events,
)

pytestmark = pytest.mark.acceptance

RULES = Reference(recorded_events([alerts_published(1, 7, 15, 30, 45)]))


@pytest.fixture(scope="module")
def truth(shared_data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared_data / "ground_truth.json").read_text())["ar"]
    return found


@pytest.fixture(scope="module")
def customers(shared_data: Path) -> list[list[RecordedEvent]]:
    told: dict[str, list[Told]] = defaultdict(list)
    with (shared_data / "ibm_accounts_receivable.csv").open() as rows:
        for row in csv.DictReader(rows):
            number, amount, mine = row["invoice_number"], row["invoice_amount"], row["customer_id"]
            amount = f"{Decimal(amount):.2f}"
            told[mine].append(invoice(number, amount, due=row["due_date"], on=row["invoice_date"]))
            if row["disputed"] == "Yes":
                dispute = f"D {number}"
                told[mine].append(disputed(number, on=row["invoice_date"], dispute=dispute))
            payment = f"P {number}"
            told[mine].append(paid(payment, amount, on=row["settled_date"], invoices=(number,)))
    return [recorded_events(facts) for facts in told.values()]


def test_every_figure_of_every_date_is_exact(
    truth: dict[str, Any], customers: list[list[RecordedEvent]]
) -> None:
    for day, expected in truth["asof"].items():
        items: list[ItemRow] = []
        accounts: list[AccountRow] = []
        for events in customers:
            rows = RECEIVABLES.assess(CUSTOMER, Facts(map(fact_of, events)), asked(day), RULES).rows
            items.extend(row for row in rows["items"] if isinstance(row, ItemRow))
            accounts.extend(row for row in rows["accounts"] if isinstance(row, AccountRow))
        totals = [total for row in items for total in RECEIVABLES.totals(row)]
        on = date.fromisoformat(day)
        found = ageing(open_balances(totals, "CNY", on), on)
        assert found.items == expected["open_invoices"]
        assert found.outstanding_minor == _minor(expected["outstanding"])
        assert found.overdue_items == expected["overdue_invoices"]
        assert found.overdue_minor == _minor(expected["overdue_amount"])
        by_label = {bucket.label: bucket for bucket in found.buckets}
        for label in bucket_labels()[:4]:
            bucket = expected["by_days_overdue"][label]
            assert by_label[label].items == bucket["n"]
            assert by_label[label].amount_minor == _minor(bucket["amount"])
        invoiced = invoiced_in_window(totals, "CNY", on)
        assert invoiced == _minor(expected["invoiced_last_90d"])
        assert dso(found.outstanding_minor, invoiced) == Decimal(str(expected["dso90"]))
        late = sum(row.days_late_sum for row in accounts)
        settled = sum(row.settled_items for row in accounts)
        mean = mean_days_late(late, settled)
        assert mean == Decimal(str(expected["settled_mean_days_late"])).quantize(Decimal("0.0001"))
        assert sum(row.overdue_items > 0 for row in accounts) == expected["customers_overdue"]
        open_disputed = sum(row.disputed for row in items if row.status == "open")
        assert open_disputed == expected["open_disputed"]


def test_each_threshold_alerted_for_exactly_the_invoices_open_at_its_end(
    truth: dict[str, Any], customers: list[list[RecordedEvent]]
) -> None:
    # Only the highest alert of an item stands, yet each threshold had an episode of its own.
    raised: Counter[int] = Counter()
    for events in customers:
        reading = ReceivablesAt(Facts(map(fact_of, events)), asked("2014-12-31"), RULES)
        episodes = AlertBook(CUSTOMER, reading).episodes()
        raised.update(e.alert.threshold for e in episodes if e.alert.kind == "overdue")
        assert all(episode.until is not None for episode in episodes)
    for level, expected in truth["alerts"]["levels"].items():
        assert raised[int(level)] == expected["alerts"]


def _minor(amount: float) -> int:
    return int((Decimal(str(amount)) * 100).to_integral_exact())
