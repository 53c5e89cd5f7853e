"""The receivables projection: facts of one customer in, items, accounts and alerts out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from events.envelope import CustomerId
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from projections.protocol import Alert, Assessment, Facts, Row, Table, Total
from projections.receivables.alerts import AlertBook
from projections.receivables.balances import Stand, account_row, item_row
from projections.receivables.causes import Clearings
from projections.receivables.horizon import next_change
from projections.receivables.reading import Reading
from projections.receivables.replay import HANDLED
from projections.receivables.rows import ACCOUNTS, INVOICED, ITEMS, OPEN, ItemRow


class Receivables:
    """What each customer owes, item by item, and what must be done about it."""

    name: ClassVar[str] = "receivables"
    version: ClassVar[int] = 1
    handles: ClassVar[frozenset[type[Touchpoint]]] = HANDLED
    tables: ClassVar[tuple[Table, ...]] = (ITEMS, ACCOUNTS)

    def assess(
        self, customer: CustomerId, facts: Facts, at: datetime, reference: Reference
    ) -> Assessment:
        """Return the rows and standing alerts as of an instant; pure."""
        return assessment_of(customer, Reading(facts, at, reference))

    def totals(self, row: Row) -> Sequence[Total]:
        """Return an item's open balance by due day and its amount by day of issue."""
        if not isinstance(row, ItemRow) or row.status == "cancelled":
            return ()
        branch = row.branch_id or ""
        issued = Total(
            INVOICED, row.currency, branch, row.issued_on.toordinal(), 1, row.amount_minor
        )
        if row.status != "open":
            return (issued,)
        due = Total(OPEN, row.currency, branch, row.due_on.toordinal(), 1, row.balance_minor)
        return (issued, due)


def assessment_of(customer: CustomerId, reading: Reading) -> Assessment:
    """Return the assessment that a reading amounts to."""
    alert_book = AlertBook(customer, reading)
    alerts: list[Alert] = []
    items: list[ItemRow] = []
    accounts = []
    for account in reading.book.accounts.values():
        rows = []
        for item in account.items:
            stand = Stand(reading, item)
            rows.append(item_row(reading, item, stand))
            if item.balance:
                alerts.extend(alert_book.on_item(item, stand.due_level))
        items.extend(rows)
        accounts.append(account_row(reading, account, rows))
        alerts.extend(alert_book.on_limit(account))
    for promise in reading.promises:
        alerts.extend(alert_book.on_promise(promise))
    return Assessment(
        rows={ITEMS.name: items, ACCOUNTS.name: accounts},
        alerts=alerts,
        cleared=Clearings(reading, frozenset(alert.key for alert in alerts)),
        next_change_at=next_change(reading),
    )
