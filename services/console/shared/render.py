"""Templates in the reader's language, with the console's formats and names at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, lru_cache, partial
from importlib.resources import files
from urllib.parse import quote
from uuid import uuid4

from jinja2 import Environment, FunctionLoader, StrictUndefined

from services.console.shared.assets import Assets
from services.console.shared.i18n import Speaker, speaker
from services.console.shared.translating import TextsPutIn
from services.console.shared.words import Named


def _source(name: str) -> str:
    """Return a template: `topic/name.html` is the file <topic>/templates/<name>.html."""
    topic, _, file = name.partition("/")
    return files("services.console").joinpath(topic, "templates", file).read_text("utf-8")


_quoted = lru_cache(maxsize=8_192)(partial(quote, safe="/"))
"""A row of a list says the same ids several times, and the next look says them again."""


def _in_address(value: object) -> str:
    """Return a value as it stands in an address."""
    return _quoted(str(value))


def _new_key() -> str:
    """Return a key under which a form is done once."""
    return str(uuid4())


@cache
def assets() -> Assets:
    """Return the static files, read once."""
    return Assets()


@cache
def help_topics() -> frozenset[str]:
    """Return the pages that have help."""
    texts = files("services.console").joinpath("help", "texts", "en")
    return frozenset(text.name.removesuffix(".md") for text in texts.iterdir())


class Renderer:
    """Fills templates in; each topic's words are in them under the name given here."""

    def __init__(self, words: Mapping[str, Callable[[Speaker], Named]]) -> None:
        self._words = words
        self._environments: dict[str, Environment] = {}

    def render(self, template: str, language: str, **context: object) -> str:
        """Return a template filled in."""
        if language not in self._environments:
            self._environments[language] = self._environment(language)
        return self._environments[language].get_template(template).render(**context)

    def _environment(self, language: str) -> Environment:
        made = Environment(
            loader=FunctionLoader(_source),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n", TextsPutIn],
        )
        say = speaker(language)
        put_in = made.extensions[TextsPutIn.identifier]
        assert isinstance(put_in, TextsPutIn)
        put_in.translate = say.gettext
        made.install_gettext_callables(  # type: ignore[attr-defined]
            say.gettext, say.ngettext, newstyle=True
        )
        made.filters["urlencode"] = _in_address
        made.globals |= {
            "asset": assets().url,
            "has_scripts": "vendor/htmx.min.js" in assets() and "vendor/hx-sse.min.js" in assets(),
            "instant_of": datetime.fromisoformat,
            "help_topics": help_topics(),
            "language": language,
            "new_key": _new_key,
            "say": say,
        }
        made.globals |= {name: words(say) for name, words in self._words.items()}
        return made
