"""What a customer is charged beside what was sold: reminder fees, and interest that is claimed.

A fee is an item from the first notice of its level about an invoice: due on the day of the notice,
and on the item that the notice finds open first. One that is only announced is no item. Interest
runs by itself (interest.py); it is charged as an item, on the item on which it ran, as far as
money meets it, or somebody cites it, and whole once nothing is open any more of what it ran on: so
nothing of it is lost from sight. What was charged is not charged again.

A debt is an item with what is charged on it. Where an order of clearing is published a debt is
cleared in that order, and debts follow each other as ever: what a payment cites first, then the
oldest due date. Without one the oldest item comes first, a fee by its own due date, and interest
last of all; but of what a payment cites everything is cleared before anything else: principal,
costs, interest. Source: domain rules, section 11.12; German Civil Code, sections 366 and 367;
Civil Code of China, articles 560 and 561.

Rules where the rule book is silent: what was cancelled takes its charges with it. A write-off
gives up the principal first, then costs, then interest, and a payment that cites the debt recovers
all of it, in the order of clearing; a credit note lowers a charge only if it
names it ("fee:<invoice>:<level>", "interest:<item>"), or names the customer alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from events.touchpoints.policy import DebtPart, ReminderFee
from projections.books.account import Account, Clearing
from projections.books.days import Days
from projections.books.interest import FeeRules, interest_of, whole
from projections.books.records import ChargeKind, Invoice, Item

INTEREST_OF: Final = "interest:"
"""What stands before an item's id in the id of the interest charged on it."""

_CITED: Final[tuple[DebtPart, ...]] = ("principal", "costs", "interest")
_FURTHEST: Final = 36_525  # days, a hundred years


class Announced(NamedTuple):
    """A fee that was announced and is not owed."""

    item: Item
    level: int
    amount: int
    at: datetime
    event_id: str


class Charged:
    """What charges know of the books that they are part of."""

    invoices: dict[str, Invoice]
    items: dict[str, Item]
    now: datetime

    def account(self, currency: str) -> Account:
        """Return the books in a currency."""
        raise NotImplementedError

    def days_at(self, at: datetime) -> Days:
        """Return the days of an instant where the customer is at home by then."""
        raise NotImplementedError


def free_id(book: Charged, item_id: str) -> str:
    """Return an identifier of that kind which no item or invoice has."""
    while item_id in book.items or item_id in book.invoices:
        item_id += "'"
    return item_id


