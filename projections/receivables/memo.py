"""What an assessment keeps for the next one: the books, and what time does not change in them.

The books go on in place. A row is made anew where a fact moved its item, where the item is
open, or where a promise about it is not settled for good; every other row is as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from events.envelope import CustomerId
from events.policy import Reference
from projections.alert_care import earliest
from projections.books.account import Account
from projections.books.days import BEGINNING
from projections.books.ledger import Ledger
from projections.books.records import Item
from projections.books.replay import may_continue
from projections.facts import Facts, Memo
from projections.protocol import Alert, Assessment, Differences, Row, RowKey
from projections.receivables.alerts import AlertBook
from projections.receivables.balances import ItemState, Tally, account_row, item_row
from projections.receivables.causes import ClearedAlerts
from projections.receivables.charged import charge_row, charge_rows
from projections.receivables.horizon import next_change
from projections.receivables.promises import Promises
from projections.receivables.reading import Frame, ReceivablesAt
from projections.receivables.requests import changed_requests, request_rows
from projections.receivables.rows import ACCOUNTS, CHARGES, ITEMS, REQUESTS
from projections.receivables.rules import RULES_USED, rules_of

Rows = dict[str, dict[RowKey, Row | None]]


class BookMemo(Memo):
    """One customer's books as of `at` under one state of the rules."""

    def __init__(self, reference: Reference, book: Ledger | None = None) -> None:
        self.reference = reference
        self.at = BEGINNING
        self.book = Ledger(rules_of(reference)) if book is None else book
        self.frame: Frame | None = None
        self.promises: Promises
        self.stamp: object = object()
        self.tallies: defaultdict[str, Tally] = defaultdict(Tally)  # by currency

    @property
    def walked(self) -> int:
        """Return how many of the facts its books have taken in."""
        return self.book.walked

    def serves(self, facts: Facts, at: datetime, reference: Reference) -> bool:
        """Return whether an assessment of the facts may go on from here."""
        return self.goes_on_to(at, reference) and may_continue(self.book, facts)

    def goes_on_to(self, at: datetime, reference: Reference) -> bool:
        """Return whether an assessment as of an instant may go on from here, if the books may."""
        return reference is self.reference and at >= self.at

    def assess(self, customer: CustomerId, facts: Facts, at: datetime) -> Assessment:
        """Go on to an instant; one that the memo serves."""
        reading = ReceivablesAt(facts, at, self.reference, self)
        continued = reading.frame == self.frame
        since, self.stamp = self.stamp, object()
        self.at = at
        if not continued:
            self.frame, self.promises = reading.frame, reading.promises
            self.tallies.clear()
            for item in self.book.items.values():
                item.counted_late = None
        rows: Rows = {name: {} for name in _tables(reading)}
        alert_book = AlertBook(customer, reading)
        alerts: list[Alert] = []
        for account in self.book.accounts.values():
            alerts += self._account(reading, alert_book, account, rows, whole=not continued)
        for promise in reading.promises.with_open_items():
            alerts += alert_book.on_promise(promise)
        return Assessment(
            uses=RULES_USED | self.book.zone_uses(reading.branch_id),
            rows=_Rows(self, reading, rows[ACCOUNTS.name]) if continued else _listed(rows),
            alerts=alerts,
            cleared=ClearedAlerts(reading, frozenset(alert.key for alert in alerts)),
            next_change_at=earliest(next_change(reading), alerts),
            stamp=self.stamp,
            differences=Differences(since=since, rows=rows) if continued else None,
        )

    def _account(
        self,
        reading: ReceivablesAt,
        alert_book: AlertBook,
        account: Account,
        rows: Rows,
        *,
        whole: bool,
    ) -> Iterator[Alert]:
        """Make the account's row and those of its items that may differ; yield its alerts."""
        tally = self.tallies[account.currency]
        open_rows = []
        for item in account.items if whole else _changing(reading, account):
            stand = ItemState(reading, item)
            row = item_row(reading, item, stand)
            rows[ITEMS.name][row.item_id,] = row
            tally.count(item, row)
            if reading.fees is not None:
                charged = charge_row(reading, item)
                if charged is not None or not whole:
                    rows[CHARGES.name][row.item_id,] = charged
            if item.balance:
                open_rows.append(row)
                yield from alert_book.on_item(item, stand.due_level)
        account.moved.clear()
        rows[REQUESTS.name] |= changed_requests(reading, account, whole=whole)
        rows[ACCOUNTS.name][account.currency,] = account_row(reading, account, tally, open_rows)
        yield from alert_book.on_limit(account)


def _changing(reading: ReceivablesAt, account: Account) -> Iterable[Item]:
    found = account.moved | account.open_items
    if reading.promised:
        found |= {
            item: None for item in reading.promised if item.invoice.currency == account.currency
        }
    return found


def _tables(reading: ReceivablesAt) -> tuple[str, ...]:
    """Return the tables in which there may be rows: of charges only where fees are published."""
    names = (ITEMS.name, ACCOUNTS.name, REQUESTS.name)
    return names if reading.fees is None else (*names, CHARGES.name)


def _listed(rows: Rows) -> dict[str, Sequence[Row]]:
    return {
        table: [row for row in found.values() if row is not None] for table, found in rows.items()
    }


class _Rows(Mapping[str, Sequence[Row]]):
    """All rows of an assessment that went on, made when they are looked at.

    They can be made until the memo goes on again. Raises: LookupError after that.
    """

    def __init__(
        self, memo: BookMemo, reading: ReceivablesAt, accounts: Mapping[RowKey, Row | None]
    ) -> None:
        self._memo = memo
        self._stamp = memo.stamp
        self._reading = reading
        self._accounts = accounts
        self._items: Sequence[Row] | None = None
        self._charges: Sequence[Row] | None = None
        self._requests: Sequence[Row] | None = None

    def __getitem__(self, table: str) -> Sequence[Row]:
        if table == ACCOUNTS.name:
            return [row for row in self._accounts.values() if row is not None]
        if table == REQUESTS.name:
            if self._requests is None:
                self._requests = request_rows(self._current())
            return self._requests
        if table == CHARGES.name:
            if self._charges is None:
                self._charges = charge_rows(self._reading, self._all_items())
            return self._charges
        if table != ITEMS.name:
            raise KeyError(table)
        if self._items is None:
            reading = self._reading
            self._items = [
                item_row(reading, item, ItemState(reading, item)) for item in self._all_items()
            ]
        return self._items

    def __iter__(self) -> Iterator[str]:
        return iter(_tables(self._reading))

    def __len__(self) -> int:
        return len(_tables(self._reading))

    def _current(self) -> ReceivablesAt:
        if self._memo.stamp is not self._stamp:
            raise LookupError("the books have gone on since this assessment")
        return self._reading

    def _all_items(self) -> list[Item]:
        accounts = self._current().book.accounts.values()
        return [item for account in accounts for item in account.items]
