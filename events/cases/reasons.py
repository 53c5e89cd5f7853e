"""Why commands on cases are refused."""

from __future__ import annotations

from events.refusals import Reason
from events.texts import N_

NOT_YOURS = Reason(
    "not_yours",
    N_("%(by)s may not do that with this case: it is for %(who)s."),
    N_("Let one of them do it; the owner is %(owner)s, the department %(department)s."),
)
UNKNOWN_CASE = Reason(
    "unknown_case",
    N_("Nothing ever opened this case."),
    N_("Check the id; a case opens with its complaint or request."),
)
EXTERNAL = Reason(
    "external",
    N_("Another system keeps this case, and this is its copy."),
    N_("Do it in the system that keeps the case; its events arrive here."),
)
NOT_OPENED = Reason(
    "not_opened",
    N_("The complaint or request is recorded; its case is not open yet."),
    N_("Ask again in a moment: the platform opens it by itself."),
)
OPENED_ONCE = Reason(
    "opened_once",
    N_("The case %(case)s is open already, since %(since)s."),
    N_("Work on that case."),
)
NOT_LIVE = Reason(
    "not_live",
    N_("The case is %(status)s since %(since)s: nobody works on it."),
    N_("Reopen it first, with a reason."),
)
YOURS_ALREADY = Reason(
    "yours_already",
    N_("%(owner)s of %(department)s owns the case since %(since)s."),
    N_("Nothing need be done; to give it to somebody else, assign it."),
)
OWNED = Reason(
    "owned",
    N_("%(owner)s looks after the case since %(since)s."),
    N_("Nothing need be done: only a case that nobody has taken is put off."),
)
NOT_PUT_OFF = Reason(
    "not_put_off",
    N_("The case is not put off."),
    N_("Nothing need be done."),
)
UNKNOWN_STAFF = Reason(
    "unknown_staff",
    N_("No member of staff has the number %(agent)s now."),
    N_("Check the number, or publish the member of staff first."),
)
UNKNOWN_DEPARTMENT = Reason(
    "unknown_department",
    N_("There is no department %(department)s."),
    N_("Name one of those there are: %(known)s."),
)
NO_DEADLINE = Reason(
    "no_deadline",
    N_("What %(department)s is to do has no deadline."),
    N_("Give the working minutes until it is due, at least 1."),
)
NOTHING_OWED = Reason(
    "nothing_owed",
    N_("No department owes anything on this case."),
    N_("Hand the case off to a department first: what it owes can then be done or withdrawn."),
)
NOT_OWED = Reason(
    "not_owed",
    N_("Nothing is owed under %(obligation)s."),
    N_("Name what is still owed: %(owed)s."),
)
NOT_YOUR_DEBT = Reason(
    "not_your_debt",
    N_("%(owed)s: that is for that department to do, not for %(by)s."),
    N_("Let somebody of %(department)s say so, or the owner, %(owner)s."),
)
WAITING = Reason(
    "waiting",
    N_("The case waits on the customer since %(since)s."),
    N_("Go on with it first."),
)
NOT_WAITING = Reason(
    "not_waiting",
    N_("The case waits on nobody."),
    N_("Nothing need be done: its clock runs."),
)
SAME_DEPARTMENT = Reason(
    "same_department",
    N_("%(department)s has this case itself."),
    N_("Hand it off within the case, or name another department: %(known)s."),
)
OBLIGATION_OPEN = Reason(
    "obligation_open",
    N_("This is still owed: %(owed)s."),
    N_("Let each department do it, or withdraw what is not needed any more."),
)
CALLBACK_DUE = Reason(
    "callback_due",
    N_("The customer is to be called back by %(due)s, after %(attempts)s of %(most)s attempts."),
    N_("Call, and record how it went: that closes the case."),
)
NOT_RESOLVED = Reason(
    "not_resolved",
    N_("The case is %(status)s: there is no call-back to make."),
    N_("Resolve it first; then the call is due."),
)
ATTEMPTS_USED = Reason(
    "attempts_used",
    N_("All %(most)s attempts to call back were made; the case is closed."),
    N_("Reopen the case if the customer calls."),
)
NOT_CLOSED = Reason(
    "not_closed",
    N_("The case is %(status)s: it need not be reopened."),
    N_("Go on working on it."),
)
REASON_WANTED = Reason(
    "reason_wanted",
    N_("The owner may close a case without a call-back for a reason only."),
    N_("Give a reason, or resolve the case."),
)
UNKNOWN_STEP = Reason(
    "unknown_step",
    N_("Nobody is to be told at %(percent)s%% of that clock's time."),
    N_("Name one of the steps there are: %(steps)s."),
)
NOT_REACHED = Reason(
    "not_reached",
    N_("%(percent)s%% of that clock's time is not spent."),
    N_("Ask again when it is: %(due)s."),
)
SETTLED = Reason(
    "settled",
    N_("That clock does not run any more."),
    N_("Nothing need be done."),
)
ACKNOWLEDGED = Reason(
    "acknowledged",
    N_("Somebody took that up already."),
    N_("Nothing need be done; that the time is up is told in any case."),
)
ESCALATED_ALREADY = Reason(
    "escalated_already",
    N_("That was told already."),
    N_("Nothing need be done."),
)
NO_OPEN_INVOICE = Reason(
    "no_open_invoice",
    N_("The customer has no open invoice to hold reminders for."),
    N_("Nothing need be done: nothing is dunned."),
)
NOTHING_OPEN = Reason(
    "nothing_open",
    N_("There is no open invoice %(invoice)s to hold reminders for."),
    N_("Name one that is open: %(known)s."),
)
ITSELF = Reason(
    "itself",
    N_("A case is no duplicate of itself."),
    N_("Name the other case."),
)
SAME_PRIORITY = Reason(
    "same_priority",
    N_("The case is %(priority)s already."),
    N_("Nothing need be done."),
)
ALERT_NOT_YOURS = Reason(
    "alert_not_yours",
    N_("This alert did not reach %(by)s, but %(who)s."),
    N_("Let them do it, or pass it on."),
)
ALERT_WITHDRAWN = Reason(
    "withdrawn",
    N_("The alert does not stand any more, since %(since)s."),
    N_("Nothing need be done."),
)
UNKNOWN_ALERT = Reason(
    "unknown_alert",
    N_("There never was an alert %(alert)s."),
    N_("Check the id; the list of alerts has those that stand."),
)
ALERT_OF_A_CASE = Reason(
    "of_a_case",
    N_("This alert is about a clock of a case: %(subject)s."),
    N_("Give the command on that case, with the clock and the step."),
)
TAKEN_UP = Reason(
    "taken_up",
    N_("%(by)s takes care of this alert since %(since)s."),
    N_("Nothing need be done; only %(by)s can put it off or pass it on."),
)
IN_THE_PAST = Reason(
    "in_the_past",
    N_("%(until)s is over; it is %(now)s."),
    N_("Name an instant that is still to come."),
)