class Charges(Clearing):
    """The charges of one customer, and the order in which money clears debts."""

    def __init__(self, rules: FeeRules, book: Charged) -> None:
        self.rules = rules
        self.announced: list[Announced] = []
        self._book = book
        self._closed: dict[Item, None] = {}

    # --- the order of clearing ---

    def settle(self, account: Account, now: datetime) -> None:
        """Let credit meet open items, then interest; charge that of what is closed by it."""
        while True:
            self._spend(account, now)
            closed = [i for i in self._closed if i.invoice.currency == account.currency]
            for item in closed:
                del self._closed[item]
                if not item.balance:
                    self.charge_interest(item, now, item.steps[-1].event_id)
            if not closed:
                return

    def closed(self, item: Item) -> None:
        """Take note that nothing of an item is open any more."""
        if item.on is None:
            self._closed[item] = None

    def _spend(self, account: Account, now: datetime) -> None:
        order = self.rules.clearing(now)
        while (source := account.next_source()) is not None:
            if order:
                item = self._oldest_debt(account)
            else:
                item = account.next_item()
                if item is None:
                    item = self._oldest_interest(account, now, source.event_id)
            if item is None:
                return
            for part in self._parts(item, order, now, source.event_id):
                account.allocate(source, part, now)

    def _oldest_debt(self, account: Account) -> Item | None:
        """Return the debt of which something is open that is cleared next."""
        found = {item.on or item for item in account.open_items if not item.contested}
        return min(found, key=_by_claim, default=None)

    def parts_cited(self, item: Item, now: datetime, by: str) -> Iterator[Item]:
        """Yield the parts of a debt that is cited, in the order in which they are cleared."""
        yield from self._parts(item, self.rules.clearing(now) or _CITED, now, by)

    def parts_given_up(self, item: Item, now: datetime, by: str) -> Iterator[Item]:
        """Yield the parts of a debt in the order in which a write-off gives them up."""
        yield from self._parts(item, _CITED, now, by)

    def given_up(self, items: Sequence[Item], now: datetime) -> Iterator[Sequence[Item]]:
        """Yield what may have been given up of debts that are cited, in the order of recovery."""
        for part in self.rules.clearing(now) or _CITED:
            if part == "principal":
                yield items
            else:
                kind: ChargeKind = "fee" if part == "costs" else "interest"
                charges = (one for item in items for one in item.charges)
                yield [one for one in charges if one.invoice.charge == kind]

    def _parts(
        self, item: Item, order: tuple[DebtPart, ...], now: datetime, by: str
    ) -> Iterator[Item]:
        if item.on is not None or not order:
            yield item
            return
        for part in order:
            if part == "principal":
                yield item
            elif part == "costs":
                yield from [one for one in item.charges if one.invoice.charge == "fee"]
            else:
                interest = self.charge_interest(item, now, by)
                if interest is not None:
                    yield interest

    def _oldest_interest(self, account: Account, now: datetime, by: str) -> Item | None:
        found = [item for item in account.open_items if self._may_bear(item) and not item.contested]
        for item in sorted(found, key=_by_due_date):
            interest = self.charge_interest(item, now, by)
            if interest is not None and interest.balance:
                return interest
        return None

    # --- interest ---

    def _may_bear(self, item: Item) -> bool:
        return self.rules.has_interest and item.invoice.sold

    def charge_interest(self, item: Item, now: datetime, by: str) -> Item | None:
        """Let what has run on an item be charged; return what ever was, if anything."""
        if not self._may_bear(item):
            return None
        days = self._book.days_at(now)
        known = interest_charged(item)
        more = unclaimed(item, self.rules, days, now)
        if more <= 0:
            return known
        account = self._book.account(item.invoice.currency)
        today = date.fromordinal(days.today(now))
        if known is None:
            item_id = free_id(self._book, INTEREST_OF + item.item_id)
            return self._open(account, "interest", item_id, item, more, today, by)
        if not known.balance:
            known.due_on = today
        account.resize(known, known.amount + more, now, by)
        account.mark(known, now, "charged", by)
        account.queue(known)
        return known

    def cited(self, ref: str, by: str) -> Item | None:
        """Return the interest that a reference names, which is charged if it was not."""
        if not ref.startswith(INTEREST_OF):
            return None
        item = self._book.items.get(ref.removeprefix(INTEREST_OF))
        return None if item is None else self.charge_interest(item, self._book.now, by)

    def running(self, account: Account, at: datetime) -> int:
        """Return what is owed as interest in a currency and was not charged as an item."""
        if not self.rules.has_interest:
            return 0
        days = self._book.days_at(at)
        found = [item for item in account.open_items if item.invoice.sold]
        return sum(unclaimed(item, self.rules, days, at) for item in found)

    def reaches(self, account: Account, room: int, at: datetime) -> datetime | None:
        """Return the first midnight at which more than `room` is owed as interest by itself."""
        if not self.rules.has_interest:
            return None
        days = self._book.days_at(at)
        terms = [
            (interest_of(item, self.rules, days, at), _charged(item))
            for item in account.open_items
            if item.invoice.sold
        ]

        def owed(day: int) -> int:
            return sum(max(0, whole(term.on(day).owed) - known) for term, known in terms)

        low = days.today(at)
        high = low + _FURTHEST
        if owed(high) <= room:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if owed(middle) > room:
                high = middle
            else:
                low = middle
        return days.start(high)

    # --- fees ---

    def notice(self, items: list[Item], ref: str, level: int, by: str) -> str | None:
        """Charge, or announce, the fee of the first notice of a level about what it cites.

        Returns why a fee that is published for the level is neither.
        """
        now = self._book.now
        policy = self.rules.policy(now)
        fee = _fee(policy.reminder_fees, level)
        on = self._carrier(items, level)
        if fee is None or on is None or not fee.amount.minor:
            return None
        if fee.amount.currency != on.invoice.currency:
            return "fee_in_other_currency"
        if policy.fees == "announced":
            self.announced.append(Announced(on, level, fee.amount.minor, now, by))
            return None
        account = self._book.account(on.invoice.currency)
        today = date.fromordinal(self._book.days_at(now).today(now))
        item_id = free_id(self._book, f"fee:{ref}:{level}")
        self._open(account, "fee", item_id, on, fee.amount.minor, today, by)
        account.settle(now)
        return None

    def _carrier(self, items: list[Item], level: int) -> Item | None:
        """Return the first open item that a notice of the level is about."""
        today = self._book.days_at(self._book.now).today(self._book.now)
        for item in items:
            if item.balance and (not level or item.due_on.toordinal() < today):
                return item
        return next((item for item in items if item.balance), None)

    def _open(
        self, account: Account, kind: ChargeKind, item_id: str, on: Item, amount: int,
        due_on: date, by: str,
    ) -> Item:  # fmt: skip
        now = self._book.now
        debt = Invoice(item_id, account.currency, amount, None)
        debt.charge = kind
        debt.event_id = by
        debt.issued_at = now
        item = Item(item_id, debt, amount, due_on)
        item.on = on
        debt.items.append(item)
        on.charges += (item,)
        self._book.items[item_id] = item
        account.issue(item, now, by)
        return item


def interest_charged(item: Item) -> Item | None:
    """Return the interest that was ever charged on an item."""
    return next((one for one in item.charges if one.invoice.charge == "interest"), None)


def _charged(item: Item) -> int:
    known = interest_charged(item)
    return 0 if known is None else known.amount


def unclaimed(item: Item, rules: FeeRules, days: Days, at: datetime) -> int:
    """Return what is owed as interest on an item and was not charged as an item of its own."""
    term = interest_of(item, rules, days, at).on(days.today(at))
    return max(0, whole(term.owed) - _charged(item))


def _fee(fees: tuple[ReminderFee, ...], level: int) -> ReminderFee | None:
    return next((fee for fee in fees if fee.level == level), None)


def _by_claim(item: Item) -> tuple[bool, date, int, str]:
    return not item.invoice.owed_back, item.due_on, item.balance, item.item_id


def _by_due_date(item: Item) -> tuple[date, str]:
    return item.due_on, item.item_id
