"""Refusals in the reader's language: the texts of the rules, and the words that they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from functools import partial

from babel import Locale, dates

from events.refusals import Teller
from events.texts import N_
from services.web.languages import INSTANTS, LANGUAGES, texts

_WORDS: Mapping[str, str] = {
    # states
    "open": N_("open"),
    "waiting": N_("waiting on the customer"),
    "resolved": N_("resolved"),
    "closed": N_("closed"),
    # how pressing
    "low": N_("low"),
    "medium": N_("medium"),
    "high": N_("high"),
    "urgent": N_("urgent"),
    # who may
    "above": N_("whoever is above the owner"),
    "branch_manager": N_("the branch manager"),
    "call_centre": N_("the call centre"),
    "credit": N_("the credit department"),
    "department": N_("the department that has the case"),
    "department_head": N_("the head of the department"),
    "headquarters": N_("headquarters"),
    "on_it": N_("whoever works on the case"),
    "order_entry": N_("order entry"),
    "owing_department": N_("a department that owes something on it"),
    "owner": N_("the owner"),
    "platform": N_("the platform itself"),
    "receivables": N_("the receivables department"),
}


def teller(language: str, tz: tzinfo) -> Teller:
    """Return how a language tells refusals, instants in a zone."""
    text = texts(language).gettext
    locale = Locale.parse(LANGUAGES[language])
    return Teller(
        text=text,
        word=partial(_word, text),
        instant=partial(_instant, INSTANTS[language], tz, locale),
        comma=text(N_(", ")),
        nothing=text(N_("none")),
        by=text(N_("%(owed)s by %(due)s")),
    )


def _word(text: Callable[[str], str], code: str) -> str:
    return text(_WORDS[code]) if code in _WORDS else code.replace("_", " ")


def _instant(form: str, tz: tzinfo, locale: Locale, at: datetime) -> str:
    return dates.format_datetime(at, form, tzinfo=tz, locale=locale)
