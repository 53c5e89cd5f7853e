"""Why commands on a customer's account are refused, and why the credit gate is shut."""

from __future__ import annotations

from events.refusals import Reason
from events.texts import N_

UNKNOWN_CUSTOMER = Reason(
    "unknown_customer",
    N_("No event names the customer %(customer)s."),
    N_("Look the id up again; upper and lower case differ."),
)
NO_ROLE = Reason(
    "no_role",
    N_("%(by)s may not decide this: it is for %(who)s."),
    N_("Ask one of them, or have that role published for %(by)s."),
)
NO_AMOUNT = Reason(
    "no_amount",
    N_("The amount is not above zero."),
    N_("Give the amount in minor units, such as 12345 for 123.45."),
)
LIMIT_EXCEEDED = Reason(
    "limit_exceeded",
    N_("Exposure is %(exposure)s; with %(asked)s it would be beyond the limit of %(limit)s."),
    N_("Ask for less, let something be paid first, or ask credit control for an override."),
)
OVERDUE_TOO_LONG = Reason(
    "overdue_too_long",
    N_("%(invoice)s has been overdue for %(days)s days."),
    N_("Let it be paid first, or ask credit control for an override."),
)
IN_THE_PAST = Reason(
    "in_the_past",
    N_("%(day)s is over: today is %(today)s where the customer is at home."),
    N_("Name today or a later day."),
)
NOTHING_OPEN = Reason(
    "nothing_open",
    N_("Nothing is open of %(invoice)s."),
    N_("Name an invoice on which something is open: %(known)s."),
)
ACCOUNT_SETTLED = Reason(
    "account_settled",
    N_("Nothing is open on this account."),
    N_("Nothing need be done; an invoice that comes later opens it."),
)
DISPUTED = Reason(
    "disputed",
    N_("%(invoice)s is disputed already."),
    N_("Nothing need be done; settle the dispute when it is over."),
)
NOT_DISPUTED = Reason(
    "not_disputed",
    N_("%(invoice)s is not disputed."),
    N_("Name an invoice that is: %(known)s."),
)
NONE_DISPUTED = Reason(
    "none_disputed",
    N_("No invoice of this customer is disputed."),
    N_("Say first which one is, if one is."),
)
CURRENCY = Reason(
    "currency",
    N_("Nothing is open in %(currency)s."),
    N_("Name an amount in a currency in which something is open: %(known)s."),
)
NOT_SUSPECTED = Reason(
    "not_suspected",
    N_("The payment %(payment)s is not suspected to be a double report."),
    N_("Name one that is: %(known)s."),
)
NONE_SUSPECTED = Reason(
    "none_suspected",
    N_("No payment of this customer is suspected to be a double report."),
    N_("Nothing need be done; what is suspected stands on the customer's page."),
)
