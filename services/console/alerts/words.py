"""What alerts say and why they end, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from events.cases.terms import BREACH
from events.refusals import WORDS
from services.console.shared.i18n import N_
from services.console.shared.words import Named

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
    "acknowledged": N_("taken up"),
    "snoozed": N_("put off"),
    "delegated": N_("passed on"),
}

_STATES: Mapping[str, str] = {
    "open": N_("nobody takes care of it"),
    "acknowledged": N_("somebody takes care of it"),
    "snoozed": N_("put off"),
}
STATES = tuple(_STATES)

_CAUSES: Mapping[str, str] = {
    "acknowledged": N_("somebody took it up"),
    "amended": N_("invoice amended"),
    "called_back": N_("called back"),
    "cancelled": N_("cancelled"),
    "closed": N_("closed"),
    "corrected": N_("corrected by later facts"),
    "credited": N_("credit note"),
    "declined": N_("declined"),
    "disputed": N_("disputed"),
    "dropped": N_("the tier dropped"),
    "duplicate": N_("a duplicate"),
    "fulfilled": N_("done"),
    "handed_to_collection": N_("handed to collection"),
    "held": N_("dunning held"),
    "limit_set": N_("new credit limit"),
    "merged": N_("customers were merged"),
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
    "snoozed": N_("put off for a while"),
    "superseded": N_("a higher one stands"),
    "time": N_("its time is over"),
    "unmerged": N_("a merge of customers was undone"),
    "waiting": N_("waits on the customer"),
    "worked_on": N_("goes on"),
    "withdrawn": N_("not owed any more"),
    "written_off": N_("written off"),
}


class AlertWords(Named):
    """What the codes of alerts are called."""

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

    def state(self, state: str) -> str:
        """Return whether somebody takes care of an alert."""
        return self._named(_STATES, state)

    def role(self, role: str) -> str:
        """Return who is told of an alert where it is nobody in particular."""
        return self._named(WORDS, role)

    def cause(self, reason: str) -> str:
        """Return why an alert does not stand any more."""
        return self._named(_CAUSES, reason)
