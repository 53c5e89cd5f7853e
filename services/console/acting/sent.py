"""A form as a browser sent it, and where it leads back to."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from msgspec import Struct
from starlette.requests import Request

from services.console.shared.forms import fields_of, local

KEY, VERSION, THEN, BACK = "key", "version", "then", "back"
"""Hidden inputs of every form."""

HIDDEN = frozenset({KEY, VERSION, THEN, BACK, "where", "items"})
"""Inputs that are no fields of a command; the last two are those of one on many."""


class Sent(Struct, frozen=True, kw_only=True):
    """What a form holds: the hidden inputs, and what was typed."""

    key: str
    version: int | None
    only_tried: bool
    back: str
    typed: Mapping[str, list[str]]


async def sent(request: Request, home: str) -> Sent:
    """Return the form of a request. Raises: Problem."""
    typed: dict[str, list[str]] = {}
    for name, value in await fields_of(request):
        typed.setdefault(name, []).append(value)

    def one(name: str) -> str:
        return next(iter(typed.get(name, ())), "").strip()

    version = one(VERSION)
    return Sent(
        key=one(KEY)[:100],
        version=int(version) if version.isdecimal() and len(version) < 16 else None,
        only_tried=one(THEN) == "try",
        back=local(one(BACK), home),
        typed=typed,
    )


def with_query(address: str, **more: str | None) -> str:
    """Return an address with some parameters set."""
    parts = urlsplit(address)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in more]
    kept += [(name, value) for name, value in more.items() if value is not None]
    query = f"?{urlencode(kept)}" if kept else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{parts.path}{query}{fragment}"
