"""What a page says of a request that is refused or fails: what is wrong, and the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from services.casework.problems import CommandProblem
from services.console.shared.i18n import N_
from services.console.shared.words import Named
from services.people.principal import NotAllowed, Right
from services.web.problems import Problem


class Told(NamedTuple):
    """A problem in words for people."""

    title: str
    detail: str
    remedy: str


_BUSY = Told(
    N_("Not available just now"),
    N_("Too much is being done at once."),
    N_("Try again in a moment."),
)

_PROBLEMS: Mapping[str, Told] = {
    "busy": _BUSY,
    "too_many_at_once": _BUSY,
    "bad_parameter": Told(
        N_("That address cannot be read"),
        N_("This part of it cannot be taken: %(field)s."),
        N_("Choose again from the page's form, or leave it out."),
    ),
    "not_found": Told(
        N_("There is no such page"),
        N_("Perhaps the address was typed wrong."),
        N_("Start from the overview, or look a customer up by the id."),
    ),
    "nothing_ticked": Told(
        N_("Nothing is ticked"),
        N_("No row of the list was ticked."),
        N_("Go back and tick some rows, or act on all that the list finds."),
    ),
    "unknown_customer": Told(
        N_("There is no such customer"),
        N_("No event of a customer of this id was ever recorded."),
        N_("Check the id; upper and lower case differ."),
    ),
    "unknown_case": Told(
        N_("There is no such case"),
        N_("Nothing ever opened a case of this id."),
        N_("Check the id; upper and lower case differ."),
    ),
    "taken": Told(
        N_("This id is taken already"),
        N_("It is a customer's whom you may not see."),
        N_("Register the customer under another id."),
    ),
    "customer_parked": Told(
        N_("This customer cannot be shown"),
        N_("An event of this customer cannot be read, so no figure of theirs can be told."),
        N_("An operator learns which and why from: touchstone parked list"),
    ),
    "whole_company_alone": Told(
        N_("Not of a part of the company"),
        N_("The company's past is told to those who see the whole company."),
        N_("Ask about a customer's past on the customer's own page."),
    ),
    "unreadable": Told(
        N_("This cannot be shown"),
        N_("An event in the log that this page rests on cannot be read."),
        N_("The platform's log names it; tell an operator."),
    ),
    "internal": Told(
        N_("Something went wrong"),
        N_("The console failed in a way that it should not."),
        N_("The platform's log has the cause; tell an operator."),
    ),
    "unavailable": Told(
        N_("Not available just now"),
        N_("The database or the projector cannot be reached."),
        N_("Try again in a moment."),
    ),
}

_REFUSALS: Mapping[Right, str] = {
    Right.SEE_CUSTOMERS: N_("Customers, what they owe and their cases are not yours to see."),
    Right.SEE_PERSONS: N_("Names, telephone numbers and notes are not yours to see."),
    Right.COMMAND: N_("You may look at this, and not change it."),
    Right.RECORD: N_("You may not record what customers said."),
    Right.PUBLISH: N_("You may not publish what happened at a branch."),
    Right.SEE_POLICIES: N_("The rules of the company are not yours to see."),
    Right.SET_POLICIES: N_("You may not change the rules of the company."),
    Right.AUDIT: N_("The audit is for auditors."),
    Right.ADMINISTER: N_("People, keys and the platform are for administrators."),
}

_OTHER = Told(
    N_("That cannot be done here"),
    N_("The console has no answer to this request."),
    N_("Go back and use the links and buttons of the page."),
)

_FIELDS: Mapping[str, str] = {
    "as_known": N_("As known"),
    "as_of": N_("As of"),
    "branch": N_("Branch"),
    "breach": N_("Breached"),
    "bucket": N_("Days past due"),
    "currency": N_("Currency"),
    "cursor": N_("Place in the list"),
    "customer": N_("Customer id"),
    "department": N_("Department"),
    "disputed": N_("Disputed"),
    "family": N_("Kind of touchpoint"),
    "from": N_("Cases opened from"),
    "held": N_("Dunning held"),
    "hours": N_("Runs out within"),
    "id": N_("Customer id"),
    "kind": N_("Kind"),
    "least": N_("Amount from"),
    "level": N_("Dunning level"),
    "most": N_("Amount to"),
    "owner": N_("Owner"),
    "phase": N_("Phase"),
    "priority": N_("Priority"),
    "promised": N_("Promised"),
    "sort": N_("Sort by"),
    "status": N_("State"),
    "to": N_("through"),
    "unassigned": N_("unassigned"),
}

_INSTANT = N_("Give a day such as 2026-03-20 or an instant such as 2026-03-20T10:00:00+08:00.")
_DAY = N_("Give a day such as 2026-03-20, the last no earlier than the first.")
_ID = N_("An id has 1 to 120 characters, with neither tabs nor line breaks.")

_AMOUNT = N_("Give an amount such as 1000.00, with no more decimals than its currency has.")

_REMEDIES: Mapping[str, str] = {
    "as_known": _INSTANT,
    "as_of": _INSTANT,
    "currency": N_("Give the three capital letters of a currency, such as CNY."),
    "cursor": N_("Start again from the first page of the list."),
    "customer": _ID,
    "from": _DAY,
    "id": _ID,
    "least": _AMOUNT,
    "most": _AMOUNT,
    "owner": _ID,
    "to": _DAY,
}
"""Of fields that are typed, not chosen."""


class ProblemWords(Named):
    """Problems as people read them; programs read the problem document."""

    def told(self, problem: Problem) -> Told:
        """Return what is wrong and how to mend it; a field is named as its form names it."""
        if isinstance(problem, NotAllowed):
            return self._refused(problem)
        if isinstance(problem, CommandProblem):  # told in the reader's language already
            return Told(problem.title, problem.detail, problem.remedy)
        title, detail, remedy = _PROBLEMS.get(problem.code, _OTHER)
        field = problem.field or ""
        name = self._(_FIELDS[field]) if field in _FIELDS else field
        return Told(
            self._(title),
            self._(detail) % {"field": name},
            self._(_REMEDIES.get(field, remedy)),
        )

    def _refused(self, problem: NotAllowed) -> Told:
        return Told(
            self._(N_("This is not open to you")),
            self._(_REFUSALS[problem.right]),
            self._(N_("Log in as somebody who may, or ask for a role that allows it.")),
        )
