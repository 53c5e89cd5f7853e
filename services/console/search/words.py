"""What the search calls what it finds, and how it shows where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from services.console.shared.i18n import N_
from services.console.shared.words import Named
from services.search.terms import Span

_REFERENCES: Mapping[str, str] = {
    "invoice": N_("Invoice"),
    "order": N_("Order"),
    "payment": N_("Payment"),
    "credit_note": N_("Credit note"),
    "refund": N_("Refund"),
    "case": N_("Case"),
}
_COMMANDS: Mapping[str, str] = {
    "page": N_("Page"),
    "act": N_("Do"),
    "setting": N_("Setting"),
}


class SearchWords(Named):
    """Names of what was found, in one language."""

    def reference(self, kind: str) -> str:
        """Return what a kind of reference is called."""
        return self._named(_REFERENCES, kind)

    def command(self, kind: str) -> str:
        """Return what a kind of command is called."""
        return self._named(_COMMANDS, kind)

    def marked(self, text: str, spans: Sequence[Span]) -> Markup:
        """Return a text with what stands in these places marked."""
        pieces: list[Markup] = []
        at = 0
        for first, upto in _joined(spans):
            pieces += [escape(text[at:first]), Markup("<mark>{}</mark>").format(text[first:upto])]
            at = upto
        return Markup("").join([*pieces, escape(text[at:])])


def _joined(spans: Sequence[Span]) -> Sequence[Span]:
    """Return the same places, in order, none in another or next to it."""
    found: list[Span] = []
    for first, upto in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(upto, found[-1][1]))
        else:
            found.append((first, upto))
    return found
