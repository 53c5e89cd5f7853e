"""What is paid without an invoice: orders paid directly, and sales that nobody described.

The rules are those of contributions.py, 2 and 3.
"""

from __future__ import annotations

from datetime import datetime

from events.touchpoints.order import OrderPlaced
from projections.books.records import NOTHING, Invoice, Source, more_of
from projections.value_tiers.contributions import Claim, Contribution, Contributions, Settlement
from projections.value_tiers.journal import JournalLedger
from projections.value_tiers.rules import ValueRules


class OrderParts:
    """How an order's cost is split: over its invoices, and over what pays it directly.

    `parts` is how much each payment pays of it; `kept` how much of a payment gave way to a
    credit note and left its cost behind; `own` what a note settled that nobody had paid.
    """

    __slots__ = (
        "back", "billed", "citing", "claim", "data", "kept", "notes", "own", "paid", "parts",
        "placed_at", "split", "stood_in",
    )  # fmt: skip

    def __init__(self) -> None:
        self.data: OrderPlaced | None = None  # None: not placed yet
        self.placed_at: datetime
        self.notes: tuple[Source, ...] = ()  # the credit notes that name it
        self.split = 0  # how many of its invoices have been given their part of the cost
        self.billed = 0  # by these, as issued
        self.citing: tuple[Source, ...] = ()
        self.parts: dict[Source, int] = NOTHING
        self.paid = 0
        self.kept: dict[Source, int] = NOTHING
        self.own: dict[Source, int] = NOTHING
        self.stood_in: dict[Source, int] = NOTHING  # by note: what it settled in place of payments
        self.back = 0  # how much of what its notes settled is goods that came back
        self.claim: Claim | None = None

    @property
    def settled(self) -> int:
        """Return what payments and credit notes settled of it without an invoice."""
        return self.paid + sum(self.kept.values()) + sum(self.own.values())


Subject = OrderParts | Invoice | Source
"""What is bought, or given back: an order, an invoice, a payment or credit note."""


