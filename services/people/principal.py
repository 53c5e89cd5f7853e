"""Who asks, what he or she may do, and whose rows may be seen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Protocol

from msgspec import Struct
from starlette.requests import Request

from events.texts import worded
from services.web.problems import Problem


class Right(StrEnum):
    """One thing that somebody may do; every role is a set of them."""

    SEE_CUSTOMERS = "see_customers"  # what is owed, bought and complained of, by customer
    SEE_PERSONS = "see_persons"  # names, phones, addresses and notes
    COMMAND = "command"  # cases, alerts and accounts, as far as the rules of each command allow
    RECORD = "record"  # what customers say and ask for by form: calls, complaints, visits
    PUBLISH = "publish"  # every touchpoint of the own branch by form, and its quarantine
    SEE_POLICIES = "see_policies"
    SET_POLICIES = "set_policies"
    AUDIT = "audit"
    ADMINISTER = "administer"  # people, keys, quotas and the state of the platform


_REFUSALS: Mapping[Right, str] = {
    Right.SEE_CUSTOMERS: worded("customers, what they owe and their cases are not yours to see"),
    Right.SEE_PERSONS: worded("names, telephone numbers and notes are not yours to see"),
    Right.COMMAND: worded("you may look at this, and not change it"),
    Right.RECORD: worded("you may not record what customers said"),
    Right.PUBLISH: worded("you may not publish what happened at a branch"),
    Right.SEE_POLICIES: worded("the rules of the company are not yours to see"),
    Right.SET_POLICIES: worded("you may not change the rules of the company"),
    Right.AUDIT: worded("the audit is for auditors"),
    Right.ADMINISTER: worded("people, keys and the platform are the administrators'"),
}

_REMEDY = worded("log in as somebody who may, or ask for a role that allows it")


class NotAllowed(Problem):
    """Whoever asks has no role that allows it."""

    def __init__(self, right: Right) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, "not_allowed", _REFUSALS[right], _REMEDY)
        self.right = right


class Scope(Struct, frozen=True):
    """The branches whose customers may be seen; None: all of them."""

    branches: frozenset[str] | None = None

    def holds(self, branch_id: str | None) -> bool:
        """Tell whether customers of a branch may be seen; those of none only where all may."""
        return self.branches is None or branch_id in self.branches


class Principal(Struct, frozen=True):
    """Somebody who asks: a member of staff, what he or she may do, and how far they may see."""

    staff_id: str
    scope: Scope = Scope()
    rights: frozenset[Right] = frozenset(Right)
    roles: frozenset[str] = frozenset()  # of `services.people.roles.RIGHTS`
    branch_id: str | None = None  # where he or she works
    department: str | None = None

    def may(self, right: Right) -> bool:
        """Tell whether he or she may do something."""
        return right in self.rights

    @property
    def digest(self) -> str:
        """Return what tells the answers to him or her from those to others."""
        branches = self.scope.branches
        seen = [*sorted(self.rights), "", *(["*"] if branches is None else sorted(branches))]
        return hashlib.sha256("\n".join([self.staff_id, *seen]).encode()).hexdigest()[:12]

    def need(self, right: Right) -> None:
        """Return only if he or she may do something. Raises: NotAllowed."""
        if right not in self.rights:
            raise NotAllowed(right)


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
