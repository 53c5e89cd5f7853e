"""Help for each page: what it answers, and what is done on it, in the reader's language."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Annotated

from fastapi import Path
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from services.console.shared.parameters import Parameters
from services.console.shared.visit import TheVisit, page_router

pages = page_router()

TOPICS = (
    "overview", "desk", "customers", "customer", "receivables", "credit", "cases", "service",
    "alerts", "unassigned", "branches", "policies", "imports", "audit", "status", "users",
)  # fmt: skip
"""The pages that have help: each in every language, as a test holds."""

TopicPath = Annotated[str, Path(max_length=40)]


@pages.get("/help/{topic}")
async def show_help(visit: TheVisit, topic: TopicPath) -> Response:
    """Show the help of a page, and the way to that of others; whoever is in may read it."""
    visit.asked(Parameters)
    if topic not in TOPICS:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    context = {
        "topic": topic,
        "text": text_of(visit.language, topic),
        "titles": {one: title_of(visit.language, one) for one in TOPICS},
    }
    return visit.page("help/help.html", "", context)


@cache
def text_of(language: str, topic: str) -> Markup:
    """Return the help of a page as markup; it is our own text, and holds no HTML."""
    return Markup(MarkdownIt("commonmark", {"html": False}).render(_source(language, topic)))  # noqa: S704


@cache
def title_of(language: str, topic: str) -> str:
    """Return the heading of a help text."""
    return _source(language, topic).partition("\n")[0].removeprefix("# ")


def _source(language: str, topic: str) -> str:
    return (
        files("services.console")
        .joinpath("help", "texts", language, f"{topic}.md")
        .read_text("utf-8")
    )
