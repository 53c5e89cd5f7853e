"""What kinds of pages are called that show who customers are."""

from __future__ import annotations

from collections.abc import Mapping

from services.console.shared.i18n import N_
from services.console.shared.words import Named

PAGES: Mapping[str, str] = {
    "/": N_("Overview"),
    "/overview": N_("Overview"),
    "/live/overview": N_("Overview"),
    "/desk": N_("My desk"),
    "/customers": N_("Customers"),
    "/customers.csv": N_("Customers as a file"),
    "/search": N_("Search"),
    "/search/suggest": N_("Search"),
    "/receivables": N_("Receivables"),
    "/receivables/promises": N_("Promises to pay"),
    "/credit": N_("Credit work"),
    "/cases": N_("Cases"),
    "/cases/deadlines": N_("Due soon"),
    "/cases/triage": N_("Triage"),
    "/cases/{case}": N_("Case"),
    "/customers/{customer}": N_("Page of the customer"),
    "/customers/{customer}/statement": N_("Statement of account"),
    "/customers/{customer}/timeline": N_("Timeline"),
    "/customers/{customer}/ways": N_("What would change it"),
    "/do/customers/{customer}": N_("Page of the customer"),
    "/do/customers/{identity}/{word}": N_("Form of a command"),
    "/do/cases/{identity}/{word}": N_("Form of a command"),
    "/do/alerts/{identity}/{word}": N_("Form of a command"),
    "/do/many/{listed}": N_("Form of a command"),
    "/do/many/{listed}/{word}": N_("Form of a command"),
    "/imports/{entry}": N_("Refused event"),
    "/api/v1/cases/{case_id}": N_("Case, by a program"),
    "/alerts": N_("Alerts"),
    "/alerts/journal": N_("Alert journal"),
}


class LookWords(Named):
    """Kinds of pages in words; another one is told by its address."""

    def page(self, address: str) -> str:
        """Return what a kind of page is called."""
        return self._(PAGES[address]) if address in PAGES else address
