"""What codes of the read model are called on a page, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from projections.case_board.service_levels import BREACH
from services.console.i18n import N_, Speaker

_ALERTS: Mapping[str, str] = {
    "due_soon": N_("Due soon"),
    "overdue": N_("Overdue"),
    "dunning_due": N_("Dunning due"),
    "limit_exceeded": N_("Credit limit exceeded"),
    "broken_promise": N_("Promise to pay broken"),
    "tier_warning": N_("Tier about to drop"),
    "case_response": N_("First answer"),
    "case_solution": N_("Solution of a case"),
    "case_obligation": N_("Department owes on a case"),
    "callback_overdue": N_("Call-back overdue"),
}
ALERT_KINDS = tuple(_ALERTS)
_SHARES = frozenset({"case_response", "case_solution", "case_obligation"})
"""Kinds whose threshold is the share of a clock's time that is spent, in percent."""

_ACTIONS: Mapping[str, str] = {
    "raised": N_("raised"),
    "withdrawn": N_("withdrawn"),
}

_CAUSES: Mapping[str, str] = {
    "acknowledged": N_("somebody took it up"),
    "amended": N_("invoice amended"),
    "called_back": N_("called back"),
    "cancelled": N_("cancelled"),
    "closed": N_("closed"),
    "corrected": N_("corrected by later facts"),
    "credited": N_("credit note"),
    "disputed": N_("disputed"),
    "dropped": N_("the tier dropped"),
    "fulfilled": N_("done"),
    "handed_to_collection": N_("handed to collection"),
    "held": N_("dunning held"),
    "limit_set": N_("new credit limit"),
    "opened": N_("opened"),
    "paid": N_("paid"),
    "policy": N_("new rules"),
    "promised": N_("promise to pay"),
    "recovered": N_("the score recovered"),
    "reopened": N_("reopened"),
    "replied": N_("answered"),
    "resolved": N_("resolved"),
    "resumed": N_("goes on"),
    "sent": N_("notice sent"),
    "superseded": N_("a higher one stands"),
    "time": N_("its time is over"),
    "waiting": N_("waits on the customer"),
    "worked_on": N_("goes on"),
    "written_off": N_("written off"),
}

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


class Named:
    """Names of codes in one language; an unknown code is shown as it is."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._ = speaker.gettext

    def _named(self, names: Mapping[str, str], code: str) -> str:
        return self._(names[code]) if code in names else code.replace("_", " ")


class Words(Named):
    """What the codes of receivables and alerts are called."""

    def alert_kind(self, kind: str) -> str:
        """Return the name of a kind of alert."""
        return self._named(_ALERTS, kind)

    def alert(self, kind: str, threshold: int) -> str:
        """Return what an alert says, its threshold included."""
        if kind == "overdue" and threshold > 0:
            text = self._speaker.ngettext(
                "Overdue by %(days)s day or more",
                "Overdue by %(days)s days or more",
                threshold,
            )
            return text % {"days": self._speaker.number(threshold)}
        if kind == "dunning_due":
            if threshold == 0:
                return self._("Reminder to be sent")
            return self._("Dunning level %(level)s to be sent") % {"level": threshold}
        if kind in _SHARES and threshold == BREACH:
            return self._("%(clock)s: time is up") % {"clock": self.alert_kind(kind)}
        if kind in _SHARES:
            return self._("%(clock)s: %(percent)s%% of its time is spent") % {
                "clock": self.alert_kind(kind),
                "percent": self._speaker.number(threshold),
            }
        return self.alert_kind(kind)

    def action(self, action: str) -> str:
        """Return what happened to an alert."""
        return self._named(_ACTIONS, action)

    def cause(self, reason: str) -> str:
        """Return why an alert does not stand any more."""
        return self._named(_CAUSES, reason)

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

    def step(self, reason: str) -> str:
        """Return what changed an item's balance or due date."""
        return self._named(_STEPS, reason)

    def source(self, kind: str) -> str:
        """Return what settles items."""
        return self._named(_SOURCES, kind)

    def source_state(self, state: str) -> str:
        """Return whether a payment or credit note counts."""
        return self._named(_SOURCE_STATES, state)

    def verdict(self, verdict: str) -> str:
        """Return what became of a promise to pay."""
        return self._named(_VERDICTS, verdict)

    def ignored(self, reason: str) -> str:
        """Return why an event has no effect."""
        return self._named(_IGNORED, reason)
