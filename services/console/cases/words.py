"""What the codes of cases are called on a page."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

from services.console.shared.i18n import N_
from services.console.shared.words import Named

_KINDS: Mapping[str, str] = {
    "complaint": N_("Complaint"),
    "case": N_("Case"),
    "enquiry": N_("Enquiry"),
    "account_query": N_("Question about an account"),
    "on_site_service": N_("On-site service"),
    "immediate_need": N_("Immediate need"),
    "new_connection": N_("New connection"),
    "membership": N_("Membership"),
}

_PRIORITIES: Mapping[str, str] = {
    "urgent": N_("urgent"),
    "high": N_("high"),
    "medium": N_("medium"),
    "low": N_("low"),
}
PRIORITIES = tuple(_PRIORITIES)

_STATUSES: Mapping[str, str] = {
    "open": N_("open"),
    "waiting": N_("waiting on the customer"),
    "resolved": N_("resolved, to be called back"),
    "closed": N_("closed"),
}
STATUSES = ("open", "waiting", "resolved")

_CLOCKS: Mapping[str, str] = {
    "response": N_("First answer"),
    "solution": N_("Solution"),
    "obligation": N_("Owes"),
    "callback": N_("Call-back"),
}

_BREACHES: Mapping[str, str] = {
    "any": N_("any clock"),
    "none": N_("no clock"),
    "response": N_("First answer"),
    "solution": N_("Solution"),
    "obligation": N_("Department"),
}
BREACHES = tuple(_BREACHES)

_OBLIGATIONS: Mapping[str, str] = {
    "open": N_("owed"),
    "done": N_("done"),
    "void": N_("not owed any more"),
}

_OUTCOMES: Mapping[str, str] = {
    "satisfied": N_("satisfied"),
    "dissatisfied": N_("dissatisfied"),
    "unreachable": N_("not reached"),
}

_STEPS: Mapping[str, str] = {
    "received": N_("received"),
    "opened": N_("opened"),
    "assigned": N_("assigned"),
    "replied": N_("answered"),
    "handed_off": N_("handed on"),
    "fulfilled": N_("done"),
    "waiting": N_("waits on the customer"),
    "waiting_ended": N_("the customer's turn is over"),
    "told": N_("customer told"),
    "resolved": N_("resolved"),
    "closed": N_("closed"),
    "reopened": N_("reopened"),
    "resumed": N_("goes on"),
    "callback_promised": N_("call-back promised"),
    "called_back": N_("called back"),
    "referred": N_("referred"),
    "escalated": N_("escalated"),
    "acknowledged": N_("somebody took it up"),
    "withdrawn": N_("not owed any more"),
    "noted": N_("note"),
    "priority_set": N_("priority set"),
    "declined": N_("declined"),
    "duplicate": N_("a duplicate"),
    "put_off": N_("put off"),
    "brought_back": N_("brought back"),
}

_DETAILS: Mapping[str, str] = {
    **_PRIORITIES,
    **_OUTCOMES,
    "received": N_("received"),
    "handed_on": N_("handed on"),
    "done": N_("done"),
    "resolved": N_("resolved"),
    "confirmed": N_("confirmed"),
    "unconfirmed": N_("not confirmed"),
}

_ESCALATED = re.compile(r"(response|solution|obligation) (\d+%) (.+)")

_SHORT = 8


class CaseWords(Named):
    """Names of kinds, states, clocks and steps."""

    def kind(self, kind: str) -> str:
        """Return what sort of case it is."""
        return self._named(_KINDS, kind)

    def priority(self, priority: str) -> str:
        """Return how pressing it is."""
        return self._named(_PRIORITIES, priority)

    def status(self, status: str) -> str:
        """Return how a case stands."""
        return self._named(_STATUSES, status)

    def clock(self, clock: str) -> str:
        """Return what a clock counts down to."""
        return self._named(_CLOCKS, clock)

    def breach(self, breach: str) -> str:
        """Return which clock's time is up."""
        return self._named(_BREACHES, breach)

    def obligation(self, status: str) -> str:
        """Return what became of what a department owes."""
        return self._named(_OBLIGATIONS, status)

    def outcome(self, outcome: str) -> str:
        """Return how a call-back ended."""
        return self._named(_OUTCOMES, outcome)

    def step(self, what: str) -> str:
        """Return a step of a case's history; those of time name their clock and percent."""
        kind, _, percent = what.partition(" ")
        clock = kind.removeprefix("case_")
        return self._spent(clock, percent) if clock in _BREACHES else self._named(_STEPS, what)

    def detail(self, detail: str) -> str:
        """Return what a step is about, where it has a name; else as it was reported.

        That of an escalation is a clock, the share of its time, and the role that was told.
        """
        if escalated := _ESCALATED.fullmatch(detail):
            clock, percent, role = escalated.groups()
            return f"{self._spent(clock, percent)} ({self.usual(role)})"
        return self._(_DETAILS[detail]) if detail in _DETAILS else self.usual(detail)

    def _spent(self, clock: str, percent: str) -> str:
        return self._("%(clock)s: %(share)s of the time is spent") % {
            "clock": self.breach(clock),
            "share": percent,
        }

    def number(self, case_id: str) -> str:
        """Return a case's id to read: ours are long, their beginning tells them apart."""
        try:
            uuid.UUID(case_id)
        except ValueError:
            return case_id
        return case_id[:_SHORT]
