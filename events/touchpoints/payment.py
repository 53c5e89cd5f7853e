"""Touchpoints of money owed: invoices, payments, promises, disputes, dunning, credit."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from events.money import Money
from events.touchpoints.base import Instant, Key, PersonalTouchpoint, Text, Touchpoint

DunningLevel = Annotated[int, Meta(ge=0, le=9)]
"""0 is the notice before the due date; 1 and up are the levels after it."""

OptionalDays = Annotated[int, Meta(ge=0, le=36_500)] | None
MoneyDirection = Literal["in", "out"]
GatePurpose = Literal["order", "shipment", "invoice"]


class Instalment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of an invoice with a due date of its own."""

    due_on: date
    amount: Money


class InvoiceIssued(Touchpoint, frozen=True, kw_only=True):
    """The customer owes `amount`, tax included, by `due_on`; the effective day is the issue's.

    With instalments, their amounts add up to `amount` and each falls due on its own day.
    """

    event_type: ClassVar[str] = "payment.invoice_issued"
    version: ClassVar[int] = 2
    invoice_id: Key
    amount: Money
    due_on: date
    order_id: Key | None = None
    tax: Money | None = None
    instalments: tuple[Instalment, ...] = ()
    payment_reference: Key | None = None  # since version 2: what payers are asked to give


class InvoiceAmended(Touchpoint, frozen=True, kw_only=True):
    """An invoice's amount, charges or due date changed; identity and dunning level stay.

    A field left out stays as it was; `charges` come on top of the amount.
    """

    event_type: ClassVar[str] = "payment.invoice_amended"
    invoice_id: Key
    amount: Money | None = None
    charges: Money | None = None
    due_on: date | None = None
    reason: Text | None = None


class InvoiceCancelled(Touchpoint, frozen=True, kw_only=True):
    """The invoice was wrong and is owed no more."""

    event_type: ClassVar[str] = "payment.invoice_cancelled"
    invoice_id: Key
    reason: Text | None = None


class HandedToCollection(Touchpoint, frozen=True, kw_only=True):
    """An outside agency collects from now on: our dunning ends, the item stays open."""

    event_type: ClassVar[str] = "payment.handed_to_collection"
    invoice_id: Key
    agency: Text | None = None


class CreditNoteIssued(Touchpoint, frozen=True, kw_only=True):
    """We owe less: on an invoice, on an order, or for the customer as a whole."""

    event_type: ClassVar[str] = "payment.credit_note_issued"
    credit_note_id: Key
    amount: Money
    invoice_id: Key | None = None
    order_id: Key | None = None
    reason: Text | None = None


class PaymentReceived(PersonalTouchpoint, frozen=True, kw_only=True):
    """Money came in. What it cites is paid first; a bank reference finds double reports."""

    event_type: ClassVar[str] = "payment.payment_received"
    version: ClassVar[int] = 2
    personal: ClassVar[frozenset[str]] = frozenset({"payer_account"})
    payment_id: Key
    amount: Money
    invoice_ids: tuple[Key, ...] = ()
    order_ids: tuple[Key, ...] = ()
    bank_reference: Text | None = None
    method: Text | None = None
    by: Key | None = None  # since version 2: who said whose money it is, where no rule did


class PaymentConfirmedGenuine(Touchpoint, frozen=True, kw_only=True):
    """A payment suspected to be a double report is a payment of its own."""

    event_type: ClassVar[str] = "payment.confirmed_genuine"
    version: ClassVar[int] = 2
    payment_id: Key
    by: Key | None = None  # since version 2: who decided it, by a command


class PaymentRejectedAsDuplicate(Touchpoint, frozen=True, kw_only=True):
    """A payment was reported twice; this report of it counts for nothing."""

    event_type: ClassVar[str] = "payment.rejected_as_duplicate"
    version: ClassVar[int] = 2
    payment_id: Key
    by: Key | None = None  # since version 2: who decided it, by a command


class PaymentReversed(Touchpoint, frozen=True, kw_only=True):
    """The bank took the money back; what it had paid is open again."""

    event_type: ClassVar[str] = "payment.reversed"
    version: ClassVar[int] = 2
    payment_id: Key
    reason: Text | None = None
    by: Key | None = None  # since version 2: who decided it, where the bank did not


class MoneyUnassigned(PersonalTouchpoint, frozen=True, kw_only=True):
    """Money moved on an account of ours, and no rule says whose it is: a person is to say so.

    `why` is the rule's word for what was missing. Who paid, from where and with which words
    travels sealed under the branch's key.
    """

    event_type: ClassVar[str] = "payment.money_unassigned"
    personal: ClassVar[frozenset[str]] = frozenset({"payer", "payer_account", "text"})
    money_id: Key
    feed: Key
    key: tuple[Key, ...]
    amount: Money
    direction: MoneyDirection
    booked_on: date
    why: Key
    bank_reference: Text | None = None
    method: Text | None = None


