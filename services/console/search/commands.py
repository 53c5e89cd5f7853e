"""Where the command box leads: pages, rules and their fields, and acts that are begun anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple
from urllib.parse import quote

from events.envelope import CustomerId
from services.console.shared.i18n import N_, speaker
from services.people.principal import Principal, Right
from services.search.entries import Entry, Text
from services.search.letters import units_of
from services.search.terms import Span, asked_for, find
from services.web.languages import LANGUAGES

_NOBODY = CustomerId("")
_MOST = 8


class Command(NamedTuple):
    """A place to go: its address, its name as the catalogues have it, and who may go there."""

    path: str
    name: str
    right: Right
    kind: str = "page"  # page, act, setting


class Offer(NamedTuple):
    """A command that was found, by its name in the reader's language; where it stands in it."""

    path: str
    name: str
    kind: str
    spans: Sequence[Span]


PAGES = (
    Command("/desk", N_("My desk"), Right.SEE_CUSTOMERS),
    Command("/overview", N_("Overview"), Right.SEE_CUSTOMERS),
    Command("/customers", N_("Customers"), Right.SEE_CUSTOMERS),
    Command("/receivables", N_("Receivables"), Right.SEE_CUSTOMERS),
    Command("/credit", N_("Credit work"), Right.SEE_CUSTOMERS),
    Command("/cases", N_("Case board"), Right.SEE_CUSTOMERS),
    Command("/cases/owners", N_("Cases by owner"), Right.SEE_CUSTOMERS),
    Command("/cases/deadlines", N_("Deadlines of cases"), Right.SEE_CUSTOMERS),
    Command("/service", N_("Service report"), Right.SEE_CUSTOMERS),
    Command("/alerts", N_("Standing alerts"), Right.SEE_CUSTOMERS),
    Command("/alerts/journal", N_("Alert journal"), Right.SEE_CUSTOMERS),
    Command("/cases/triage", N_("Triage"), Right.COMMAND),
    Command("/policies", N_("Policies"), Right.SEE_POLICIES),
    Command("/status", N_("Platform status"), Right.ADMINISTER),
    Command("/users", N_("Users"), Right.ADMINISTER),
    Command("/keys", N_("Keys"), Right.ADMINISTER),
    Command("/audit", N_("Audit"), Right.AUDIT),
    Command("/audit/looks", N_("Looks"), Right.AUDIT),
    Command("/branches", N_("Branches"), Right.SEE_CUSTOMERS),
    Command("/imports", N_("Imports and quarantine"), Right.PUBLISH),
    Command("/me", N_("My account"), Right.SEE_CUSTOMERS),
)

ACTS = tuple(
    Command(path, name, right, "act")
    for path, name, right in (
        ("/create#new-customer", N_("Register a customer"), Right.RECORD),
        ("/create/complaint.filed", N_("New complaint"), Right.RECORD),
        ("/create/complaint.service_requested", N_("New service request"), Right.RECORD),
        ("/create/callback.promised", N_("Promise a call"), Right.RECORD),
        ("/create/callback.made", N_("Record a call"), Right.RECORD),
        ("/create/visit.made", N_("Record a visit"), Right.RECORD),
        ("/create/payment.payment_received", N_("Record a payment"), Right.PUBLISH),
        ("/create/payment.invoice_issued", N_("Record an invoice"), Right.PUBLISH),
        ("/create/order.placed", N_("Record an order"), Right.PUBLISH),
    )
)


def offers(
    typed: str,
    language: str,
    principal: Principal,
    is_there: Callable[[str], bool],
    settings: Sequence[Command] = (),
) -> Iterator[Offer]:
    """Yield the commands that what was typed may mean, in either language, to who may use them."""
    asked = asked_for(typed, ())
    if not asked.terms:
        return
    found = 0
    for command in (*ACTS, *PAGES, *settings):
        if found == _MOST or not principal.may(command.right) or not is_there(command.path):
            continue
        entry = _entry(command.name)
        there = find(asked, entry)
        if there is None:
            continue
        name = speaker(language).gettext(command.name)
        spans = [some for text, some in there.spans if text.text == name]
        found += 1
        yield Offer(command.path, name, command.kind, spans[0] if spans else ())


@cache
def _entry(name: str) -> Entry:
    """Return a command as the finder knows customers: by its name in each language."""
    names = dict.fromkeys(speaker(language).gettext(name) for language in LANGUAGES)
    return Entry(_NOBODY, [Text("name", one, _NOBODY, units=units_of(one)) for one in names])


def setting(kind: str, field: str, name: str) -> Command:
    """Return the way to a field of a rule."""
    return Command(f"/policies/{quote(kind)}#{quote(field)}", name, Right.SEE_POLICIES, "setting")
