"""What the phases of a debt, and what to do in them, are called in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from services.console.credit.steps import next_step
from services.console.credit.work import Work
from services.console.shared.i18n import N_
from services.console.shared.words import Named

_PHASES: Mapping[str, str] = {
    "before": N_("Before delivery"),
    "delivered": N_("Delivered, not yet due"),
    "overdue": N_("Overdue"),
}

_STAGES: Mapping[str, str] = {
    "refused": N_("refused"),
    "approved": N_("approved"),
    "ordered": N_("ordered"),
    "delivered": N_("delivered, not invoiced"),
}

_PURPOSES: Mapping[str, str] = {
    "order": N_("credit check for an order"),
    "shipment": N_("credit check for a shipment"),
    "invoice": N_("credit check for an invoice"),
}

_STEPS: Mapping[str, str] = {
    "decide_limit": N_("Collect, raise the limit, or override"),
    "decide_overdue": N_("Collect what is overdue, or override"),
    "decide": N_("Decide: override, or decline"),
    "ask_again": N_("Let pass: check again, and go ahead"),
    "go_ahead": N_("Go ahead while the room is reserved"),
    "hold_delivery": N_("Hold the delivery: the credit gate is shut"),
    "deliver": N_("Deliver"),
    "invoice": N_("Send the invoice"),
    "follow_invoice": N_("Goes with its invoice"),
    "settle_dispute": N_("Settle the dispute"),
    "follow_agency": N_("Follow the collection agency"),
    "await_promise": N_("Await the promised payment"),
    "see_hold": N_("See why dunning is held"),
    "send_notice": N_("Send the reminder before the due date"),
    "send_level": N_("Send dunning level %(level)s"),
    "await_payment": N_("Await payment"),
    "call": N_("Call the customer"),
}


class CreditWords(Named):
    """What the codes of the credit controllers' list are called."""

    def phase(self, phase: str) -> str:
        """Return the name of a phase."""
        return self._named(_PHASES, phase)

    def stage(self, stage: str) -> str:
        """Return how far an order or a check is."""
        return self._named(_STAGES, stage)

    def purpose(self, purpose: str) -> str:
        """Return what was checked."""
        return self._named(_PURPOSES, purpose)

    def step(self, work: Work) -> str:
        """Return what to do next."""
        step = self._(_STEPS[next_step(work)])
        return step % {"level": work.dunning_due} if work.dunning_due is not None else step
