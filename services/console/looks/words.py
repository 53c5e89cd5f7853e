"""What kinds of pages are called that show who customers are."""

from __future__ import annotations

from collections.abc import Mapping

from services.console.shared.i18n import N_
from services.console.shared.words import Named

PAGES: Mapping[str, str] = {
    "/": N_("Overview"),
    "/receivables": N_("Receivables"),
    "/credit": N_("Credit work"),
    "/cases": N_("Cases"),
    "/cases/deadlines": N_("Due soon"),
    "/customers/{customer}": N_("Page of the customer"),
    "/alerts": N_("Alerts"),
    "/alerts/journal": N_("Alert journal"),
}


class LookWords(Named):
    """Kinds of pages in words; another one is told by its address."""

    def page(self, address: str) -> str:
        """Return what a kind of page is called."""
        return self._(PAGES[address]) if address in PAGES else address
