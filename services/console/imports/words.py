"""What refusals are called, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from events.texts import Worded
from services.console.shared.i18n import N_
from services.console.shared.words import Named

_CODES: Mapping[str, str] = {
    "malformed": N_("not of the right form"),
    "missing": N_("something is missing"),
    "unknown_field": N_("a field that is not known"),
    "unknown_type": N_("a kind of event that is not known"),
    "out_of_range": N_("out of range"),
    "inconsistent": N_("contradicts itself"),
    "not_allowed": N_("not allowed to this key"),
    "erased": N_("about somebody who was erased"),
    "conflict": N_("in conflict with another event"),
}

_FILE_STATES: Mapping[str, str] = {
    "trying": N_("being tried: nothing is sent"),
    "tried": N_("tried: nothing was sent yet"),
    "importing": N_("being imported"),
    "imported": N_("imported"),
    "unusable": N_("cannot be used"),
}

_STATES: Mapping[str, str] = {
    "waiting": N_("waits"),
    "resubmitted": N_("sent again"),
    "discarded": N_("discarded"),
}


class ImportWords(Named):
    """Refused events as people read them."""

    def code(self, code: str) -> str:
        """Return what a reason for a refusal is called."""
        return self._named(_CODES, code)

    def told(self, text: str) -> str:
        """Return a reason or a remedy; of what was kept in English, what is known."""
        return text.told(self._) if isinstance(text, Worded) else self._(text)

    def file_state(self, code: str) -> str:
        """Return how far a file is that was handed in."""
        return self._named(_FILE_STATES, code)

    def state(self, code: str) -> str:
        """Return what became of a refused event."""
        return self._named(_STATES, code)
