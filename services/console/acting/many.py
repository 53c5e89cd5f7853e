"""One command on all that a list's filter finds: tried, looked at, then done, as it goes on.

A list is told by its query, and read by its own filter: a bulk reaches what the list shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import parse_qsl
from uuid import uuid4

from fastapi import Path
from msgspec import Struct
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from events.texts import worded
from services.casework.api import ACCOUNT_COMMANDS, COMMANDS
from services.casework.bulk.asking import MOST_ITEMS, AskedOfMany, Found, Item
from services.casework.bulk.lines import (
    Begin,
    ChangesLine,
    Decided,
    End,
    ItemLine,
    Line,
    Progress,
)
from services.casework.bulk.running import Lines, Run, done, tried
from services.casework.bulk.subjects import subjects
from services.casework.bulk.telling import Telling
from services.casework.problems import said
from services.casework.reading import Asked, command_in
from services.casework.undoing import undo_of
from services.console.acting.choosing import currency_of, people, usual
from services.console.acting.difference import Difference, difference
from services.console.acting.person import Actor, actor
from services.console.acting.sent import Sent, sent, with_query
from services.console.acting.widgets import Field, command_fields, read
from services.console.cases.parameters import CasesParameters
from services.console.cases.worklist import case_ids
from services.console.receivables.parameters import ItemsParameters
from services.console.receivables.worklist import customers_found
from services.console.shared.i18n import speaker
from services.console.shared.page import INSTANTS, SCHEME, dynamic_headers
from services.console.shared.parameters import parameters_of
from services.console.shared.visit import TheVisit, Visit, page_router
from services.intake.answers import EventRefused
from services.people.principal import Right
from services.web.languages import told as in_words
from services.web.patience import Slots
from services.web.problems import Problem

pages = page_router()

OfMany = Literal["cases", "customers"]
WordPath = Annotated[str, Path(description="A command.")]

WORDS_OF_MANY: Mapping[OfMany, Sequence[str]] = {
    "cases": (
        "assign", "take", "hand-off", "note", "tell-customer", "set-priority", "hold-dunning",
        "wait", "resume", "resolve", "close", "reopen", "decline", "mark-duplicate",
    ),
    "customers": ("record-promise", "override-credit", "set-credit-limit"),
}  # fmt: skip
"""Commands that say the same of each of many; the others name what only one has."""

_LISTS: Mapping[OfMany, str] = {"cases": "/cases", "customers": "/receivables"}
_SHOWN = 200
"""Refusals and differences of which the page tells; of the others it says how many."""

_RUNNING = Slots(4, 2)

_MARK = "<!-- as it goes on -->"


class _Outcome:
    """What came of a bulk, as its lines are told."""

    def __init__(self) -> None:
        self.count = 0
        self.outcomes: Counter[str] = Counter()
        self.others: list[ItemLine] = []
        self.would_be_done: list[Item] = []
        self.differences: list[Difference] = []
        self.customers = 0
        self.unreadable = 0
        self.end: End | None = None

    def take(self, line: Line, who: Actor) -> str | None:
        """Take a line in; return how far the bulk is, where the line tells."""
        match line:
            case Begin(count=count):
                self.count = count
            case ItemLine():
                self.outcomes[line.outcome] += 1
                if line.outcome == "would_be_done":
                    self.would_be_done.append(Item(line.id, line.version))
                elif line.outcome not in ("done", "done_before"):
                    self.others.append(line)
            case Decided(customers=customers):
                self.customers = customers
            case ChangesLine(changes=None):
                self.unreadable += 1
            case ChangesLine(changes=changes):
                if len(self.differences) < _SHOWN and changes is not None:
                    self.differences += difference(changes, who)
            case Progress(done=through, count=count):
                return _progress(through, count, who.visit.language)
            case End():
                self.end = line
        return None


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


def _progress(through: int, count: int, language: str) -> str:
    say = speaker(language)
    told = say.gettext("%(done)s of %(count)s") % {
        "done": say.number(through),
        "count": say.number(count),
    }
    return f'<li><progress value="{through}" max="{count}">{told}</progress> {told}</li>\n'


@pages.get("/do/many/{of}")
async def choose_command(visit: TheVisit, of: OfMany) -> Response:
    """Show what may be done with all that a list's filter finds."""
    visit.need(Right.COMMAND)
    who = await actor(visit)
    query = visit.request.url.query
    found = await _found(who, of, query)
    context = {
        "of": of,
        "query": query,
        "count": len(found.items),
        "words": WORDS_OF_MANY[of],
        "back": f"{_LISTS[of]}?{query}" if query else _LISTS[of],
    }
    return visit.page("acting/choose.html", _LISTS[of], context)


@pages.get("/do/many/{of}/{word}")
async def show_form_of_many(visit: TheVisit, of: OfMany, word: WordPath) -> Response:
    """Show the form of a command on many."""
    visit.need(Right.COMMAND)
    who = await actor(visit)
    query = visit.request.url.query
    found = await _found(who, of, query)
    back = f"{_LISTS[of]}?{query}" if query else _LISTS[of]
    form = Sent(key=str(uuid4()), version=None, only_tried=False, back=back, typed={})
    kind = _kind(of, word)
    context = _context(who, of, word, kind, form, query) | {"count": len(found.items)}
    return visit.page("acting/many.html", _LISTS[of], context)


