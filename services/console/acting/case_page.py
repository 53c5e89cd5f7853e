"""One case as a page of its own: who, where it stands, all that was said, and what may be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

import structlog
from fastapi import Path
from pydantic import Field as Described
from starlette.responses import Response

from events.envelope import CustomerId
from events.facts import Fact
from events.refusals import Refused
from events.refusals import Told as Wording
from projections.case_board.explain import CaseExplanation
from services.casework.problems import CommandProblem
from services.casework.undoing import UNDONE_BY
from services.console.acting.person import Actor, actor_or_none
from services.console.acting.sent import with_query
from services.console.acting.subjects import Subject, case_subject
from services.console.cases import worklist
from services.console.cases.parameters import CasesParameters
from services.console.cases.routes import UnknownCase, explained_case
from services.console.shared.countdown import countdown
from services.console.shared.customer_at import CustomerAt
from services.console.shared.page import INSTANTS, SCHEME
from services.console.shared.parameters import Identifier, InstantParameters, parameters_of
from services.console.shared.persons import persons
from services.console.shared.reading import Reader, branch_names, department_names
from services.console.shared.refusals import BadParameter
from services.console.shared.visit import PAGE_LENGTH, TheVisit, Visit, page_router
from services.people.principal import Right
from services.vault.subject_key import SealBroken

_LOG = structlog.get_logger(__name__)

pages = page_router()

CasePath = Annotated[Identifier, Path(description="The case's id.")]


_NOT_TOLD = frozenset({"agent", "by", "case_id", "opened_by", "received_at", "scores", "sealed"})
"""What the page says elsewhere, or nobody reads."""


class CasePageParameters(InstantParameters):
    """Which instant, which list one came from, and what was just done."""

    list: Annotated[str | None, Described(max_length=1_000)] = None
    done: Annotated[str | None, Described(max_length=40)] = None


class Turn(NamedTuple):
    """Something that was said or done about a case."""

    at: datetime
    event_id: str
    type: str
    by: str | None
    branch_id: str
    words: Sequence[tuple[str, object]]
    said: Mapping[str, str] | None  # personal; None: nobody can, or this visitor may not, read it
    is_sealed: bool


class Neighbours(NamedTuple):
    """The list one came from, and the cases before and after this one in it."""

    back: str
    before: str | None
    after: str | None


@pages.get("/cases/{case}")
async def show_case(visit: TheVisit, case: CasePath) -> Response:
    """Show a case with all that was said about it and all that may be done with it now."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(CasePageParameters)
    async with visit.rows(visit.console.cases, asked, tagged=False) as reader:
        customer = await worklist.customer_of_case(reader, case)
        if customer is None:
            raise UnknownCase(case)
        beside = None if asked.list is None else await _beside(visit, reader, case, asked.list)
        notices = await visit.notices(reader)
    found, explained = await explained_case(visit, customer, case, asked)
    visit.reflects(found.position.token())
    bar = NO_BAR if found.as_of is not None else await command_bar(visit, case)
    context = {
        "explained": explained,
        "row": explained.case,
        "customer": found.customer,
        "persons": await persons(visit, [found.customer]),
        "turns": await conversation(visit, found, case, explained),
        "subject": bar.subject,
        "tell": bar.tell,
        "undo": undo_offered(asked.done, bar.subject),
        "done": asked.done,
        "beside": beside,
        "asked": asked,
        "zone": found.zone,
        "as_of": found.as_of,
        "reference": found.reference,
        "countdown": countdown,
        "department_names": department_names(found.reference, visit.language),
        **notices,
        "branch_names": branch_names(found.reference, visit.language),
        "at": found.at,
    }
    return visit.page("acting/case.html", "/cases", context)


class CommandBar(NamedTuple):
    """What a visitor may do with a case, and what tells why the rest may not be done."""

    subject: Subject | None  # None: nothing, or not here
    tell: Callable[[Refused], Wording] | None


NO_BAR = CommandBar(None, None)


async def command_bar(visit: Visit, case: str) -> CommandBar:
    """Return what a visitor may do with a case now. Raises: Problem, Unavailable."""
    who = await actor_or_none(visit) if visit.principal.may(Right.COMMAND) else None
    if who is None:
        return NO_BAR
    return CommandBar(await _subject(who, case), who.teller.tell)


