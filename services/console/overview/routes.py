"""The overview as a live page, and how fresh the rows are as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from markupsafe import Markup
from starlette.responses import Response

from events.texts import worded
from services.console.overview.audiences import Audiences
from services.console.overview.documents import (
    FillingDocument,
    FreshnessDocument,
    freshness_document,
)
from services.console.overview.frames import Frame
from services.console.overview.gathering import gather_then
from services.console.overview.panels import draw
from services.console.overview.streaming import EventStream
from services.console.shared.documents import tell
from services.console.shared.freshness import CAP, freshness
from services.console.shared.openapi import documented
from services.console.shared.parameters import Parameters
from services.console.shared.past import asks_about
from services.console.shared.refusals import unavailable
from services.console.shared.visit import TheVisit, Visit, api_router, page_router
from services.people.principal import Right

api = api_router()
pages = page_router()


@api.get("/freshness", responses=documented(FreshnessDocument))
async def get_freshness(visit: TheVisit, asked: Annotated[Parameters, Query()]) -> Response:
    """Return how far the rows are from the log, and what waits: to whoever is in."""
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        each = await freshness(reader)
    return visit.answer(
        FreshnessDocument(
            position=reader.position,
            at=reader.at,
            filling=None if reader.filling is None else tell(FillingDocument, reader.filling),
            projections=[freshness_document(one, CAP) for one in each],
        )
    )


@pages.get("/overview")
async def show_overview(visit: TheVisit) -> Response:
    """Show what happens now."""
    visit.need(Right.SEE_CUSTOMERS)
    return await overview_page(visit)


async def overview_page(visit: Visit) -> Response:
    """Return the page of what happens now, or of what was so at the past instant asked about."""
    if asks_about(visit.request, visit.principal) is not None:
        return await _page_then(visit)
    frame = await _audiences(visit).of(visit.principal).frame(visit.language)
    drawn = frame.panels[visit.language].items()
    panels = {name: Markup(panel.markup) for name, panel in drawn}  # noqa: S704 - our templates
    visit.reflects(frame.overview.freshness.position)
    if frame.overview.named:
        visit.shows_persons(frame.overview.named)
    context = {"panels": panels, "event_id": frame.seen.event_id}
    return visit.page("overview/overview.html", "/overview", context)


async def _page_then(visit: Visit) -> Response:
    console = visit.console
    signer = await console.signer()
    async with visit.rows(console.everything, Parameters()) as reader:
        overview = await gather_then(reader, signer, console.persons)
    if overview.named:
        visit.shows_persons(overview.named)
    drawn = draw(console.renderer, overview, visit.language)
    panels = {name: Markup(panel) for name, panel in drawn.items()}  # noqa: S704 - our templates
    return visit.page("overview/overview.html", "/overview", {"panels": panels, "event_id": ""})


@pages.get("/live/overview")
async def stream_overview(
    visit: TheVisit, since: Annotated[str | None, Query(max_length=40)] = None
) -> Response:
    """Stream what changes on the overview."""
    visit.need(Right.SEE_CUSTOMERS)
    audiences = _audiences(visit)
    if audiences.is_full:
        raise unavailable(worded("as many viewers are connected as this process serves"), 30)
    last_event_id = visit.request.headers.get("last-event-id", since)
    live = audiences.of(visit.principal)

    async def sees(frame: Frame) -> None:
        visit.shows_persons(frame.overview.named)
        await visit.console.looks.kept()

    return EventStream(live, visit.language, last_event_id, sees, visit.is_still_admitted)


def _audiences(visit: Visit) -> Audiences:
    audiences = visit.request.app.state.audiences
    assert isinstance(audiences, Audiences)
    return audiences
