"""Who asks, what he or she may do, and whose rows may be seen."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from msgspec import Struct
from starlette.requests import Request


class Right(StrEnum):
    """One thing that somebody may do; every role is a set of them."""

    SEE_CUSTOMERS = "see_customers"  # what is owed, bought and complained of, by customer
    SEE_PERSONS = "see_persons"  # names, phones, addresses and notes
    COMMAND = "command"  # cases, alerts and accounts, as far as the rules of each command allow
    PUBLISH = "publish"  # touchpoints of the own branch by form, and its quarantine
    SEE_POLICIES = "see_policies"
    SET_POLICIES = "set_policies"
    AUDIT = "audit"
    ADMINISTER = "administer"  # people, keys, quotas and the state of the platform


class Scope(Struct, frozen=True):
    """The branches whose customers may be seen; None: all of them."""

    branches: frozenset[str] | None = None


class Principal(Struct, frozen=True):
    """Somebody who asks: a member of staff, what he or she may do, and how far they may see."""

    staff_id: str
    scope: Scope = Scope()
    rights: frozenset[Right] = frozenset(Right)

    def may(self, right: Right) -> bool:
        """Tell whether he or she may do something."""
        return right in self.rights


ANYBODY = Principal("anybody")
"""Whoever reaches a console without a log-in."""


class Doorkeeper(Protocol):
    """Tells who sends a request."""

    async def principal_of(self, request: Request) -> Principal:
        """Return who asks. Raises: Problem, where nobody has logged in; Unavailable."""
        ...


class OpenDoor:
    """Lets everybody in as one who sees all: for a console that nobody else can reach."""

    async def principal_of(self, request: Request) -> Principal:
        """Return the one that everybody is."""
        return ANYBODY