async def _subject(who: Actor, case: str) -> Subject | None:
    """Return the case as it may be commanded; None: it is kept elsewhere, or not open yet."""
    try:
        return await case_subject(who, case)
    except CommandProblem:
        return None


def undo_offered(done: str | None, subject: Subject | None) -> str | None:
    """Return the command that undoes what was just done, where it may be given now."""
    if done is None or subject is None:
        return None
    word = UNDONE_BY.get(done)
    if word is None or (offer := subject.offers.get(word)) is None or not offer.is_open:
        return None
    return word


def _list(query: str) -> CasesParameters | None:
    """Return which list a query asks for; one that nothing answers to is none."""
    passing = ("lang", "at_least", SCHEME, *INSTANTS)
    kept = [one for one in parse_qsl(query) if one[0] not in passing]
    try:
        return parameters_of(CasesParameters, kept)
    except BadParameter:
        return None


def _link(case: str, query: str, cursor: str | None = None) -> str:
    if cursor is not None:
        query = with_query(f"?{query}", cursor=cursor).removeprefix("?")
    return f"/cases/{quote(case, safe='')}?{urlencode({'list': query})}"


async def _beside(visit: Visit, reader: Reader, case: str, query: str) -> Neighbours | None:
    """Return what lies beside a case in the list that a query asks for; None: there is no such.

    Beside one that left the list lies the list's first.
    """
    wanted = _list(query)
    if wanted is None:
        return None
    signer = await visit.console.signer()
    meant = wanted.case_filter()
    page = await worklist.cases(reader, meant, PAGE_LENGTH, signer, wanted.cursor)

    async def beyond(cursor: str | None) -> str | None:
        """Return the case beyond an end of the page."""
        if cursor is None:
            return None
        one = await worklist.cases(reader, meant, 1, signer, cursor)
        return next((_link(item.row.case_id, query, cursor) for item in one.entries), None)

    back = f"/cases?{query}" if query else "/cases"
    ids = [one.row.case_id for one in page.entries]
    if case not in ids:
        return Neighbours(back, None, _link(ids[0], query) if ids else None)
    place, last = ids.index(case), len(ids) - 1
    return Neighbours(
        back,
        _link(ids[place - 1], query) if place else await beyond(page.previous_cursor),
        _link(ids[place + 1], query) if place < last else await beyond(page.next_cursor),
    )


async def conversation(
    visit: Visit, found: CustomerAt, case: str, explained: CaseExplanation
) -> Sequence[Turn]:
    """Return all that was said and done about a case, the latest first.

    What is personal in it is opened for whoever may see persons. Raises: Unavailable.
    """
    steps = {step.event_id for step in explained.history if step.event_id is not None}
    may_open = visit.principal.may(Right.SEE_PERSONS)
    turns = []
    opened: set[CustomerId] = set()
    for of, facts in found.told_of.items():
        for fact in facts:
            is_about = getattr(fact.data, "case_id", None) == case or str(fact.id) in steps
            if is_about and fact.effective_at <= found.at:
                turn = await _turn(visit, of, fact, may_open=may_open)
                turns.append((fact.fact_key, turn))
                if turn.said:
                    opened.add(of)
    if opened:
        visit.shows_persons(opened)
    turns.sort(key=lambda one: one[0], reverse=True)
    return [turn for _, turn in turns]


async def _turn(visit: Visit, of: CustomerId, fact: Fact, *, may_open: bool) -> Turn:
    data = fact.data
    sealed: bytes | None = getattr(data, "sealed", None)
    said: Mapping[str, str] | None = {} if sealed is None else None
    if sealed is not None and may_open:
        try:
            said = await visit.console.vault.open(of, fact.id, sealed)
        except SealBroken:
            _LOG.warning("console.seal_broken", event_id=fact.id)
    by = getattr(data, "by", None) or getattr(data, "agent", None)
    words = [
        (name, value)
        for name in data.__struct_fields__
        if name not in _NOT_TOLD
        and (value := getattr(data, name)) not in (None, "", ())
        and isinstance(value, str | int | datetime)
        and not name.endswith("_id")
    ]
    return Turn(
        fact.effective_at,
        str(fact.id),
        data.event_type,
        by,
        fact.branch_id,
        words,
        said,
        sealed is not None,
    )
