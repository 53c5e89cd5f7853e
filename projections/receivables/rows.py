"""The rows of receivables: open items, accounts, what is charged, and what was asked for.

Quantities that drift with the days are stored as terms (the due date, a rate of interest), never
as days.
"""

from datetime import date, datetime
from typing import Literal, NamedTuple

from events.touchpoints.payment import GatePurpose
from events.touchpoints.policy import DayCount
from projections.books.interest import UNIT, Interest, whole
from projections.protocol import Row, Table

ItemStatus = Literal["open", "settled", "cancelled"]
ItemKind = Literal["invoice", "refund", "fee", "interest"]
HoldReason = Literal["dispute", "promise", "held", "collection"]


class ItemRow(Row, frozen=True, kw_only=True):
    """An invoice, or one instalment of it: amount = credited + paid + written off + balance.

    What nothing covers of a refund is owed back: an item of kind "refund", which was not invoiced.
    Nor were a reminder fee and the interest that was charged, which are items of these kinds.
    """

    item_id: str  # the invoice's id; of instalment k of several: "<invoice>#<k>"
    kind: ItemKind
    invoice_id: str  # of a refund: the item's id; of a fee or interest: the item that it is on
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


class ChargeRow(Row, frozen=True, kw_only=True):
    """What is charged on an invoice item beside the items that fees and interest became.

    Interest is exact, as whole minor units and a rest in parts of one: at the beginning of
    `interest_from`, and each later day adds `principal_minor` times the rate times the day's part
    of a year to what is owed, or to what is announced. `interest_on` reads it.
    """

    item_id: str
    branch_id: str | None  # where the customer is at home
    currency: str
    due_on: date
    fees_announced_minor: int
    interest_minor: int  # owed
    interest_parts: int
    charged_minor: int  # of that, what became an item of its own
    announced_minor: int
    announced_parts: int
    interest_from: date
    principal_minor: int
    rate_ppm: int  # a year; 0: it does not run
    day_count: DayCount
    is_owed: bool  # whether what runs is owed, or announced


class RunningInterest(NamedTuple):
    """Interest on a day, in minor units: what is owed and not an item, and what is announced."""

    owed_minor: int
    announced_minor: int


def term_of(row: ChargeRow) -> Interest:
    """Return the term that a row stores."""
    return Interest(
        owed=row.interest_minor * UNIT + row.interest_parts,
        announced=row.announced_minor * UNIT + row.announced_parts,
        day=row.interest_from.toordinal(),
        principal=row.principal_minor,
        rate=row.rate_ppm,
        day_count=row.day_count,
        is_owed=row.is_owed,
    )


def interest_on(row: ChargeRow, day: date) -> RunningInterest:
    """Return the interest on a local day while the row holds."""
    term = term_of(row).on(day.toordinal())
    return RunningInterest(max(0, whole(term.owed) - row.charged_minor), whole(term.announced))


RequestKind = Literal["order", "check"]
RequestStage = Literal["refused", "approved", "ordered", "delivered"]


class RequestRow(Row, frozen=True, kw_only=True):
    """What a customer asked for and was not invoiced: an order, or a credit check.

    An order stands as long as something of it is unbilled; an approved check while it reserves
    room, a refused one until it is answered. The gate's verdict today is the account's.
    """

    kind: RequestKind
    request_id: str  # of the order, or of the check
    purpose: GatePurpose
    stage: RequestStage
    branch_id: str | None  # where the customer is at home
    currency: str
    asked_at: datetime
    since_on: date  # the local day on which it was delivered, else asked for
    amount_minor: int  # of an order: what is unbilled; of an approved check: the room it reserves
    until: datetime | None  # until when an approved check reserves it
    refused_for: str | None  # limit_exceeded, overdue_too_long, or the word of who refused
    exposure_minor: int | None  # as the gate saw it when it refused, as are the next two
    limit_minor: int | None
    days_overdue: int | None
    override_role: str | None  # of who let it pass
    override_until: date | None  # the last local day of that; None: as long as the order


class AccountRow(Row, frozen=True, kw_only=True):
    """A customer's receivables in one currency; interest that runs comes on top.

    It is told by the rows of charges, and it counts where the gate and the limit are judged.
    """

    currency: str
    branch_id: str | None
    outstanding_minor: int  # fees and interest that are items included
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


ITEMS = Table("items", ItemRow, ("item_id",), at_home=True)
ACCOUNTS = Table("accounts", AccountRow, ("currency",), at_home=True)
CHARGES = Table("charges", ChargeRow, ("item_id",), at_home=True)
REQUESTS = Table("requests", RequestRow, ("kind", "request_id"), at_home=True)

OPEN = "open"
OWED_BACK = "owed_back"
FEES = "fees"
INTEREST = "interest"
INVOICED = "invoiced"
"""Measures of the company totals: open balance by due day, as much of it as is owed back of
refunds, fees, and interest that is an item; amount invoiced by issue day."""

ASKED = "asked"
REFUSED = "refused"
UNBILLED = "unbilled"
"""Measures of what is not invoiced, by the day since when it waits: asked for before delivery,
what was refused of that, and delivered."""

ACCRUED = "accrued"
ACCRUED_PARTS = "accrued_parts"
RUNNING = "running:"
"""Measures of interest that is owed and no item, by due day of what it is on: as it would stand on
that due day, in whole minor units and in parts of one, and the principal on which it runs, by day
count and rate ("running:actual/365:50000"). They are exact, and rounded once they are summed."""
