"""One command on many entries of a list: tried, looked at, then done, as it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

from fastapi import Path
from msgspec import Struct
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from events.texts import worded
from services.casework.bulk.asking import MOST_ITEMS, AskedOfMany
from services.casework.bulk.running import Lines, Run, done, tried
from services.casework.bulk.subjects import subjects
from services.casework.bulk.telling import Telling
from services.casework.reading import command_in
from services.casework.undoing import undo_of
from services.console.acting.choosing import currency_of, people, usual
from services.console.acting.listed import ListName, Where, found, named, where
from services.console.acting.outcome import SHOWN, Outcome
from services.console.acting.person import Actor, actor
from services.console.acting.sent import HIDDEN, Sent, sent, with_query
from services.console.acting.subjects import WORDS_OF
from services.console.acting.widgets import Field, command_fields, read
from services.console.shared.page import dynamic_headers
from services.console.shared.visit import TheVisit, Visit, page_router
from services.intake.answers import EventRefused
from services.people.principal import Right
from services.web.languages import told as in_words
from services.web.patience import Slots
from services.web.problems import Problem

pages = page_router()

WordPath = Annotated[str, Path(description="A command.")]

_RUNNING = Slots(4, 2)

_MARK = "<!-- as it goes on -->"


class _Page(StreamingResponse):
    """A page as its bulk goes on."""

    def __init__(self, parts: AsyncIterator[str], key: str) -> None:
        headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
        super().__init__(
            parts,
            media_type="text/html; charset=utf-8",
            headers=dynamic_headers(None) | headers,
        )
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, unless too many bulks run already. Raises: Problem."""
        with _RUNNING.slot(self._key):
            await super().__call__(scope, receive, send)


@pages.get("/do/many/{listed}")
async def choose_command(visit: TheVisit, listed: ListName) -> Response:
    """Show what may be done with entries of a list."""
    visit.need(Right.COMMAND)
    who = await actor(visit)
    wanted = where(listed, visit.request.url.query)
    context = {
        "listed": listed,
        "where": wanted,
        "count": len((await found(who, wanted)).items),
    }
    return visit.page("acting/choose.html", wanted.listed.path, context)


@pages.get("/do/many/{listed}/{word}")
async def show_form_of_many(visit: TheVisit, listed: ListName, word: WordPath) -> Response:
    """Show the form of a command on many."""
    visit.need(Right.COMMAND)
    who = await actor(visit)
    wanted = where(listed, visit.request.url.query)
    form = Sent(key=str(uuid4()), version=None, only_tried=False, back=wanted.back, typed={})
    context = _context(who, listed, wanted, word, form)
    context["count"] = len((await found(who, wanted)).items)
    return visit.page("acting/many.html", wanted.listed.path, context)


@pages.post("/do/many/{listed}/{word}")
async def do_many(visit: TheVisit, listed: ListName, word: WordPath) -> Response:
    """Try a command on many, or do it on those of which it was tried."""
    visit.need(Right.COMMAND)
    who = await actor(visit)
    form = await sent(visit.request, "/")
    wanted = where(listed, next(iter(form.typed.get("where", ())), ""))
    kind = _kind(wanted, word)
    context = _context(who, listed, wanted, word, form)
    try:
        asked = command_in(read(_fields(who, kind), form.typed, who.zone), kind)
    except EventRefused as why:
        field = why.field.removeprefix("data.").split(".")[0]
        told = f"{in_words(why.reason, visit.language)}; {in_words(why.remedy, visit.language)}"
        more = {"errors": {field: told}, "count": len((await found(who, wanted)).items)}
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return visit.page("acting/many.html", wanted.listed.path, context | more, status=status)
    on = await (
        found(who, wanted)
        if form.only_tried
        else named(who, wanted.listed.of, form.typed.get("items", ()))
    )
    of_many = AskedOfMany[Struct](
        command=asked.command,
        by=who.by,
        scope=visit.principal.scope,
        reference=who.reference,
        key=form.key,
        personal=asked.personal,
    )
    run = Run(
        subjects=subjects(visit.console.platform, who.commanding, of_many),
        found=on,
        telling=Telling(who.teller, visit.language, who.reference),
        undo=undo_of(kind, visit.language),
    )
    lines = tried(run, who.commanding.customers, who.reference) if form.only_tried else done(run)
    context |= {"count": len(on.items), "undo": run.undo.detail}
    return _Page(_streamed(who, form, context, lines), who.by.agent)


async def _streamed(
    who: Actor, form: Sent, context: Mapping[str, object], lines: Lines
) -> AsyncIterator[str]:
    """Yield the page as the bulk goes on: first its head, how far it is, and what came of it.

    A trial ends once there are more differences than are shown: all verdicts are known by then.
    """
    outcome = Outcome()
    async with aclosing(lines):
        yield _part(who.visit, {**context, "running": True}).partition(_MARK)[0]
        async for some in lines:
            for line in some:
                if progress := outcome.take(line, who):
                    yield progress
            if outcome.shows_enough:
                break
    position = outcome.end.position if outcome.end is not None else None
    told: dict[str, object] = {
        "outcome": outcome,
        "running": True,
        "back": with_query(form.back, at_least=position) if position else form.back,
    }
    yield _part(who.visit, {**context, **told}).partition(_MARK)[2]


def _part(visit: Visit, context: Mapping[str, object]) -> str:
    wanted = context["where"]
    assert isinstance(wanted, Where)
    answer = visit.page("acting/many.html", wanted.listed.path, context)
    return bytes(answer.body).decode()


def _context(
    who: Actor, listed: ListName, wanted: Where, word: str, form: Sent
) -> dict[str, object]:
    return {
        "listed": listed,
        "where": wanted,
        "word": word,
        "fields": _fields(who, _kind(wanted, word)),
        "asked": form,
        "typed": {name: value for name, value in form.typed.items() if name not in HIDDEN},
        "errors": {},
        "back": form.back,
        "count": 0,
        "most": MOST_ITEMS,
        "shown_most": SHOWN,
        "mark": _MARK,
        "outcome": None,
        "running": False,
        "undo": "",
        "scores": 0,
        "zone": who.zone,
    }


def _fields(who: Actor, kind: type[Struct]) -> Sequence[Field]:
    known, language = people(who), who.visit.language
    choices = {
        "department": known.departments,
        "agent": known.staff,
        "to": known.staff,
        "reason": usual("case_reason", language),
        "channel": usual("channel", language),
        "owes": usual("owes", language),
    }
    return command_fields(kind, choices, currency_of(None, who.reference))


def _kind(wanted: Where, word: str) -> type[Struct]:
    if word not in wanted.listed.words:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "not_found",
            worded("there is no such command"),
            worded("choose one of those that the page offers"),
        )
    return WORDS_OF[wanted.listed.of][word]
