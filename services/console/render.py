"""Templates in the reader's language, with the console's formats and names at hand."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from services.console.assets import Assets
from services.console.case_words import CaseWords
from services.console.i18n import speaker
from services.console.touchpoint_words import TouchpointWords
from services.console.value_words import ValueWords
from services.console.words import Words


def _source(name: str) -> str:
    return files("services.console").joinpath("templates", name).read_text("utf-8")


@cache
def assets() -> Assets:
    """Return the static files, read once."""
    return Assets()


@cache
def environment(language: str) -> Environment:
    """Return the templates' environment of one language."""
    made = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    say = speaker(language)
    made.install_gettext_callables(  # type: ignore[attr-defined]
        say.gettext, say.ngettext, newstyle=True
    )
    made.globals |= {
        "asset": assets().url,
        "has_scripts": "vendor/htmx.min.js" in assets() and "vendor/hx-sse.min.js" in assets(),
        "language": language,
        "say": say,
        "words": Words(say),
        "case_words": CaseWords(say),
        "touchpoint_words": TouchpointWords(say),
        "value_words": ValueWords(say),
    }
    return made


def render(template: str, language: str, **context: object) -> str:
    """Return a template filled in."""
    return environment(language).get_template(template).render(**context)
