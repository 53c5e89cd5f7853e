"""One customer's books in one currency, and the order in which money meets items.

What is owed back of a refund comes first, then the oldest due date, the smaller open amount, the
id; interest that was charged comes last. Where fees are published, their rules settle in place of
this order. Source: domain rules, sections 4 and 11 (1-3, 12); decisions 22, 23, 31, 34.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from datetime import date, datetime

from projections.books.records import (
    Asked,
    Entry,
    Item,
    Refund,
    Source,
    SourceKind,
    Spell,
    StepReason,
)

SETTLED_BY: dict[SourceKind, StepReason] = {
    "payment": "paid",
    "credit_note": "credited",
    "write_off": "written_off",
}

_GIVES_WAY: dict[SourceKind, int] = {"write_off": 0, "payment": 1, "credit_note": 2}
"""In which order the sources of an item give way where it owes less."""


class Owing:
    """All that may have been open at an instant at which something was promised."""

    __slots__ = ("at", "items")

    def __init__(self, at: datetime, items: Iterable[Item]) -> None:
        self.at = at
        self.items = list(items)


Queued = tuple[int, date, int, str, int, Item]
"""Rank, due date, open amount and id of an item as queued; a number; itself."""

_OWED_BACK, _INVOICED, _INTEREST = range(3)
"""The ranks of what is queued; a fee has an invoice's."""

Pooled = tuple[bool, int, int, Source]
"""Whether it is money, serial number and number as pooled of a source; itself."""

_PAST_QUEUED = 64


class Clearing:
    """How money meets debts where fees are published."""

    def settle(self, account: Account, now: datetime) -> None:
        """Let credit meet open items."""
        raise NotImplementedError

    def closed(self, item: Item) -> None:
        """Take note that nothing of an item is open any more."""
        raise NotImplementedError


