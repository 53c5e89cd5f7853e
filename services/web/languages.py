"""The two languages that people are answered in: which one a request prefers, and its texts.

The texts in the code are the English ones; the other language comes from its gettext catalogue.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from gettext import NullTranslations
from importlib.resources import files
from typing import TYPE_CHECKING

from babel.support import Translations

from events.texts import Worded

if TYPE_CHECKING:
    from starlette.requests import Request

LANGUAGES: Mapping[str, str] = {"en": "en", "zh-CN": "zh_Hans_CN"}
"""Language tags as pages, URLs and headers say them, and their CLDR locales."""

_DAYS = {"en": "d MMM yyyy", "zh-CN": "yyyy-MM-dd"}
DAYS: Mapping[str, str] = _DAYS
"""How a day is written, alone and in an instant: a page has one form for both."""

INSTANTS: Mapping[str, str] = {
    "en": f"{_DAYS['en']}, HH:mm xxx",
    "zh-CN": f"{_DAYS['zh-CN']} HH:mm xxx",
}
"""An instant says how far its clock is from UTC: branches of several zones share a page."""

_CATALOGUES = {"zh-CN": "zh_CN"}
_FALLBACK = "en"
_TAG_OF = {"en": "en", "zh": "zh-CN"}


def known_language(tag: str | None) -> str | None:
    """Return our tag of a language, whatever its region: zh, zh-CN and zh-Hans are one."""
    return _TAG_OF.get(tag.replace("_", "-").split("-")[0].lower()) if tag else None


def preferred_language(accept: str) -> str:
    """Return the known language of the highest quality in an Accept-Language header."""
    weighted: list[tuple[float, str]] = []
    for part in accept.split(","):
        name, _, parameter = part.strip().partition(";")
        tag = known_language(name.strip())
        if tag is None:
            continue
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            weight = 0.0
        weighted.append((weight, tag))
    best = max(weighted, key=lambda pair: pair[0], default=(0.0, _FALLBACK))
    return best[1] if best[0] > 0 else _FALLBACK


def asked_language(request: Request) -> str:
    """Return the known language that a request prefers."""
    return preferred_language(request.headers.get("accept-language", ""))


def terminal_language() -> str:
    """Return the known language of whoever called this process, as gettext finds it."""
    asked = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return known_language(next(filter(None, asked), None)) or _FALLBACK


@cache
def texts(language: str) -> NullTranslations:
    """Return the catalogue of a language; English is the language of the texts themselves."""
    name = _CATALOGUES.get(language)
    if name is None:
        return NullTranslations()
    path = files("services").joinpath("console", "locale", name, "LC_MESSAGES", "messages.mo")
    with path.open("rb") as compiled:
        return Translations(compiled)


def told(text: str, language: str) -> str:
    """Return a text in a language; one that is nobody's to translate is told as it is."""
    translated = texts(language).gettext
    return text.told(translated) if isinstance(text, Worded) else str(text)
