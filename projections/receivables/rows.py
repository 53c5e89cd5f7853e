"""The rows of the receivables projection: open items and customer accounts.

Quantities that drift with the days are stored as terms (the due date), never as days.
"""

from datetime import date
from typing import Literal

from projections.protocol import Row, Table

ItemStatus = Literal["open", "settled", "cancelled"]
ItemKind = Literal["invoice", "refund"]
HoldReason = Literal["dispute", "promise", "held", "collection"]


class ItemRow(Row, frozen=True, kw_only=True):
    """An invoice, or one instalment of it: amount = credited + paid + written off + balance.

    What nothing covers of a refund is owed back: an item of kind "refund", which was not invoiced.
    """

    item_id: str  # the invoice's id; of instalment k of several: "<invoice>#<k>"
    kind: ItemKind
    invoice_id: str  # of a refund: the item's id
    order_id: str | None
    branch_id: str | None  # where the customer is at home
    currency: str
    issued_on: date
    due_on: date
    amount_minor: int  # as amended, charges included; 0 once cancelled
    credited_minor: int
    paid_minor: int
    written_off_minor: int
    balance_minor: int
    status: ItemStatus
    disputed: bool
    hold: HoldReason | None  # what holds the dunning now
    dunning_level: int | None  # the highest level sent; 0 is the notice before the due date
    dunning_due: int | None  # the level that is due to be sent now and is not held
    promised_on: date | None  # the day of the latest live promise about it
    settled_on: date | None
    days_late: int | None  # of a settled invoice item: local day settled - due date, at least 0


class AccountRow(Row, frozen=True, kw_only=True):
    """A customer's receivables in one currency."""

    currency: str
    branch_id: str | None
    outstanding_minor: int
    overdue_minor: int
    disputed_minor: int
    owed_back_minor: int  # of refunds that nothing covers; part of what is outstanding
    credit_minor: int  # unapplied credit
    reserved_minor: int  # payments kept for an order or invoice not yet seen
    suspect_minor: int  # payments suspected to be double reports
    unbilled_minor: int  # orders placed and not yet invoiced
    checks_minor: int  # room reserved by approved credit checks
    exposure_minor: int  # outstanding + unbilled + checks - credit
    limit_minor: int | None
    gate_refusal: str | None  # limit_exceeded, overdue_too_long; None: the gate is open
    dunning_level: int | None  # the highest of its open items
    oldest_due_on: date | None  # of its open items
    open_items: int
    overdue_items: int
    settled_items: int  # of invoices, without those of amount 0: they were never late or in time
    days_late_sum: int  # over settled items: their mean is the average of days late
    promises_live: int
    promises_kept: int
    promises_broken: int
    invoiced_minor: int  # with the next three: invoiced = paid + credited + written off + open
    paid_minor: int
    credited_minor: int
    written_off_minor: int
    refunded_minor: int  # paid back to the customer


ITEMS = Table("items", ItemRow, ("item_id",))
ACCOUNTS = Table("accounts", AccountRow, ("currency",))

OPEN = "open"
OWED_BACK = "owed_back"
INVOICED = "invoiced"
"""Measures of the company totals: open balance by due day, as much of it as is owed back of
refunds, amount invoiced by issue day."""
