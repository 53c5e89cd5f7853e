"""The rows: one per item, one per currency, as of the reading's instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from projections.books.account import Account
from projections.books.records import Item
from projections.receivables.reading import ReceivablesAt
from projections.receivables.rows import AccountRow, HoldReason, ItemRow, ItemStatus


class ItemState:
    """What an item row says beyond the books: status, level, hold, days."""

    __slots__ = ("due_level", "hold", "level", "settled_day", "status")

    def __init__(self, reading: ReceivablesAt, item: Item) -> None:
        self.due_level: int | None = None
        self.hold: HoldReason | None = None
        self.level: int | None = None
        self.settled_day: int | None = None  # of an invoice that ever asked for anything
        self.status: ItemStatus
        if item.notices:
            self.level, _ = reading.level_sent(item, reading.at)
        if item.balance:
            self.status = "open"
            self._dun(reading, item)
        elif item.invoice.cancelled:
            self.status = "cancelled"
        else:
            self.status = "settled"
            if item.amount and item.invoice.sold:
                self.settled_day = reading.days.of(item.closing().at)

    def _dun(self, reading: ReceivablesAt, item: Item) -> None:
        if item.on is not None:
            return  # it follows what it is on
        if not reading.is_plain(item):
            spans = reading.holds(item)
            at = reading.at
            self.hold = next((s.reason for s in spans if s.start <= at < s.end), None)
            self.due_level = reading.due_level(item, at, spans)
        elif item.due_on.toordinal() - reading.today <= reading.rules.notice_days:
            self.due_level = reading.due_level(item, reading.at, ())


def item_row(reading: ReceivablesAt, item: Item, stand: ItemState) -> ItemRow:
    """Return the row of an item."""
    invoice = item.invoice
    settled_on = days_late = promised_on = None
    if stand.settled_day is not None:
        settled_on = date.fromordinal(stand.settled_day)
        days_late = max(0, stand.settled_day - item.due_on.toordinal())
    if item in reading.promised:
        live = [p for p in reading.promises.about(item) if p.verdict == "live"]
        promised_on = live[-1].note.promised_on if live else None
    return ItemRow(
        item_id=item.item_id,
        kind="refund" if invoice.owed_back else invoice.charge or "invoice",
        invoice_id=invoice.invoice_id if item.on is None else item.on.item_id,
        order_id=invoice.order_id,
        branch_id=reading.branch_id,
        currency=invoice.currency,
        issued_on=date.fromordinal(reading.days.of(invoice.issued_at)),
        due_on=item.due_on,
        amount_minor=item.amount,
        credited_minor=item.credited,
        paid_minor=item.paid,
        written_off_minor=item.written_off,
        balance_minor=item.balance,
        status=stand.status,
        disputed=item.disputed > 0,
        hold=stand.hold,
        dunning_level=stand.level,
        dunning_due=stand.due_level,
        promised_on=promised_on,
        settled_on=settled_on,
        days_late=days_late,
    )


class Tally:
    """How many items of an account are settled, and how many days late in sum."""

    __slots__ = ("days_late", "settled")

    def __init__(self) -> None:
        self.settled = self.days_late = 0

    def count(self, item: Item, row: ItemRow) -> None:
        """Count an item by its row, in place of what it counted before."""
        if item.counted_late is not None:
            self.settled -= 1
            self.days_late -= item.counted_late
        item.counted_late = row.days_late
        if row.days_late is not None:
            self.settled += 1
            self.days_late += row.days_late


def account_row(
    reading: ReceivablesAt, account: Account, tally: Tally, open_rows: Sequence[ItemRow]
) -> AccountRow:
    """Return the row of a currency, given those of its open items."""
    today = date.fromordinal(reading.today)
    overdue = [row for row in open_rows if row.due_on < today]
    promises = reading.promises.counts(account)
    levels = [row.dunning_level for row in open_rows if row.dunning_level is not None]
    limit = reading.book.limit_of(account, reading.at)
    exposure = account.exposure if reading.fees is None else account.seen_exposure
    return AccountRow(
        currency=account.currency,
        branch_id=reading.branch_id,
        outstanding_minor=account.outstanding,
        overdue_minor=sum(row.balance_minor for row in overdue),
        disputed_minor=sum(row.balance_minor for row in open_rows if row.disputed),
        owed_back_minor=account.owed_back,
        credit_minor=account.credit,
        reserved_minor=account.reserved,
        suspect_minor=account.suspect,
        unbilled_minor=account.unbilled,
        checks_minor=account.checks,
        exposure_minor=account.exposure,
        limit_minor=limit,
        gate_refusal=refusal(exposure, limit, reading.longest_overdue, reading.max_overdue),
        dunning_level=max(levels, default=None),
        oldest_due_on=min((row.due_on for row in open_rows), default=None),
        open_items=len(open_rows),
        overdue_items=len(overdue),
        settled_items=tally.settled,
        days_late_sum=tally.days_late,
        promises_live=promises["live"],
        promises_kept=promises["kept"],
        promises_broken=promises["broken"],
        invoiced_minor=account.invoiced,
        paid_minor=account.paid,
        credited_minor=account.credited,
        written_off_minor=account.written_off,
        refunded_minor=account.refunded,
    )


def refusal(
    exposure: int, limit: int | None, days_overdue: int, max_days_overdue: int
) -> str | None:
    """Return why the gate is shut: exposure above the limit, or anything overdue too long.

    Source: domain rules, section 4. Both are strict: at the limit, and on the last allowed
    day, the gate is open. Anything overdue in any currency, disputed or not, counts.
    """
    if limit is not None and exposure > limit:
        return "limit_exceeded"
    if days_overdue > max_days_overdue:
        return "overdue_too_long"
    return None
