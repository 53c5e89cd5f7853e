"""What branches sent and what was refused of it, and how a refused event is mended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Path
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from events.texts import worded
from services.console.imports.sources import sources
from services.console.shared.by_form import is_kept_from_forms, is_rule
from services.console.shared.forms import posted
from services.console.shared.i18n import with_parameters
from services.console.shared.parameters import Identifier, Parameters
from services.console.shared.reading import branch_names
from services.console.shared.visit import TheVisit, Visit, page_router
from services.errors import UsageError
from services.importing.mapping import shipped_mappings
from services.intake.answers import Answer
from services.intake.mending import discard, resubmit
from services.intake.quarantine import Quarantine, Quarantined
from services.people.principal import Right
from services.web.languages import told
from services.web.strict_json import MalformedBody, parse

pages = page_router()

SHOWN = 200
"""Refused events that the page shows, the latest; the branch narrows them."""

FILES_SHOWN = 50
"""Files handed in that the page shows, the latest."""

EntryPath = Annotated[UUID, Path()]


class ImportsParameters(Parameters):
    """Which refused events."""

    branch: Identifier | None = None
    settled: bool = False
    done: str | None = None


@pages.get("/imports")
async def show_imports(visit: TheVisit) -> Response:
    """Show the sources of each branch, and the events that were refused."""
    visit.need(Right.PUBLISH)
    asked = visit.asked(ImportsParameters)
    kept = _quarantine(visit)
    branches = _branches(visit, asked.branch)
    entries: list[Quarantined] = []
    waiting = overflow = 0
    for branch in branches:
        entries += await kept.latest(SHOWN, branch, settled=asked.settled)
        count = await kept.count(branch)
        waiting += count.events
        overflow += count.overflow
    entries.sort(key=lambda one: one.last_received_at, reverse=True)
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        found = await sources(reader)
        notices = await visit.notices(reader)
    own = visit.principal.scope.branches
    seen = None if own is None else sorted(own)
    context = {
        "asked": asked,
        "entries": entries[:SHOWN],
        "waiting": waiting,
        "overflow": overflow,
        "shown": SHOWN,
        "sources": [one for one in found if asked.branch in (None, one.branch_id)],
        "files": await visit.console.uploads.latest(seen, FILES_SHOWN),
        "mappings": shipped_mappings(),
        "own_branches": {
            one: name
            for one, name in branch_names(reader.reference, visit.language).items()
            if one in reader.reference.branches and visit.principal.scope.holds(one)
        },
        "late": lambda at: (reader.at - at).total_seconds(),
    }
    return visit.page("imports/imports.html", "/imports", notices | context)


@pages.get("/imports/{entry}")
async def show_entry(visit: TheVisit, entry: EntryPath) -> Response:
    """Show a refused event: why, how to mend it, and the event to those who may see it."""
    visit.need(Right.PUBLISH)
    visit.asked(Parameters)
    return await _entry_page(visit, await _entry(visit, entry))


@pages.post("/imports/{entry}/settle")
async def settle_entry(visit: TheVisit, entry: EntryPath) -> Response:
    """Send a refused event again, corrected or as it was, or discard it for a reason."""
    visit.need(Right.PUBLISH)
    found = await _entry(visit, entry)
    if is_rule(found.type or ""):
        visit.need(Right.SET_POLICIES)
    typed = await posted(visit.request)
    kept = _quarantine(visit)
    answer: Answer | None = None
    try:
        if typed.get("do") == "discard":
            await discard(kept, found.quarantine_id, typed.get("reason", ""))
        else:
            corrected = _corrected(found, typed.get("event", "")) if _sees_events(visit) else None
            answer = await resubmit(
                visit.console.platform.intake, kept, found.quarantine_id, corrected
            )
    except UsageError as why:
        wrong = told(why.args[0], visit.language)
        return await _entry_page(visit, found, typed=typed.get("event"), wrong=wrong)
    if answer is not None and answer.status == "refused":
        why_not = told(answer.reason or "", visit.language)
        wrong = f"{answer.field}: {why_not}; {told(answer.remedy or '', visit.language)}"
        return await _entry_page(visit, found, typed=typed.get("event"), wrong=wrong)
    address = with_parameters(visit.request, {"done": typed.get("do", "resubmit")}, "/imports")
    return RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER)


async def _entry_page(
    visit: Visit, entry: Quarantined, typed: str | None = None, wrong: str | None = None
) -> Response:
    reference = await visit.console.everything.reference()
    at: datetime = visit.console.platform.clock.now()
    sees = _sees_events(visit)
    if sees:
        visit.shows_persons(_subjects(entry.event))
    context = {
        "entry": entry,
        "event": (typed or _pretty(entry.event)) if sees else None,
        "sees": sees,
        "wrong": wrong,
        "at": at,
        "zone": reference.zone_of(entry.branch_id),
        "branch_names": branch_names(reference, visit.language),
    }
    status = HTTPStatus.OK if wrong is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return visit.page("imports/entry.html", "/imports", context, status=status)


def _corrected(entry: Quarantined, typed: str) -> bytes | None:
    """Return what is sent instead of an event; None: just what its source sent.

    A branch's own systems say what they like; whoever corrects them by hand says no more than
    other forms let him or her. Raises: UsageError.
    """
    text = typed.strip().encode()
    if not text:
        return None
    try:
        event = parse(text)
    except MalformedBody as error:
        raise UsageError(worded("the event cannot be read: %(why)s", why=str(error))) from error
    if not entry.cut and event == _as_sent(entry):
        return None
    said = event.get("type") if isinstance(event, dict) else None
    if isinstance(said, str) and is_kept_from_forms(said):
        raise UsageError(
            worded(
                "type: %(type)s is not corrected here, since it asks who may; give the command, or "
                "have the branch's system send it again",
                type=said,
            )
        )
    return text


def _as_sent(entry: Quarantined) -> object:
    """Return an event as its source sent it; None: it cannot be read."""
    try:
        return parse((entry.event or "").encode())
    except MalformedBody:
        return None


class _Subject(msgspec.Struct):
    subject: str = ""


def _subjects(event: str | None) -> list[str]:
    """Return whose event it says it is; of one that cannot be read nobody knows."""
    try:
        found = msgspec.json.decode(event or "{}", type=_Subject).subject
    except msgspec.DecodeError:
        return []
    return [found] if found else []


def _pretty(event: str | None) -> str | None:
    if event is None:
        return None
    try:
        return msgspec.json.format(event, indent=2)
    except msgspec.DecodeError:  # it was cut, or was never JSON
        return event


async def _entry(visit: Visit, entry: UUID) -> Quarantined:
    """Return an entry of a branch that the visitor may see. Raises: HTTPException."""
    try:
        found = await _quarantine(visit).show(str(entry))
    except UsageError as error:
        raise HTTPException(HTTPStatus.NOT_FOUND) from error
    own = [one for one in found if visit.principal.scope.holds(one.branch_id)]
    if not own:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return own[0]


def _sees_events(visit: Visit) -> bool:
    return visit.principal.may(Right.SEE_PERSONS)


def _branches(visit: Visit, wanted: str | None) -> Sequence[str | None]:
    """Return the branches whose refused events are shown; None: of all together."""
    seen = visit.principal.scope.branches
    if wanted is not None:
        return [wanted] if visit.principal.scope.holds(wanted) else []
    return [None] if seen is None else sorted(seen)


def _quarantine(visit: Visit) -> Quarantine:
    platform = visit.console.platform
    return Quarantine(platform.pool, platform.vault, platform.clock)
