"""Commands by form: shown, tried, and done as the visitor's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote
from uuid import uuid4

from fastapi import Path
from msgspec import Struct
from starlette.responses import RedirectResponse, Response

from events.cases.commands import AddNote
from events.refusals import Refused
from events.texts import worded
from services.casework.api import ON_A_VERSION, WORDS
from services.casework.commanding import Given
from services.casework.documents import change, credit_of
from services.casework.executing import Answer, Done, Moved, OtherRequest, Tried
from services.casework.problems import said
from services.casework.reading import command_in
from services.casework.undoing import undo_of
from services.console.acting.page import Told, form_page
from services.console.acting.person import Actor, actor
from services.console.acting.sent import Sent, sent, with_query
from services.console.acting.subjects import WORDS_OF, Of, Subject, subject_of
from services.console.acting.triage import TRIAGE
from services.console.acting.widgets import command_fields, read
from services.console.shared.forms import local
from services.console.shared.page import dynamic_headers
from services.console.shared.parameters import Identifier, Parameters
from services.console.shared.persons import persons
from services.console.shared.visit import TheVisit, Visit, page_router
from services.intake.answers import EventRefused
from services.intake.rules import check_customer
from services.people.principal import Right
from services.web.languages import told as in_words
from services.web.problems import Problem

pages = page_router()

CustomerPath = Annotated[Identifier, Path(description="The customer's id.")]
IdentityPath = Annotated[Identifier, Path(description="Of a case, a customer or an alert.")]


class NewCustomerParameters(Parameters):
    """By which id a customer is to be known."""

    id: Identifier


@pages.get("/do/customers")
async def find_new_customer(visit: TheVisit) -> Response:
    """Lead to the form by which a customer of an id is registered."""
    visit.need(Right.COMMAND)
    asked = visit.asked(NewCustomerParameters)
    address = f"/do/customers/{quote(asked.id.strip(), safe='')}/register"
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, headers=dynamic_headers(None))


@pages.get("/do/customers/{customer}")
async def show_actions(visit: TheVisit, customer: CustomerPath) -> Response:
    """Show what may be done with a customer, and why the rest may not."""
    visit.need(Right.COMMAND)
    who = await actor(visit)
    of: Of = "customers"
    subject = await _subject(who, of, customer, None)
    context = {
        "subject": subject,
        "back": subject.home,
        "persons": await persons(visit, [customer]),
        "tell": who.teller.tell,
        "always": [one for one in WORDS_OF[of] if one not in subject.offers and one != "register"],
    }
    return visit.page("acting/actions.html", "", context)


def _route(of: Of) -> Callable[..., Awaitable[Response]]:
    async def answer(visit: TheVisit, identity: IdentityPath, word: str) -> Response:
        visit.need(Right.COMMAND)
        do = _do if visit.request.method == "POST" else _form
        return await do(visit, of, identity, word)

    return answer


for _of in WORDS_OF:
    _path = f"/do/{_of}/{{identity}}/{{word}}"
    pages.add_api_route(_path, _route(_of), methods=["GET", "POST"], name=f"do_on_{_of}")


async def _form(visit: Visit, of: Of, identity: str, word: str) -> Response:
    """Return the form of a command; what the address names besides is filled in already."""
    who = await actor(visit)
    kind = _kind(of, word)
    subject = await _subject(who, of, identity, kind)
    given = visit.request.query_params
    asked = Sent(
        key=str(uuid4()),
        version=subject.version,
        only_tried=False,
        back=local(given.get("back", ""), subject.home),
        typed={name: given.getlist(name) for name in given},
    )
    told = Told(refused=subject.refusal(word))
    return await form_page(who, subject, kind, asked, told)


async def _do(visit: Visit, of: Of, identity: str, word: str) -> Response:
    """Do a command or try it; where it is refused, show the form again with all that was typed."""
    who = await actor(visit)
    kind = _kind(of, word)
    subject = await _subject(who, of, identity, kind)
    asked = await sent(visit.request, subject.home)
    if not asked.key and not asked.only_tried:
        raise said("no_key", visit.language, field="key")
    fields = command_fields(kind, subject.choices, subject.currency)
    try:
        command = command_in(read(fields, asked.typed, who.zone), kind)
        given = Given[Struct](
            command=command.command,
            personal=command.personal,
            key=asked.key,
            seen=_seen(kind, asked, subject),
            only_tried=asked.only_tried,
        )
        answer = await who.give(identity, given)
    except EventRefused as why:
        field = why.field.removeprefix("data.").removeprefix("personal.").split(".")[0]
        reason = in_words(why.reason, visit.language)
        remedy = in_words(why.remedy, visit.language)
        return await form_page(
            who, subject, kind, asked, Told(errors={field: f"{reason}; {remedy}"})
        )
    return await _answered(who, subject, kind, asked, answer)


async def _answered(
    who: Actor, subject: Subject, kind: type[Struct], asked: Sent, answer: Answer
) -> Response:
    match answer:
        case Done():
            return await _done(who, subject, kind, asked, answer)
        case Tried():
            told = Told(
                tried=answer,
                changes=await who.commanding.changes(answer, who.reference),
                undo=undo_of(kind, who.visit.language).detail,
                credit=credit_of((one.data for one in answer.unit), who.teller),
            )
        case Refused():
            told = Told(refused=answer)
        case Moved():
            told = Told(moved=[change(one, who.reference) for one in answer.changed])
            asked = _again(asked, answer.version)
        case OtherRequest():
            told = Told(reused=True)
            asked = _again(asked, asked.version)
    return await form_page(who, subject, kind, asked, told)


async def _done(
    who: Actor, subject: Subject, kind: type[Struct], asked: Sent, done: Done
) -> Response:
    """Lead back to where the visitor came from, once that shows what was done."""
    token = await who.commanding.position(done)
    shown = {}
    if subject.of != "alerts" and asked.back.partition("?")[0] == subject.home:
        shown = {"done": WORDS[kind]}
    elif subject.of == "cases" and asked.back.startswith(TRIAGE):
        shown = {"done": WORDS[kind], "case": subject.id}
    back = with_query(asked.back, at_least=token, **shown)
    credit = credit_of((event.data for event in done.own), who.teller)
    if credit is not None:  # the answer is what was asked for
        told = Told(credit=credit, done_back=back)
        return await form_page(who, subject, kind, _again(asked, len(done.events)), told)
    return RedirectResponse(back, HTTPStatus.SEE_OTHER, headers=dynamic_headers(None))


def _again(asked: Sent, version: int | None) -> Sent:
    """Return a form to be sent as a new request, decided on another version."""
    return Sent(
        key=str(uuid4()), version=version, only_tried=False, back=asked.back, typed=asked.typed
    )


def _seen(kind: type[Struct], asked: Sent, subject: Subject) -> int | None:
    """Return the version that a command is decided on; a note says nothing of what is there."""
    if kind is AddNote or asked.only_tried:
        return None
    if asked.version is None and kind in ON_A_VERSION:
        return subject.version
    return asked.version


def _kind(of: Of, word: str) -> type[Struct]:
    found = WORDS_OF[of].get(word)
    if found is None:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "not_found",
            worded("there is no such command"),
            worded("choose one of those that the page offers"),
        )
    return found


async def _subject(who: Actor, of: Of, identity: str, kind: type[Struct] | None) -> Subject:
    if of == "customers":
        try:
            check_customer(identity, "customer")
        except EventRefused as why:
            raise Problem(HTTPStatus.NOT_FOUND, "unknown_customer", why.reason, why.remedy) from why
    return await subject_of(who, of, identity, kind)