@pages.post("/do/many/{of}/{word}")
async def do_many(visit: TheVisit, of: OfMany, word: WordPath) -> Response:
    """Try a command on all that a filter finds, or do it on those of which it was tried."""
    visit.need(Right.COMMAND)
    who = await actor(visit)
    kind = _kind(of, word)
    form = await sent(visit.request, _LISTS[of])
    query = next(iter(form.typed.get("where", ())), "")
    context = _context(who, of, word, kind, form, query)
    try:
        asked = command_in(read(_fields(who, kind), form.typed, who.zone), kind)
    except EventRefused as why:
        field = why.field.removeprefix("data.").split(".")[0]
        told = f"{in_words(why.reason, visit.language)}; {in_words(why.remedy, visit.language)}"
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        more = {"errors": {field: told}, "count": len((await _found(who, of, query)).items)}
        return visit.page("acting/many.html", _LISTS[of], context | more, status=status)
    found = await (
        _found(who, of, query) if form.only_tried else _named(who, of, form.typed.get("items", ()))
    )
    run = Run(
        subjects=subjects(visit.console.platform, who.commanding, _of_many(who, asked, form.key)),
        found=found,
        telling=Telling(who.teller, visit.language, who.reference),
        undo=undo_of(kind, visit.language),
    )
    lines = tried(run, who.commanding.customers, who.reference) if form.only_tried else done(run)
    context |= {"count": len(found.items), "undo": run.undo.detail}
    return _Page(_streamed(who, visit, of, context, lines), who.by.agent)


def _of_many(who: Actor, asked: Asked[Struct], key: str) -> AskedOfMany[Struct]:
    return AskedOfMany[Struct](
        command=asked.command,
        by=who.by,
        scope=who.visit.principal.scope,
        reference=who.reference,
        key=key,
        personal=asked.personal,
    )


async def _streamed(
    who: Actor, visit: Visit, of: OfMany, context: Mapping[str, object], lines: Lines
) -> AsyncIterator[str]:
    """Yield the page as the bulk goes on: first its head, how far it is, and what came of it."""
    outcome = _Outcome()
    async with aclosing(lines):
        head = _part(visit, of, {**context, "outcome": None, "running": True})
        yield head.partition(_MARK)[0]
        async for some in lines:
            for line in some:
                if progress := outcome.take(line, who):
                    yield progress
    position = outcome.end.position if outcome.end is not None else None
    form = context["asked"]
    assert isinstance(form, Sent)
    told: dict[str, object] = {
        "outcome": outcome,
        "running": True,
        "back": with_query(form.back, at_least=position) if position else form.back,
    }
    yield _part(visit, of, {**context, **told}).partition(_MARK)[2]


def _part(visit: Visit, of: OfMany, context: Mapping[str, object]) -> str:
    answer = visit.page("acting/many.html", _LISTS[of], context)
    return bytes(answer.body).decode()


def _context(
    who: Actor, of: OfMany, word: str, kind: type[Struct], form: Sent, query: str
) -> dict[str, object]:
    hidden = {"key", "version", "then", "back", "where", "items"}
    return {
        "of": of,
        "word": word,
        "fields": _fields(who, kind),
        "asked": form,
        "typed": {name: value for name, value in form.typed.items() if name not in hidden},
        "errors": {},
        "query": query,
        "back": form.back,
        "count": 0,
        "most": MOST_ITEMS,
        "shown_most": _SHOWN,
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
        "reason": usual("case_reason", language),
        "channel": usual("channel", language),
        "owes": usual("owes", language),
    }
    return command_fields(kind, choices, currency_of(None, who.reference))


def _kind(of: OfMany, word: str) -> type[Struct]:
    if word not in WORDS_OF_MANY[of]:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "not_found",
            worded("there is no such command"),
            worded("choose one of those that the page offers"),
        )
    return COMMANDS[word] if of == "cases" else ACCOUNT_COMMANDS[word]


async def _found(who: Actor, of: OfMany, query: str) -> Found:
    """Return all that a list shows, by its own filter. Raises: Problem, Unavailable."""
    visit = who.visit
    pairs = [pair for pair in parse_qsl(query) if pair[0] not in (SCHEME, *INSTANTS)]
    async with visit.console.everything.reading(visit.principal) as reader:
        if of == "cases":
            cases = parameters_of(CasesParameters, pairs).case_filter()
            found = await case_ids(reader, cases, MOST_ITEMS + 1)
        else:
            items = parameters_of(ItemsParameters, pairs).work_filter()
            found = await customers_found(reader, items, MOST_ITEMS + 1)
        position = reader.position
    if len(found) > MOST_ITEMS:
        raise said("bulk_too_many", visit.language, field="where", most=MOST_ITEMS)
    return Found([Item(one) for one in found], position)


async def _named(who: Actor, of: OfMany, texts: Sequence[str]) -> Found:
    """Return the items that were tried, as far as the visitor sees them."""
    items = []
    for line in "".join(texts).splitlines()[:MOST_ITEMS]:
        version, _, identity = line.partition(" ")
        if version.isdecimal() and identity:
            items.append(Item(identity, int(version)))
    visit = who.visit
    async with visit.console.everything.reading(visit.principal) as reader:
        rows = await reader.ask(f"acting/{of}_seen", [item.id for item in items])
    seen = {row[0] for row in rows}
    return Found([item for item in items if item.id in seen], None)
