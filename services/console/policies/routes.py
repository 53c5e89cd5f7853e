"""The published rules as JSON and as pages; a new version is tried and published by form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Path, Query
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from events.policy import Reference
from services.console.policies.documents import PoliciesDocument, policies_document
from services.console.policies.form import as_typed, form_fields, meant
from services.console.policies.versions import standing
from services.console.shared.forms import posted
from services.console.shared.i18n import with_parameters
from services.console.shared.openapi import documented
from services.console.shared.parameters import Parameters
from services.console.shared.reading import branch_names
from services.console.shared.visit import TheVisit, Visit, api_router, page_router
from services.intake.answers import EventRefused
from services.people.principal import Right
from services.policies.kinds import KINDS, Kind
from services.policies.listing import Version, versions
from services.policies.publishing import PolicyRefused, Published, publish_policy
from services.policies.trial import Trial, try_policy
from services.web.languages import told

api = api_router()
pages = page_router()

HEADQUARTERS = "headquarters"
"""The office that publishes where whoever does it works at none."""

SAMPLES = (200, 1_000, 5_000)
"""How many customers a page may try a policy on; everybody is tried by `touchstone policy try`."""

KindPath = Annotated[str, Path(max_length=40)]


class PublishedParameters(Parameters):
    """What was published just now, which the page says once."""

    published: str | None = None


class Refusal(Struct, frozen=True):
    """Why a form was not taken, in the reader's language."""

    field: str
    reason: str
    remedy: str


@api.get("/policies", responses=documented(PoliciesDocument))
async def get_policies(visit: TheVisit, asked: Annotated[Parameters, Query()]) -> Response:
    """Return the rules in force, and those that were published for later."""
    visit.need(Right.SEE_POLICIES)
    async with visit.rows(visit.console.everything, asked) as reader:
        found = {
            name: standing(versions(kind, reader.at, reader.reference))
            for name, kind in KINDS.items()
        }
    return visit.answer(policies_document(reader.position, reader.at, found))


@pages.get("/policies")
async def show_policies(visit: TheVisit) -> Response:
    """Show each kind of policy: what is in force, since when, and what is to come."""
    visit.need(Right.SEE_POLICIES)
    visit.asked(Parameters)
    reference, at = await _rules(visit)
    found = {name: list(versions(kind, at, reference)) for name, kind in KINDS.items()}
    return visit.page(
        "policies/policies.html",
        "/policies",
        _common(visit, reference, at)
        | {
            "kinds": found,
        },
    )


@pages.get("/policies/{kind}")
async def show_policy(visit: TheVisit, kind: KindPath) -> Response:
    """Show every version of a kind of policy, and the form of a new one to who may set it."""
    visit.need(Right.SEE_POLICIES)
    shown = _kind(kind)
    asked = visit.asked(PublishedParameters)
    reference, at = await _rules(visit)
    return _page(visit, shown, reference, at, {}, just_published=asked.published)


@pages.post("/policies/{kind}/new")
async def set_policy(visit: TheVisit, kind: KindPath) -> Response:
    """Try what a form says on some customers, or publish it."""
    visit.need(Right.SET_POLICIES)
    set_kind = _kind(kind)
    typed = await posted(visit.request)
    reference, at = await _rules(visit)
    try:
        policy = meant(set_kind, typed, at, reference)
        if typed.get("do") == "publish":
            branch = visit.principal.branch_id or HEADQUARTERS
            done = await publish_policy(visit.console.platform, policy, branch)
            return _see(visit, kind, done)
        found = await try_policy(
            visit.console.platform,
            policy,
            max(at, policy.effective_from),
            _sample(typed.get("sample", "")),
            lambda _: None,
            lambda _: None,
        )
    except (EventRefused, PolicyRefused) as why:
        refusal = _refusal(why, visit.language)
        return _page(visit, set_kind, reference, at, typed, refusal=refusal)
    return _page(visit, set_kind, reference, at, typed, trial=found)


def _refusal(why: EventRefused | PolicyRefused, language: str) -> Refusal:
    field = why.field.removeprefix("data.").removeprefix("policy.")
    return Refusal(field, told(why.reason, language), told(why.remedy, language))


def _sample(text: str) -> int:
    return int(text) if text in {str(one) for one in SAMPLES} else SAMPLES[0]


def _see(visit: Visit, name: str, done: Published) -> Response:
    address = with_parameters(visit.request, {"published": done.event_id}, f"/policies/{name}")
    return RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER)


async def _rules(visit: Visit) -> tuple[Reference, datetime]:
    return await visit.console.everything.reference(), visit.console.platform.clock.now()


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return KINDS[name]


def _common(visit: Visit, reference: Reference, at: datetime) -> dict[str, object]:
    return {
        "at": at,
        "zone": reference.zone_of(None),
        "branch_names": branch_names(reference, visit.language),
        "may_set": visit.principal.may(Right.SET_POLICIES),
    }


def _page(
    visit: Visit,
    kind: Kind,
    reference: Reference,
    at: datetime,
    typed: Mapping[str, str],
    *,
    refusal: Refusal | None = None,
    trial: Trial | None = None,
    just_published: str | None = None,
) -> Response:
    found: list[Version] = list(versions(kind, at, reference))
    now = next(one for one in found if one.state == "in_force")
    context = {
        "kind": kind.name,
        "versions": list(reversed(found)),
        "fields": as_typed(form_fields(kind, now.policy), typed),
        "typed": typed,
        "refusal": refusal,
        "trial": trial,
        "samples": SAMPLES,
        "just_published": just_published,
    }
    status = HTTPStatus.OK if refusal is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return visit.page(
        "policies/policy.html", "/policies", _common(visit, reference, at) | context, status=status
    )