class TillLedger(JournalLedger):
    """The books with what is paid without an invoice.

    `resold` are the subjects whose sales may be others since somebody last emptied it.
    """

    def __init__(self, rules: ValueRules, contributions: Contributions, limits: bool) -> None:
        super().__init__(rules.ledger, limits)
        self.contributions = contributions
        self.resold: dict[Subject, None] = {}
        self.parts: dict[str, OrderParts] = {}
        self.cash: dict[Source, Contribution | None] = {}  # sales that nobody described
        self.cash_notes: dict[Source, int] = {}  # credit notes against them, how much of each
        self.by = ""  # the event at hand
        self.correcting = False
        self._changed: dict[OrderParts, None] = {}  # orders of which more, or less, is settled

    def order_parts(self, order_id: str) -> OrderParts:
        """Return how an order is split, whether it was placed yet or not."""
        parts = self.parts.get(order_id)
        if parts is None:
            parts = self.parts[order_id] = OrderParts()
        return parts

    def fit(self) -> None:
        """Let what was touched of sources and orders be what pays without an invoice."""
        touched = self.touched
        for source in touched.sources:
            self._fit_source(source)
        for order_id in touched.orders:
            self._fit_order(self.order_parts(order_id))
        if self._changed:
            for parts in self._changed:
                self._settle_directly(parts)
            self._changed.clear()
        if self.cash:
            self._fit_cash_sales()

    def _fit_source(self, source: Source) -> None:
        """Let what a payment has left pay the orders it cites, or no longer."""
        if not source.order_refs or source.kind != "payment":
            return
        orders = [self.parts[ref] for ref in source.order_refs if ref in self.parts]
        used = sum(parts.parts.get(source, 0) for parts in orders)
        free = _free(source)
        for parts in reversed(orders):
            if source.state != "live" and parts.kept.pop(source, 0):
                self._changed[parts] = None
            change = min(max(0, used - free), parts.parts.get(source, 0))
            used -= change
            self._pay(parts, source, -change)
        for parts in orders:
            room = self._room(parts, source)
            if room and used < free:
                change = min(room, free - used)
                used += change
                self._pay(parts, source, change)

    def _fit_order(self, parts: OrderParts) -> None:
        """Let an order be paid directly by no more than is left of it, the latest going first."""
        if parts.data is None:
            return
        if not parts.citing and not parts.own and not self.orders[parts.data.order_id].credits:
            return  # nothing ever paid it, or settled it, without an invoice
        over = parts.paid - self.payable(self.orders[parts.data.order_id])
        gone: dict[Source, int] = {}
        for source in reversed(parts.citing):
            if over > 0:
                change = min(over, parts.parts.get(source, 0))
                over -= change
                gone[source] = change
                self._pay(parts, source, -change)
        self._credit(parts, gone)
        self._changed[parts] = None
        for source in gone:
            self._fit_source(source)
        if over < 0:
            for source in parts.citing:
                self._fit_source(source)
                self.touched.sources[source] = None

    def _credit(self, parts: OrderParts, gone: dict[Source, int]) -> None:
        """Take in what credit notes settle of an order, in place of payments that have gone."""
        assert parts.data is not None
        credited = self.orders[parts.data.order_id].credits
        for note in [*parts.own, *parts.stood_in]:
            if note not in credited:
                parts.own.pop(note, None)
                parts.stood_in.pop(note, None)
        for note, amount in credited.items():
            more = amount - parts.own.get(note, 0) - parts.stood_in.get(note, 0)
            for source in gone if more > 0 else ():
                instead = min(more, gone[source])
                gone[source] -= instead
                more -= instead
                parts.kept = more_of(parts.kept, source, instead)
                parts.stood_in = more_of(parts.stood_in, note, instead)
            if more:
                parts.own = more_of(parts.own, note, max(more, -parts.own.get(note, 0)))
        self._trim(parts)

    def _trim(self, parts: OrderParts) -> None:
        """Let no more cost be kept than notes stand in for; what a reversal took is theirs."""
        kept = sum(parts.kept.values())
        for note in reversed(parts.stood_in):
            missing = min(parts.stood_in[note], sum(parts.stood_in.values()) - kept)
            if missing > 0:
                parts.stood_in[note] -= missing
                parts.own = more_of(parts.own, note, missing)
        stood_in = sum(parts.stood_in.values())
        for source in reversed(parts.kept):
            over = min(parts.kept[source], sum(parts.kept.values()) - stood_in)
            if over > 0:
                parts.kept[source] -= over

    def _room(self, parts: OrderParts, source: Source) -> int:
        order = self.orders.get(parts.data.order_id) if parts.data is not None else None
        if order is None or order.account.currency != source.currency:
            return 0
        return max(0, self.payable(order) - parts.paid)

    def _pay(self, parts: OrderParts, source: Source, change: int) -> None:
        if not change:
            return
        parts.paid += change
        parts.parts = more_of(parts.parts, source, change)
        if not parts.parts[source]:
            del parts.parts[source]
        self._changed[parts] = None

    def _settle_directly(self, parts: OrderParts) -> None:
        """Let the order be worth what payments and credit notes settle of it."""
        self._trim(parts)
        claim = self._claim_of(parts)
        if claim is None:
            return
        lost = {source.serial for source in parts.citing if source.state != "live"}
        claim.rebuild(
            self._settlements_of(parts),
            self.now,
            self.by,
            lost if self.correcting else (),
            self.contributions,
        )
        self.resold[parts] = None

    def _claim_of(self, parts: OrderParts) -> Claim | None:
        data = parts.data
        if parts.claim is None and data is not None and parts.settled:
            amount = data.amount
            tax = data.tax.minor if data.tax and data.tax.currency == amount.currency else 0
            parts.claim = Claim(data.order_id, amount.currency, amount.minor, tax)
            cost = data.cost_of_goods
            known = cost is not None and cost.currency == amount.currency
            parts.claim.cost = cost.minor if cost is not None and known else 0
            parts.claim.total = amount.minor
        return parts.claim

    def _settlements_of(self, parts: OrderParts) -> list[Settlement]:
        """Return what settles it: what came back costs nothing, what gave way keeps its day.

        Cost that was given to its invoices is not counted a second time. What a note settles in
        place of a payment that was taken back counts since the note.
        """
        assert parts.data is not None
        back = parts.back
        room = max(0, parts.data.amount.minor - parts.billed)
        found = []
        sources = [(s, parts.parts.get(s, 0), parts.kept.get(s, 0)) for s in parts.citing]
        sources += [(note, 0, own) for note, own in parts.own.items()]
        for source, paid, rest in sources:
            came_back = min(back, rest)
            back -= came_back
            settled = min(room, paid + rest - came_back)
            room -= settled
            is_note = source.kind == "credit_note"
            on = max(source.at, parts.placed_at) if is_note and self.correcting else self.now
            if paid or settled:
                found.append(Settlement(source.serial, paid, settled, on, source.event_id))
        return sorted(found)

    # --- sales that nobody described ---

    def _fit_cash_sales(self) -> None:
        """Let sales that nobody described count as far as nothing has used or given back theirs."""
        if not self.loose_notes and not self.cash_notes:
            for source in self.touched.sources:
                if source in self.cash:
                    self._count_cash(source, self._cash_left(source))
            return
        currencies = {note.currency for note in (*self.loose_notes, *self.cash_notes)}
        for currency in sorted(currencies):
            self._give_back(currency)
        for source in self.touched.sources:
            if source in self.cash and source.currency not in currencies:
                self._count_cash(source, self._cash_left(source))

    def _give_back(self, currency: str) -> None:
        """Take what credit notes gave back off the sales in a currency, the latest first.

        A refund pays out what a note gave back before it takes more: of the two sums the larger
        one counts.
        """
        sales = sorted((s for s in self.cash if s.currency == currency), key=_serial)
        notes = sorted((n for n in self.loose_notes if n.currency == currency), key=_serial)
        known = sorted((n for n in self.cash_notes if n.currency == currency), key=_serial)
        unapplied = {note: note.free + note.paid_back for note in notes}
        given = sum(unapplied.values())
        paid_out = sum(note.paid_back for note in notes)
        refunds = paid_out + sum(sale.paid_back for sale in sales)
        left = {source: self._cash_left(source) for source in sales}
        against = min(given, sum(left.values()) + refunds - paid_out)
        off = max(given, refunds) - (refunds - paid_out)
        for source in reversed(sales):
            less = min(off, max(0, left[source]))
            off -= less
            self._count_cash(source, left[source] - less)
        for note in dict.fromkeys((*notes, *known)):
            part = min(against, unapplied.get(note, 0))
            against -= part
            if self.cash_notes.pop(note, 0) != part:
                self.resold[note] = None
            if part:
                self.cash_notes[note] = part

    def _cash_left(self, source: Source) -> int:
        """Return how much of a payment nothing has used; what a note displaced was used."""
        free = _free(source) - _displaced(source) if source.pooled else 0
        for ref in source.order_refs:
            if ref in self.parts:
                free -= self.parts[ref].parts.get(source, 0)
        return max(0, free)

    def _count_cash(self, source: Source, amount: int) -> None:
        """Let a sale count with an amount; one of nothing at all is a sale, too."""
        known = self.cash[source]
        sold = amount > 0 or (not source.amount and source.state == "live")
        if known is not None:
            if sold and known.amount == amount:
                return
            withdrawn = self.correcting and source.state != "live"
            self.contributions.end(known, self.now, self.by, withdrawn)
        elif not sold:
            return
        self.resold[source] = None
        if not sold:
            self.cash[source] = None
            return
        new = Contribution(
            "margin", source.currency, amount, self.now, source.at, source.event_id,
            source.source_id,
        )  # fmt: skip
        self.cash[source] = new
        self.contributions.add(new)


def _serial(source: Source) -> int:
    return source.serial


def _free(source: Source) -> int:
    return source.free if source.state == "live" and source.kind == "payment" else 0


def _displaced(source: Source) -> int:
    """Return how much of what a source had settled credit notes settle now."""
    items = {entry.item: None for entry in source.entries if entry.undone_at is not None}
    return sum(
        entry.amount
        for item in items
        for entry in item.entries
        if entry.undone_at is None
        and entry.source.kind == "credit_note"
        and entry.instead_of is not None
        and entry.instead_of.source is source
    )
