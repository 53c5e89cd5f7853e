"""Where the command box leads: pages, rules and their fields, and acts that are begun anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from events.envelope import CustomerId
from services.console.policies.words import FIELD_NAMES, KIND_NAMES
from services.console.shared.i18n import N_, speaker
from services.people.principal import Principal, Right
from services.policies.kinds import KINDS
from services.search.entries import Entry, Text
from services.search.terms import Span, asked_for, find
from services.web.languages import LANGUAGES

_NOBODY = CustomerId("")
_MOST = 8


class Command(NamedTuple):
    """A place to go: its address, its name as the catalogues have it, and who may go there.

    `within`: the name of what it is a part of.
    """

    path: str
    name: str
    right: Right
    kind: str = "page"  # page, act, setting
    within: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return its name behind that of what it is a part of."""
        return (self.within, self.name) if self.within else (self.name,)


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
    Command("/unassigned", N_("Unassigned money"), Right.SEE_CUSTOMERS),
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


def _settings() -> Iterator[Command]:
    """Yield each kind of policy, then the fields of each that have a name in words."""
    for kind in KINDS:
        yield Command(f"/policies/{kind}", KIND_NAMES[kind], Right.SEE_POLICIES, "setting")
    for kind, policy in KINDS.items():
        for field in policy.fields:
            if field in FIELD_NAMES:
                path, within = f"/policies/{kind}#field-{field}", KIND_NAMES[kind]
                yield Command(path, FIELD_NAMES[field], Right.SEE_POLICIES, "setting", within)


SETTINGS = tuple(_settings())

ADDRESSES = frozenset(one.path for one in (*ACTS, *PAGES, *SETTINGS))


def offers(
    typed: str,
    language: str,
    principal: Principal,
    is_there: Callable[[str], bool],
) -> Iterator[Offer]:
    """Yield the commands that what was typed may mean, in either language, to who may use them."""
    asked = asked_for(typed, ())
    if not asked.terms:
        return
    found = 0
    for command in (*ACTS, *PAGES, *SETTINGS):
        if found == _MOST or not principal.may(command.right) or not is_there(command.path):
            continue
        there = find(asked, _entry(command.names))
        if there is None or (command.within and find(asked, _entry((command.within,)))):
            continue  # not meant, or all of what it is a part of is
        name = _called(command.names, language)
        spans = [some for text, some in there.spans if text.text == name]
        found += 1
        yield Offer(command.path, name, command.kind, spans[0] if spans else ())


@cache
def _entry(names: tuple[str, ...]) -> Entry:
    """Return a command as the finder knows customers: by its names in each language."""
    called = dict.fromkeys(_called(names, language) for language in LANGUAGES)
    return Entry(_NOBODY, [Text("name", one, _NOBODY) for one in called])


def _called(names: tuple[str, ...], language: str) -> str:
    return " · ".join(speaker(language).gettext(name) for name in names)
