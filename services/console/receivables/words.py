"""What the codes of receivables are called, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from services.console.shared.i18n import N_
from services.console.shared.words import Named

_HOLDS: Mapping[str, str] = {
    "dispute": N_("disputed"),
    "promise": N_("promise to pay"),
    "held": N_("dunning held"),
    "collection": N_("with a collection agency"),
}

_REFUSALS: Mapping[str, str] = {
    "limit_exceeded": N_("over the credit limit"),
    "overdue_too_long": N_("overdue for too long"),
}

_STATUSES: Mapping[str, str] = {
    "open": N_("open"),
    "settled": N_("settled"),
    "cancelled": N_("cancelled"),
}


_STEPS: Mapping[str, str] = {
    "issued": N_("invoice issued"),
    "paid": N_("paid"),
    "credited": N_("credit note"),
    "written_off": N_("written off"),
    "rebuilt": N_("the figures were built anew"),
    "reversed": N_("payment reversed"),
    "amended": N_("invoice amended"),
    "cancelled": N_("cancelled"),
    "owed_back": N_("refund that nothing covers"),
    "charged": N_("charged"),
}

_KINDS: Mapping[str, str] = {
    "invoice": N_("invoice"),
    "refund": N_("refund that nothing covers"),
    "fee": N_("reminder fee"),
    "interest": N_("late-payment interest"),
}

_SOURCES: Mapping[str, str] = {
    "payment": N_("Payment"),
    "credit_note": N_("Credit note"),
    "write_off": N_("Write-off"),
}

_SOURCE_STATES: Mapping[str, str] = {
    "live": N_("counts"),
    "waiting": N_("waits for what it names"),
    "suspect": N_("suspected double report"),
    "rejected": N_("rejected as a double report"),
    "reversed": N_("reversed by the bank"),
    "cancelled": N_("fell with its invoice"),
}

_MOVEMENTS: Mapping[str, str] = {
    "credit_note": N_("Credit note issued"),
    "credited_order": N_("Credit note on an order without an invoice"),
    "displaced": N_("Payment displaced by a credit note"),
    "gave_way": N_("Write-off gave way to a credit note"),
    "recovery": N_("Recovery of what was written off"),
    "restored": N_("Written off again"),
    "refund": N_("Refund paid"),
    "refund_covered": N_("Refund covered"),
    "owed_back": N_("Owed back: nothing covers the refund"),
    "fee": N_("Reminder fee charged"),
    "fee_announced": N_("Reminder fee announced, not owed"),
    "interest": N_("Interest charged"),
}

_VERDICTS: Mapping[str, str] = {
    "kept": N_("kept"),
    "broken": N_("broken"),
    "live": N_("still open"),
}

_IGNORED: Mapping[str, str] = {
    "already_settled": N_("it was settled already"),
    "amends_one_instalment": N_("it amends one instalment; only a whole invoice is amended"),
    "cancelled_invoice": N_("its invoice was cancelled"),
    "fee_in_other_currency": N_("its fee is in another currency, and was not charged"),
    "cancels_one_instalment": N_("it cancels one instalment; only a whole invoice is cancelled"),
    "other_currency": N_("it is in another currency"),
    "repeated_cancellation": N_("the invoice was cancelled before"),
    "repeated_check": N_("the credit check was reported before"),
    "repeated_credit_note": N_("the credit note was reported before"),
    "repeated_dispute": N_("the dispute was reported before"),
    "repeated_invoice": N_("the invoice was reported before"),
    "repeated_order": N_("the order was reported before"),
    "repeated_override": N_("the credit override was reported before"),
    "repeated_promise": N_("the promise was reported before"),
    "repeated_refund": N_("the refund was reported before"),
    "repeated_return": N_("the return was reported before"),
    "unseen_invoice": N_("its invoice was never seen"),
    "unseen_order": N_("its order was never seen"),
    "unseen_payment": N_("its payment was never seen"),
    "unseen_return": N_("its order was never seen"),
    "written_off_more_than_open": N_("more was written off than was open"),
}


class ReceivablesWords(Named):
    """What the codes of receivables are called."""

    def hold(self, reason: str) -> str:
        """Return what holds the dunning of an item."""
        return self._named(_HOLDS, reason)

    def refusal(self, reason: str) -> str:
        """Return why the credit gate is shut."""
        return self._named(_REFUSALS, reason)

    def status(self, status: str) -> str:
        """Return how an item stands."""
        return self._named(_STATUSES, status)

    def bucket(self, low: int | None, high: int | None) -> str:
        """Return the short name of an ageing bucket: Not due, 1-30, 121+."""
        number = self._speaker.number
        if low is None:
            return self._("Not due") if high == 0 else f"≤ {number(high or 0)}"
        return f"{number(low)}+" if high is None else f"{number(low)}–{number(high)}"

    def level(self, level: int | None) -> str:
        """Return a dunning level that was sent."""
        if level is None:
            return self._("none")
        return self._("reminder") if level == 0 else str(level)

    def sent(self, level: int) -> str:
        """Return a choice of a dunning level that was sent; below 0: none."""
        return self.level(None if level < 0 else level)

    def kind(self, kind: str) -> str:
        """Return what an item is."""
        return self._named(_KINDS, kind)

    def step(self, reason: str) -> str:
        """Return what changed an item's balance or due date."""
        return self._named(_STEPS, reason)

    def source(self, kind: str) -> str:
        """Return what settles items."""
        return self._named(_SOURCES, kind)

    def source_state(self, state: str) -> str:
        """Return whether a payment or credit note counts."""
        return self._named(_SOURCE_STATES, state)

    def movement(self, kind: str) -> str:
        """Return what moved an account beside invoices and payments."""
        return self._named(_MOVEMENTS, kind)

    def verdict(self, verdict: str) -> str:
        """Return what became of a promise to pay."""
        return self._named(_VERDICTS, verdict)

    def ignored(self, reason: str) -> str:
        """Return why an event has no effect."""
        return self._named(_IGNORED, reason)
