"""What happened at a branch, recorded by form: a touchpoint by the way in of all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4, uuid5

from msgspec import Struct, inspect
from pydantic import Field as Described
from starlette.responses import Response

from events.envelope import BranchId
from events.texts import worded
from events.touchpoints import CATALOGUE, Touchpoint
from projections.timeline.entries import family_of
from services.console.acting.choosing import currency_of, people, usual
from services.console.acting.person import Actor, actor
from services.console.acting.sent import Sent, sent, with_query
from services.console.acting.widgets import (
    Field,
    Option,
    is_askable,
    read,
    read_instant,
    touchpoint_fields,
)
from services.console.shared.by_form import is_kept_from_forms
from services.console.shared.forms import local
from services.console.shared.page import dynamic_headers
from services.console.shared.parameters import Identifier, Parameters
from services.console.shared.visit import TheVisit, page_router
from services.intake.answers import Answer, EventRefused
from services.intake.draft import Scope
from services.people.principal import Right
from services.web.languages import told as in_words
from services.web.problems import Problem

pages = page_router()

_FORMS = UUID("3b1f6c2e-9d57-5a0c-8f43-6f0a7d2c91be")
"""Namespace of the ids of what was recorded by form; chosen once, never to change."""

_COMMON = (
    "complaint.filed",
    "complaint.service_requested",
    "payment.payment_received",
    "callback.promised",
    "callback.made",
    "visit.made",
    "visit.planned",
    "customer.contact_person_added",
)
_OF_NOBODY = ("complaint.", "callback.", "visit.", "order.")
"""Families whose touchpoints may have no customer yet."""

_SAID = ("callback.", "complaint.", "customer.", "visit.")
"""Families of what customers say and ask for: whoever answers them records it."""

_MINE = ("agent", "staff", "by")


def right_to_record(event_type: str) -> Right:
    """Return the right that recording a touchpoint by form asks for."""
    return Right.RECORD if event_type.startswith(_SAID) else Right.PUBLISH


def publishable() -> Sequence[type[Touchpoint]]:
    """Return the touchpoints that a form can ask for, the common ones first."""
    found = [
        kind
        for name, kind in CATALOGUE.items()
        if not is_kept_from_forms(name) and is_askable(kind)
    ]
    names = [kind.event_type for kind in found]
    return sorted(
        found,
        key=lambda kind: (
            _COMMON.index(kind.event_type) if kind.event_type in _COMMON else len(_COMMON),
            names.index(kind.event_type),
        ),
    )


_PUBLISHABLE: Mapping[str, type[Touchpoint]] = {one.event_type: one for one in publishable()}


class _Recorded(Struct, frozen=True):
    """What became of a form that was sent."""

    answer: Answer | None = None
    errors: Mapping[str, str] = {}


class CreateParameters(Parameters):
    """Whom something to be recorded is about, and where one came from."""

    customer: Identifier | None = None
    back: Annotated[str | None, Described(max_length=2_000)] = None


@pages.get("/create")
async def show_kinds(visit: TheVisit) -> Response:
    """Show what can be recorded."""
    visit.need(Right.RECORD)
    asked = visit.asked(CreateParameters)
    await actor(visit, Right.RECORD)
    families: dict[str, list[str]] = {}
    own = [one for one in _PUBLISHABLE if visit.principal.may(right_to_record(one))]
    for name in own:
        if name not in _COMMON:
            families.setdefault(family_of(name), []).append(name)
    more = {"customer": asked.customer, "back": asked.back}
    context = {
        "common": [name for name in _COMMON if name in own],
        "families": families,
        "link": lambda name: with_query(f"/create/{name}", **more),
    }
    return visit.page("acting/create.html", "/create", context, dynamic_headers(None))


@pages.get("/create/{name}")
async def show_touchpoint(visit: TheVisit, name: str) -> Response:
    """Show the form of a touchpoint."""
    visit.need(right_to_record(name))
    asked = visit.asked(CreateParameters)
    who = await actor(visit, right_to_record(name))
    kind = _kind(name)
    key = str(uuid4())
    home = f"/customers/{asked.customer}" if asked.customer else "/create"
    form = Sent(
        key=key,
        version=None,
        only_tried=False,
        back=local(asked.back or "", home),
        typed={"customer": [asked.customer or ""], **_beforehand(who, kind, key)},
    )
    return _page(who, kind, form, _Recorded())


@pages.post("/create/{name}")
async def publish(visit: TheVisit, name: str) -> Response:
    """Record what happened, for the branch of the visitor; what is refused says at which field."""
    visit.need(right_to_record(name))
    who = await actor(visit, right_to_record(name))
    kind = _kind(name)
    form = await sent(visit.request, "/create")
    branch = _branch(who)
    try:
        event = _event(who, kind, form, branch)
    except EventRefused as why:
        reason = in_words(why.reason, visit.language)
        remedy = in_words(why.remedy, visit.language)
        return _page(who, kind, form, _Recorded(errors={why.field: f"{reason}; {remedy}"}))
    [answer] = await visit.console.platform.intake.submit(
        Scope(branch), [event], keep_refused=False, language=visit.language
    )
    errors = {}
    if answer.status == "refused":
        errors[_field_of(answer.field or "")] = f"{answer.reason}; {answer.remedy}"
    return _page(who, kind, form, _Recorded(answer, errors))


def _field_of(path: str) -> str:
    """Return the field of the form that a refusal is about."""
    if path in ("subject", "time"):
        return {"subject": "customer", "time": "happened_at"}[path]
    return path.removeprefix("data.").removeprefix("personal.").split(".")[0].split("[")[0]


def _event(who: Actor, kind: type[Touchpoint], form: Sent, branch: BranchId) -> dict[str, object]:
    """Return what was typed as the event that a branch publishes. Raises: EventRefused."""
    data = read(_fields(who, kind), form.typed, who.zone)
    customer = next(iter(form.typed.get("customer", ())), "").strip()
    at = next(iter(form.typed.get("happened_at", ())), "").strip()
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": str(uuid5(_FORMS, f"{who.by.agent}\x1f{form.key}")),
        "source": f"/branches/{branch}/console",
        "type": kind.event_type,
        "time": read_instant("happened_at", at, who.zone) if at else who.now.isoformat(),
        "correlationid": who.by.agent,
        "data": data,
    }
    return event | ({"subject": customer} if customer else {})


def _branch(who: Actor) -> BranchId:
    """Return the branch of the visitor. Raises: Problem."""
    if who.by.branch_id is None:
        raise Problem(
            HTTPStatus.CONFLICT,
            "no_branch",
            worded("you work at no branch, so that nothing can be recorded as a branch's"),
            worded("have somebody of the branch record it"),
        )
    return BranchId(who.by.branch_id)


def _kind(name: str) -> type[Touchpoint]:
    found = _PUBLISHABLE.get(name)
    if found is None:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "not_found",
            worded("nothing of this kind is recorded by form"),
            worded("choose one of those that the page offers"),
        )
    return found


def _fields(who: Actor, kind: type[Touchpoint]) -> Sequence[Field]:
    known, language = people(who), who.visit.language
    choices: dict[str, Sequence[Option]] = {
        "department": known.departments,
        "home_branch": known.branches,
        **dict.fromkeys(_MINE, known.staff),
        **{
            name: usual(name, language)
            for name in ("category", "channel", "method", "purpose", "reason", "scores")
        },
    }
    without = ("case_ref",)
    fields = touchpoint_fields(kind, choices, currency_of(None, who.reference))
    return [one for one in fields if one.name not in without]


def _beforehand(who: Actor, kind: type[Touchpoint], key: str) -> Mapping[str, list[str]]:
    """Return what is filled in already: who records it, and a number where it needs one."""
    found: dict[str, list[str]] = {}
    told = inspect.type_info(kind)
    assert isinstance(told, inspect.StructType)
    family = kind.event_type.partition(".")[0]
    for field in told.fields:
        if field.name in _MINE:
            found[field.name] = [who.by.agent]
        if field.required and field.name in (f"{family}_id", "contact_id", "promise_id"):
            found[field.name] = [f"{who.by.branch_id or 'F'}-{key[:8]}"]
    return found


def _page(who: Actor, kind: type[Touchpoint], form: Sent, recorded: _Recorded) -> Response:
    visit = who.visit
    customer = next(iter(form.typed.get("customer", ())), "").strip()
    refused = bool(recorded.errors)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    position = recorded.answer.position if recorded.answer is not None else None
    context = {
        "type": kind.event_type,
        "may_be_nobodys": kind.event_type.startswith(_OF_NOBODY),
        "fields": _fields(who, kind),
        "asked": form,
        "customer": customer,
        "answer": recorded.answer,
        "errors": recorded.errors,
        "seen_at": with_query(f"/customers/{customer}", at_least=position) if customer else None,
        "back": with_query(form.back, at_least=position) if position else form.back,
        "again": with_query(f"/create/{kind.event_type}", back=form.back),
        "branch": who.reference.branches.get(who.by.branch_id or ""),
        "scores": 3,
        "zone": who.zone,
    }
    return visit.page("acting/publish.html", "/create", context, status=status)
