"""What a command is refused for, as a problem document in the reader's language (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from msgspec import Struct
from starlette.responses import Response

from events.cases.staff import Staff
from events.policy import Reference
from events.refusals import Refused, Teller
from events.texts import N_, worded
from services.intake.answers import EventRefused
from services.web.languages import texts
from services.web.names import name_in
from services.web.problems import Problem
from services.web.refusal_words import refusal_teller
from services.web.touchpoint_names import TOUCHPOINTS


class Change(Struct, frozen=True):
    """One event that came since the sender looked."""

    version: int
    type: str
    by: str | None
    department: str | None
    at: str


class _Said(NamedTuple):
    status: HTTPStatus
    title: str
    detail: str
    remedy: str


_PROBLEMS: Mapping[str, _Said] = {
    "no_key": _Said(
        HTTPStatus.BAD_REQUEST,
        N_("A key of the request is missing"),
        N_("A command is done once, however often it is sent: it needs a key of its own."),
        N_(
            "Send the header Idempotency-Key with 1 to 100 visible characters, new for every "
            "command and the same when it is sent again."
        ),
    ),
    "key_reused": _Said(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        N_("This key was used for another request"),
        N_("Under the key %(key)s something else was asked for before."),
        N_("Send a new Idempotency-Key."),
    ),
    "bulk_key_reused": _Said(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        N_("This key was used for another request"),
        N_("Under the key of this bulk something else was asked for here before."),
        N_("Send a new Idempotency-Key."),
    ),
    "bulk_too_many": _Said(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        N_("The filter finds too much"),
        N_("It finds more than the %(most)s that one bulk may have."),
        N_("Narrow it, for example by branch, department or priority."),
    ),
    "bulk_unknown_department": _Said(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        N_("There is no such department"),
        N_("The filter finds nothing, and nobody has set a department %(name)s."),
        N_("Name one that there is%(near)s"),
    ),
    "bulk_unknown_branch": _Said(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        N_("There is no such branch"),
        N_("The filter finds nothing, and nobody has set a branch %(name)s."),
        N_("Name one that there is%(near)s"),
    ),
    "bulk_unknown_owner": _Said(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        N_("There is no such member of staff"),
        N_("The filter finds nothing, and no member of staff has the number %(name)s."),
        N_("Name one that there is%(near)s"),
    ),
    "bulk_unknown_bucket": _Said(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        N_("There is no such bucket"),
        N_("The ageing policy in force has the buckets 0 to %(last)s."),
        N_("Name one, or several, of them."),
    ),
    "bulk_not_tried": _Said(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        N_("The bulk was not tried yet"),
        N_("What a filter finds may be other cases a moment later: it is tried, and not done."),
        N_("Send it with try=true, and then the items of that answer, as id and version."),
    ),
    "no_version": _Said(
        HTTPStatus.PRECONDITION_REQUIRED,
        N_("The version is missing"),
        N_("This command is decided on the case as you saw it."),
        N_('Send the version that you saw, such as If-Match: "7"; GET tells it as ETag.'),
    ),
    "bad_version": _Said(
        HTTPStatus.BAD_REQUEST,
        N_("The version cannot be read"),
        N_("If-Match holds no version of a case."),
        N_('Send one whole number in quotes, such as If-Match: "7".'),
    ),
    "bad_try": _Said(
        HTTPStatus.BAD_REQUEST,
        N_("The parameter try cannot be read"),
        N_("It says whether the command is only tried."),
        N_("Send try=true to see what would change, or leave it out to do it."),
    ),
    "unknown_staff": _Said(
        HTTPStatus.FORBIDDEN,
        N_("This key speaks for nobody now"),
        N_("Reference data know no member of staff %(staff)s who works here now."),
        N_("Publish the member of staff as one who works here, or use another key."),
    ),
    "stale": _Said(
        HTTPStatus.PRECONDITION_FAILED,
        N_("Somebody was faster"),
        N_("You saw version %(seen)s; it is %(version)s now: %(what)s."),
        N_("Look at the case again, and decide on what it is now."),
    ),
}


_NOTHING_THERE: Mapping[str, str] = {
    "unknown_case": N_("There is no such case"),
    "unknown_customer": N_("There is no such customer"),
    "unknown_alert": N_("There is no such alert"),
}


class CommandProblem(Problem):
    """A command that was not done, and more members where they help."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        title: str,
        detail: str,
        remedy: str,
        *,
        field: str | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(status, code, detail, remedy, field=field)
        self.title = title
        self.more = more or {}

    def response(self, language: str, **members: object) -> Response:
        """Return the problem document; `rule` says which rule refused."""
        own = {"title": self.title, "rule": self.code}
        return super().response(language, **{**own, **self.more, **members})


def said(
    code: str,
    language: str,
    *,
    field: str | None = None,
    more: Mapping[str, object] | None = None,
    **named: object,
) -> CommandProblem:
    """Return the problem of that code in a language."""
    status, title, detail, remedy = _PROBLEMS[code]
    text = texts(language).gettext
    remedy = text(remedy)
    return CommandProblem(
        status,
        code,
        text(title),
        text(detail) % named,
        remedy % named if "%(" in remedy else remedy,
        field=field,
        more=more,
    )


def staff_teller(reference: Reference, by: Staff, language: str) -> Teller:
    """Return what tells refusals to a member of staff, in the zone of his or her branch."""

    def department(department_id: str) -> str | None:
        return name_in(language, reference.departments.get(department_id))

    def staff(number: str) -> str | None:
        return name_in(language, reference.staff.get(number))

    return refusal_teller(language, reference.zone_of(by.branch_id), department, staff)


def refused(refusal: Refused, teller: Teller) -> CommandProblem:
    """Return the problem of a rule that refuses."""
    told = teller.tell(refusal)
    known = refusal.rule not in _NOTHING_THERE
    return CommandProblem(
        HTTPStatus.CONFLICT if known else HTTPStatus.NOT_FOUND,
        refusal.rule,
        teller.text(_NOTHING_THERE.get(refusal.rule, N_("The command is refused"))),
        told.detail,
        told.remedy,
    )


def stale(
    seen: int, version: int, changed: Sequence[Change], language: str, teller: Teller
) -> CommandProblem:
    """Return the problem of a command on a case that has moved; names who was first."""
    text = texts(language).gettext
    winner = changed[0] if changed else None
    what = text(N_("nothing of that number was ever there"))
    if winner is not None:
        department = teller.department(winner.department) if winner.department else "-"
        name = text(TOUCHPOINTS.get(winner.type, winner.type))
        by = teller.staff(winner.by) if winner.by else "-"
        told = {"what": name, "by": by, "department": department}
        what = text(N_("%(what)s, by %(by)s of %(department)s, came first")) % told
    more = {"seen": seen, "version": version, "changed": changed}
    return said("stale", language, more=more, seen=seen, version=version, what=what)


def unreadable(why: EventRefused) -> Problem:
    """Return the problem of a body that is no such command, in the gateway's words."""
    field = why.field.removeprefix("data.")
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        why.code,
        worded("%(field)s: %(reason)s", field=field, reason=why.reason),
        why.remedy,
        field=field,
    )