class MoneySetAside(Touchpoint, frozen=True, kw_only=True):
    """Somebody said that money on the work list is no customer's, and why."""

    event_type: ClassVar[str] = "payment.money_set_aside"
    money_id: Key
    reason: Text
    by: Key


class RefundPaid(Touchpoint, frozen=True, kw_only=True):
    """We paid unapplied credit back to the customer."""

    event_type: ClassVar[str] = "payment.refund_paid"
    refund_id: Key
    amount: Money


class PromiseMade(PersonalTouchpoint, frozen=True, kw_only=True):
    """The customer promised `amount` by the end of the local day `promised_on`.

    Without invoices named, the promise is about everything overdue when it was made.
    Version 1 named at most one invoice, as `invoice_id`.
    """

    event_type: ClassVar[str] = "payment.promise_made"
    version: ClassVar[int] = 3
    personal: ClassVar[frozenset[str]] = frozenset({"note", "spoken_to"})
    promise_id: Key
    amount: Money
    promised_on: date
    invoice_ids: tuple[Key, ...] = ()
    by: Key | None = None  # since version 3: who decided it, by a command


class InvoiceDisputed(PersonalTouchpoint, frozen=True, kw_only=True):
    """The customer contests an invoice: it is not dunned until settled."""

    event_type: ClassVar[str] = "payment.invoice_disputed"
    version: ClassVar[int] = 2
    personal: ClassVar[frozenset[str]] = frozenset({"note"})
    dispute_id: Key
    invoice_id: Key
    reason: Text | None = None
    by: Key | None = None  # since version 2: who decided it, by a command


class DisputeSettled(Touchpoint, frozen=True, kw_only=True):
    """The dispute is over, whoever was right; a credit note says what was conceded."""

    event_type: ClassVar[str] = "payment.dispute_settled"
    version: ClassVar[int] = 2
    dispute_id: Key
    invoice_id: Key
    outcome: Text | None = None
    by: Key | None = None  # since version 2: who decided it, by a command


class DunningNoticeSent(Touchpoint, frozen=True, kw_only=True):
    """A notice (level 0) or dunning letter of that level went out for an invoice."""

    event_type: ClassVar[str] = "payment.dunning_notice_sent"
    invoice_id: Key
    level: DunningLevel
    channel: Text | None = None


class DunningHeld(Touchpoint, frozen=True, kw_only=True):
    """No dunning through the local day `until`, or at all; for an invoice or all of them."""

    event_type: ClassVar[str] = "payment.dunning_held"
    version: ClassVar[int] = 2
    invoice_id: Key | None = None
    until: date | None = None
    reason: Text | None = None
    case_id: Key | None = None  # since version 2: the case that holds it
    by: Key | None = None  # since version 2


class DebtWrittenOff(Touchpoint, frozen=True, kw_only=True):
    """We gave up an amount of an invoice."""

    event_type: ClassVar[str] = "payment.debt_written_off"
    invoice_id: Key
    amount: Money
    reason: Text | None = None


class CreditLimitSet(Touchpoint, frozen=True, kw_only=True):
    """The most that the customer may owe from now on."""

    event_type: ClassVar[str] = "payment.credit_limit_set"
    version: ClassVar[int] = 2
    limit: Money
    by: Key | None = None  # since version 2: who decided it, by a command


class CreditChecked(Touchpoint, frozen=True, kw_only=True):
    """The credit gate decided, with the exposure it saw; an approval reserves for a day."""

    event_type: ClassVar[str] = "payment.credit_checked"
    version: ClassVar[int] = 3
    check_id: Key
    purpose: GatePurpose
    amount: Money
    exposure: Money
    approved: bool
    reason: Text | None = None
    reserved_until: Instant | None = None
    limit: Money | None = None  # since version 2
    invoice_id: Key | None = None  # since version 2: what is overdue for longest
    days_overdue: OptionalDays = None  # since version 2: that it is
    by: Key | None = None  # since version 2: who decided it, by a command
    order_id: Key | None = None  # since version 3: which order it was asked for


class CreditOverrideGranted(Touchpoint, frozen=True, kw_only=True):
    """Somebody with the right to do so let a refused order, shipment or invoice pass."""

    event_type: ClassVar[str] = "payment.credit_override_granted"
    version: ClassVar[int] = 2
    override_id: Key
    role: Key
    reason: Key
    amount: Money | None = None
    order_id: Key | None = None
    until: date | None = None
    by: Key | None = None  # since version 2: who decided it, by a command


TYPES = (
    InvoiceIssued,
    InvoiceAmended,
    InvoiceCancelled,
    HandedToCollection,
    CreditNoteIssued,
    PaymentReceived,
    PaymentConfirmedGenuine,
    PaymentRejectedAsDuplicate,
    PaymentReversed,
    MoneyUnassigned,
    MoneySetAside,
    RefundPaid,
    PromiseMade,
    InvoiceDisputed,
    DisputeSettled,
    DunningNoticeSent,
    DunningHeld,
    DebtWrittenOff,
    CreditLimitSet,
    CreditChecked,
    CreditOverrideGranted,
)
