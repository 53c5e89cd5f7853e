"""What codes of the read model are called, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from services.console.shared.i18n import Speaker
from services.console.shared.usual_words import usual_word


class Named:
    """Names of codes in one language; an unknown code is shown as it is."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._ = speaker.gettext

    def usual(self, word: str) -> str:
        """Return what a word of a company's own choice is called, if many choose it."""
        return usual_word(self._speaker, word)

    def _named(self, names: Mapping[str, str], code: str) -> str:
        return self._(names[code]) if code in names else code.replace("_", " ")
