"""Under which route a request came: addresses themselves name customers, and links that let in."""

from __future__ import annotations

from starlette.types import Scope


def route_of(scope: Scope) -> str:
    """Return the template under which a request was routed: one of few, whatever was asked for."""
    template = getattr(scope.get("route"), "path_format", None)
    return template if isinstance(template, str) else "other"
