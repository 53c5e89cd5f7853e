"""The stream of calls at one's own telephone, and the form for a caller whom nobody knows."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote
from uuid import uuid4

from fastapi import Path
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from events.texts import worded
from services.connectors.calls.pops import Pop, Pops
from services.connectors.feeds import Feeds
from services.console.calls.card import cards_of
from services.console.calls.live import LiveCalls
from services.console.shared.forms import fields_of
from services.console.shared.page import dynamic_headers
from services.console.shared.parameters import Identifier, Parameters
from services.console.shared.persons import persons
from services.console.shared.reading import branch_names
from services.console.shared.refusals import unavailable
from services.console.shared.streaming import while_admitted
from services.console.shared.visit import TheVisit, Visit, page_router
from services.people.principal import Right
from services.web.problems import Problem

pages = page_router()

CallPath = Annotated[Identifier, Path(description="A call, as its exchange numbers it.")]
FeedPath = Annotated[Identifier, Path(description="The feed of the exchange.")]


@pages.get("/live/calls")
async def stream_calls(visit: TheVisit) -> Response:
    """Stream the calls at one's own telephone; nothing where one has none."""
    visit.need(Right.SEE_CUSTOMERS)
    if not await _has_telephone(visit):
        return Response(status_code=HTTPStatus.NO_CONTENT)  # a browser does not come back
    calls = _calls(visit)
    if calls.is_full:
        raise unavailable(worded("as many viewers are connected as this process serves"), 30)
    return _CallStream(visit, calls)


@pages.get("/calls/{feed}/{call}/new")
async def show_unknown_caller(visit: TheVisit, feed: FeedPath, call: CallPath) -> Response:
    """Show the form that registers who calls, with the number filled in."""
    visit.need(Right.COMMAND)
    visit.need(Right.SEE_PERSONS)
    pop = await _own(visit, feed, call)
    context = {"pop": pop, "key": str(uuid4())}
    return visit.page("calls/new.html", "", context, dynamic_headers(None))


@pages.post("/calls/new")
async def lead_to_new_customer(visit: TheVisit) -> Response:
    """Lead the form on to the command that registers the customer whom it names."""
    visit.need(Right.COMMAND)
    typed = dict(await fields_of(visit.request))
    customer = typed.get("id", "").strip()
    if not customer or len(customer) > 120:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "malformed",
            worded("the form names no customer"),
            worded("give the id by which the customer is to be known"),
            field="id",
        )
    address = f"/do/customers/{quote(customer, safe='')}/register"
    return RedirectResponse(address, HTTPStatus.TEMPORARY_REDIRECT, dynamic_headers(None))


async def _own(visit: Visit, feed: str, call: str) -> Pop:
    """Return a call at one's own telephone. Raises: Problem, Unavailable."""
    me = visit.principal.staff_id
    found = (await Pops(visit.console.platform).of([me])).get(me, ())
    for pop in found:
        if (pop.feed, pop.call_id) == (feed, call):
            return pop
    raise Problem(
        HTTPStatus.NOT_FOUND,
        "unknown_call",
        worded("this call is over, or at somebody else's telephone"),
        worded("register the customer by the form of a new customer"),
    )


async def _has_telephone(visit: Visit) -> bool:
    """Tell whether a feed says at which telephone one sits. Raises: Unavailable."""
    for feed in await Feeds(visit.console.platform).all():
        agents = feed.settings.get("agents")
        if isinstance(agents, dict) and visit.principal.staff_id in agents.values():
            return True
    return False


async def _drawn(visit: Visit, pops: tuple[Pop, ...]) -> str:
    """Return the cards of some calls in the reader's language."""
    if not pops:
        return ""
    async with visit.rows(visit.console.everything, Parameters(), tagged=False) as reader:
        cards = await cards_of(visit, reader, pops)
        reference = reader.reference
    whose = [caller.customer_id for card in cards for caller in card.callers]
    known = await persons(visit, whose)
    await visit.console.looks.kept()  # who is shown whom is kept before it is shown
    return visit.console.renderer.render(
        "calls/cards.html",
        visit.language,
        cards=cards,
        persons=known,
        sees_persons=visit.principal.may(Right.SEE_PERSONS),
        may_register=visit.principal.may(Right.COMMAND),
        may_record=visit.principal.may(Right.RECORD),
        zone_of=reference.zone_of,
        branch_names=branch_names(reference, visit.language),
    )


class _CallStream(StreamingResponse):
    """Streams one's calls until one leaves, may see them no more, or the console closes."""

    def __init__(self, visit: Visit, calls: LiveCalls) -> None:
        self._staff_id = visit.principal.staff_id
        self._calls = calls

        async def draw(pops: tuple[Pop, ...]) -> str:
            return await _drawn(visit, pops)

        super().__init__(
            while_admitted(calls.stream(self._staff_id, draw), visit.is_still_admitted),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events while the screen is there."""
        with self._calls.viewer(self._staff_id):
            await super().__call__(scope, receive, send)


def _calls(visit: Visit) -> LiveCalls:
    calls = visit.request.app.state.calls
    assert isinstance(calls, LiveCalls)
    return calls