class Account:
    """A customer's books in one currency, and the order in which credit meets items.

    The invariant between two facts: where there is credit, no undisputed item is open.
    Both queues are heaps that may hold entries of the past; those are dropped when met, and of
    items before they are many.
    """

    __slots__ = (
        "asked", "checks", "clearing", "credit", "credited", "crosses_at", "currency", "invoiced",
        "items", "limit", "moved", "offered", "open_items", "outstanding", "over", "owed_back",
        "paid", "promised", "queued", "refunded", "refunds", "relief", "reserved", "seen_exposure",
        "serial", "settling_later", "sources", "suspect", "unbilled", "written_off",
    )  # fmt: skip

    def __init__(self, currency: str, clearing: Clearing | None = None) -> None:
        self.currency = currency
        self.clearing = clearing
        self.outstanding = self.credit = self.reserved = self.suspect = 0
        self.unbilled = self.checks = 0
        self.invoiced = self.paid = self.credited = self.written_off = 0  # over all invoices
        self.owed_back = 0  # of refunds, as part of what is outstanding
        self.refunded = 0
        self.limit: int | None = None
        self.items: list[Item] = []
        self.open_items: dict[Item, None] = {}
        self.moved: dict[Item, None] = {}  # by facts since somebody last emptied it
        self.asked: dict[Asked, None] = {}  # orders and checks that changed since then
        self.promised: Owing | None = None  # at the latest promise's instant
        self.sources: list[Source] = []
        self.refunds: list[Refund] = []
        self.over: list[Spell] = []  # when the exposure was above the limit
        self.relief: tuple[str, str | None] | None = None  # what last lowered the exposure
        self.seen_exposure = 0  # as it was last compared with a limit
        self.crosses_at: datetime | None = None  # when interest alone exceeds the limit
        self.serial = 0
        self.settling_later = False  # credit is kept back; who sets it settles afterwards
        self.queued: list[Queued] = []
        self.offered: list[Pooled] = []

    @property
    def exposure(self) -> int:
        """Return open items + unbilled orders + reserved checks - credit, without what runs."""
        return self.outstanding + self.unbilled + self.checks - self.credit

    def tick(self) -> int:
        """Return the next number of what happens in this account."""
        self.serial += 1
        return self.serial

    def receive(
        self, kind: SourceKind, source_id: str, event_id: str, at: datetime, amount: int
    ) -> Source:
        """Return a new source, which has settled nothing yet."""
        source = Source(kind, source_id, event_id, at, self.currency, amount, self.tick())
        self.sources.append(source)
        return source

    def issue(self, item: Item, now: datetime, event_id: str) -> None:
        """Open a new item."""
        self.items.append(item)
        self.outstanding += item.amount
        reason: StepReason = "issued"
        if item.invoice.owed_back:
            self.owed_back += item.amount
            reason = "owed_back"
        elif item.invoice.charge is not None:
            reason = "charged"
        else:
            self.invoiced += item.amount
        self.mark(item, now, reason, event_id)
        self.queue(item)

    def mark(self, item: Item, now: datetime, reason: StepReason, event_id: str) -> None:
        """Note how an item stands after a change; whatever changes a balance ends with this."""
        item.mark(now, reason, event_id)
        self.moved[item] = None
        if not item.balance:
            self.open_items.pop(item, None)
            if self.clearing is not None:
                self.clearing.closed(item)
            return
        self.open_items[item] = None
        if self.promised is not None and self.promised.at == now:
            self.promised.items.append(item)

    def promise(self, now: datetime) -> Owing:
        """Return the open items, to which those are added that open within this instant."""
        if self.promised is None or self.promised.at != now:
            self.promised = Owing(now, self.open_items)
        return self.promised

    def queue(self, item: Item) -> None:
        """Let an item take part in allocation: owed back, oldest due date, smaller amount, id."""
        if item.balance and not item.contested:
            queue = self.queued
            if len(queue) > 2 * len(self.open_items) + _PAST_QUEUED:
                queue[:] = [queued for queued in queue if _waits(queued)]
                heapq.heapify(queue)
            invoice = item.invoice
            rank = _OWED_BACK if invoice.owed_back else _INVOICED
            if invoice.charge == "interest":
                rank = _INTEREST
            key = (rank, _claimed_on(item), item.balance, item.item_id, self.tick(), item)
            heapq.heappush(queue, key)

    def queue_debt(self, item: Item) -> None:
        """Let an item and what is charged on it take part in allocation."""
        self.queue(item)
        for charge in item.charges:
            self.queue(charge)

    def pool(self, source: Source) -> None:
        """Make the free part of a source customer credit.

        Credit notes go before money, as if each had come before it; of each the oldest is first.
        """
        if source.free and not source.pooled:
            source.pooled = True
            self.credit += source.free
            self._offer(source)

    def unpool(self, source: Source) -> None:
        """Take the free part of a source out of credit and out of reservation."""
        if source.pooled:
            self.credit -= source.free
            source.pooled = False
        if source.reserved:
            self.reserved -= source.free
            source.reserved = False

    def allocate(self, source: Source, item: Item, now: datetime) -> None:
        """Settle as much of the item as the source has left."""
        amount = min(source.free, item.balance)
        if not amount:
            return
        self.use(source, amount)
        self._enter(Entry(source, item, amount, now, self.tick()))
        self.mark(item, now, SETTLED_BY[source.kind], source.event_id)
        self.queue(item)

    def use(self, source: Source, amount: int) -> None:
        """Take an amount from what a source has left, wherever that is counted."""
        source.free -= amount
        if source.pooled:
            self.credit -= amount
        elif source.reserved:
            self.reserved -= amount

    def give_back(self, source: Source, amount: int) -> None:
        """Give a source back what it had settled; it is counted where its rest is, if anywhere."""
        source.free += amount
        if source.reserved:
            self.reserved += amount
        elif source.pooled:
            self.credit += amount
            self._offer(source)

    def _offer(self, source: Source) -> None:
        money = source.kind != "credit_note"
        heapq.heappush(self.offered, (money, source.serial, self.tick(), source))

    def _enter(self, entry: Entry) -> None:
        entry.source.entries += (entry,)
        entry.item.entries += (entry,)
        self._book(entry.item, entry.source.kind, entry.amount)

    def _book(self, item: Item, kind: SourceKind, amount: int) -> None:
        invoiced = amount if item.invoice.sold else 0
        if kind == "payment":
            item.paid += amount
            self.paid += invoiced
        elif kind == "credit_note":
            item.credited += amount
            self.credited += invoiced
        else:
            item.written_off += amount
            self.written_off += invoiced
        item.balance -= amount
        self.outstanding -= amount
        if item.invoice.owed_back:
            self.owed_back -= amount

    def take_place(self, source: Source, entry: Entry, now: datetime) -> int:
        """Let a source settle what an entry had settled; return how much of it.

        The item owes nothing more or less by that; the source of the entry is not given it.
        """
        amount = min(source.free, entry.amount)
        self.undo(entry, now, source.event_id)
        if entry.amount > amount:
            self._rebook(entry, entry.amount - amount, now)
        self.use(source, amount)
        self._enter(Entry(source, entry.item, amount, now, self.tick(), entry))
        self.mark(entry.item, now, SETTLED_BY[source.kind], source.event_id)
        return amount

    def write_off_again(self, recovery: Entry, amount: int, now: datetime) -> None:
        """Let what gave way to a payment that was taken back stand again, at most what is owed."""
        gave_way = recovery.instead_of
        assert gave_way is not None
        amount = min(amount, recovery.item.balance)
        if amount:
            again = Entry(gave_way.source, gave_way.item, amount, now, gave_way.serial)
            again.instead_of = gave_way.instead_of
            self._enter(again)

    def undo(self, entry: Entry, now: datetime, by: str) -> None:
        """Take an entry back whole: the item owes it again; its source is not given it."""
        entry.undone_at = now
        entry.undone_by = by
        self._book(entry.item, entry.source.kind, -entry.amount)

    def resize(self, item: Item, amount: int, now: datetime, by: str) -> None:
        """Give an item another amount; what it then has too much is freed.

        Write-offs give way first, since nobody gave up more than is owed, then payments, then
        credit notes, each the latest first. A freed payment or credit note is customer credit
        again. The part of an entry that stays is booked anew at `now`.
        """
        change = amount - item.amount
        self.outstanding += change
        if item.invoice.owed_back:
            self.owed_back += change
        elif item.invoice.charge is None:
            self.invoiced += change
        item.balance += change
        item.amount = amount
        if item.balance >= 0:
            return
        live = [e for e in item.entries if e.undone_at is None]
        live.sort(key=lambda e: (_GIVES_WAY[e.source.kind], -e.serial))
        for entry in live:
            kept = max(0, entry.amount + item.balance)
            self.undo(entry, now, by)
            if kept:
                self._rebook(entry, kept, now)
            source = entry.source
            if source.kind != "write_off":
                self.give_back(source, entry.amount - kept)
                if not source.reserved and not source.pooled:
                    self.pool(source)
            if item.balance >= 0:
                return

    def _rebook(self, entry: Entry, kept: int, now: datetime) -> None:
        self._enter(Entry(entry.source, entry.item, kept, now, entry.serial, entry.instead_of))

    def refund(self, refund: Refund) -> int:
        """Take a refund from unapplied credit, then from reserved money; return what is missing.

        Of each the latest goes first.
        """
        missing = refund.amount
        for reserved in (False, True):
            for source in reversed(self.sources):
                if not missing or not (self.reserved if reserved else self.credit):
                    break
                if source.free and (source.reserved if reserved else source.pooled):
                    taken = min(missing, source.free)
                    missing -= taken
                    self.pay_back(source, refund, taken)
        return missing

    def pay_back(self, source: Source, refund: Refund, amount: int) -> None:
        """Let a source pay for a refund."""
        self.use(source, amount)
        source.refunds += ((refund, amount),)
        refund.payers += (source,)

    def settle(self, now: datetime) -> None:
        """Let credit meet open items."""
        if self.settling_later:
            return
        if self.clearing is not None:
            self.clearing.settle(self, now)
            return
        while (source := self.next_source()) is not None:
            item = self.next_item()
            if item is None:
                break
            self.allocate(source, item, now)

    def next_source(self) -> Source | None:
        """Return the credit that is used next."""
        while self.offered:
            source = self.offered[0][-1]
            if source.pooled and source.free:
                return source
            heapq.heappop(self.offered)
        return None

    def next_item(self) -> Item | None:
        """Return the item that credit meets next."""
        while self.queued:
            if _waits(self.queued[0]):
                return self.queued[0][-1]
            heapq.heappop(self.queued)
        return None


def _waits(queued: Queued) -> bool:
    """Return whether an item still waits for credit as it did when it was queued."""
    _, due_on, balance, _, _, item = queued
    return balance == item.balance and due_on == _claimed_on(item) and not item.contested


def _claimed_on(item: Item) -> date:
    """Return the due date by which an item waits: interest by that of what it is on."""
    if item.on is not None and item.invoice.charge == "interest":
        return item.on.due_on
    return item.due_on
