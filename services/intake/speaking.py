"""For whom a request speaks: a branch that publishes, or a member of staff who commands."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request

from events.texts import worded
from services.intake.draft import Scope
from services.intake.keys import Keys, StaffScope
from services.web.doors import Doors
from services.web.problems import Problem


async def scope_of(keys: Keys, doors: Doors, request: Request) -> Scope | StaffScope:
    """Return whom the request's key speaks for. Raises: Problem, Unavailable.

    Tokens that were no key lately have slots of their own: invented ones keep nobody out.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    scope = None
    if scheme.lower() == "bearer":
        token = token.strip()
        with (doors.asking if keys.has_met(token) else doors.strangers).slot() as slot:
            scope = await slot.within_patience(keys.scope_of(token))
    if scope is None:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "unauthorized",
            worded("there is no key, or it is not in force"),
            worded(
                "send the header 'Authorization: Bearer KEY'; a branch's key is made by "
                "`touchstone branch key create BRANCH`, one of a member of staff by `touchstone "
                "staff key create STAFF`"
            ),
            field="authorization",
            headers={"WWW-Authenticate": 'Bearer realm="touchstone"', "Connection": "close"},
        )
    return scope


def speaking_for_a_branch(scope: Scope | StaffScope) -> Scope:
    """Let a branch's key pass. Raises: Problem."""
    if isinstance(scope, StaffScope):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "staff_key",
            worded("this key speaks for a member of staff: it commands, and publishes nothing"),
            worded("publish with a key of the branch (touchstone branch key create BRANCH)"),
            field="authorization",
        )
    return scope


def speaking_for_staff(scope: Scope | StaffScope) -> StaffScope:
    """Let a key of a member of staff pass. Raises: Problem."""
    if isinstance(scope, Scope):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "branch_key",
            worded("this key speaks for a branch: it publishes, and commands nothing"),
            worded("use a key of a member of staff (touchstone staff key create STAFF)"),
            field="authorization",
        )
    return scope
