"""What may be asked about a customer's account: one frozen type per command.

Who asks, when, and how the account stands is told beside the command (`events.customers.accounts`).
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from events.money import Money
from events.touchpoints.base import Key, Text
from events.touchpoints.payment import GatePurpose


class AccountCommand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something asked about a customer's account."""


class CheckCredit(AccountCommand, frozen=True):
    """Ask whether an order, shipment or invoice may pass, and reserve its room if it may."""

    purpose: GatePurpose
    amount: Money
    order_id: Key | None = None


class OverrideCredit(AccountCommand, frozen=True):
    """Let pass what the gate refuses: for an order, up to an amount, or for today."""

    reason: Key
    amount: Money | None = None
    order_id: Key | None = None
    until: date | None = None


class SetCreditLimit(AccountCommand, frozen=True):
    """Set the most that the customer may owe."""

    limit: Money


class DisputeInvoice(AccountCommand, frozen=True):
    """Say that the customer contests an invoice: it is not dunned until that is settled."""

    invoice_id: Key
    reason: Text | None = None


class SettleDispute(AccountCommand, frozen=True):
    """Say that the dispute of an invoice is over, whoever was right."""

    invoice_id: Key
    outcome: Text | None = None


class RecordPromise(AccountCommand, frozen=True):
    """Say what the customer promised to pay, and by when; of no invoice: all that is overdue."""

    amount: Money
    promised_on: date
    invoice_ids: tuple[Key, ...] = ()


class ConfirmPayment(AccountCommand, frozen=True):
    """Say that a payment suspected to be reported twice is one of its own."""

    payment_id: Key


class RejectPayment(AccountCommand, frozen=True):
    """Say that a payment was reported twice: this report counts for nothing."""

    payment_id: Key


Command = (
    CheckCredit
    | OverrideCredit
    | SetCreditLimit
    | DisputeInvoice
    | SettleDispute
    | RecordPromise
    | ConfirmPayment
    | RejectPayment
)
"""Whatever may be decided about a customer's account."""
