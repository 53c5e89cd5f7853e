"""Who asks, and whose rows they may see.

Nobody logs in yet: every reader is the one that sees all. Questions take it all the same, so
that a scope can narrow them in one place.
"""

from __future__ import annotations

from msgspec import Struct


class Scope(Struct, frozen=True):
    """The branches whose customers may be seen; None: all of them."""

    branches: frozenset[str] | None = None


class Principal(Struct, frozen=True):
    """Somebody who reads, and how far they may see."""

    name: str
    scope: Scope = Scope()


ANYBODY = Principal("anybody")
"""Whoever reaches a console without a log-in."""
