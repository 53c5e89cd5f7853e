"""What people read of a command that was refused, in their language."""

from __future__ import annotations

from datetime import tzinfo

from babel import Locale, dates

from events.refusals import Teller
from services.web.languages import INSTANTS, LANGUAGES, texts


def refusal_teller(language: str, tz: tzinfo) -> Teller:
    """Return what tells refusals in a language, instants in a zone."""
    _ = texts(language).gettext
    locale = Locale.parse(LANGUAGES[language])
    pattern = INSTANTS[language]
    return Teller(
        text=_,
        instant=lambda at: dates.format_datetime(at, pattern, tzinfo=tz, locale=locale),
        comma=_("; "),
        nothing=_("nobody or nothing"),
        by=_("%(owed)s, by %(due)s"),
    )
