"""The console's pages: they work without JavaScript, and their state lives in the URL."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from events.touchpoints.policy import AgeingPolicy
from services.console.api import Language, TheConsole
from services.console.context import entity_tag, is_known, not_modified
from services.console.cursor import BadCursor
from services.console.page import asked as asked_of
from services.console.page import notices, page_response, paging_links
from services.console.parameters import AlertsParameters, ItemsParameters
from services.console.queries import alerts as alert_queries
from services.console.queries import worklist
from services.console.queries.ageing import bucket_ends
from services.console.queries.freshness import page_freshness
from services.console.refusals import bad_cursor, bad_parameter, unavailable
from services.console.streaming import EventStream
from services.console.words import ALERT_KINDS

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_PAGE_LENGTH = 50


@router.get("/")
async def get_overview(request: Request, console: TheConsole, language: Language) -> Response:
    """Show what happens now."""
    frame = await console.live.frame(language)
    drawn = frame.panels[language].items()
    panels = {name: Markup(panel.markup) for name, panel in drawn}  # noqa: S704 - our templates
    return page_response(
        request,
        "overview.html",
        "/",
        {"panels": panels, "event_id": frame.seen.event_id},
        position=frame.overview.freshness.position,
    )


@router.get("/live/overview")
async def stream_overview(
    request: Request,
    console: TheConsole,
    language: Language,
    since: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Stream what changes on the overview."""
    if console.live.is_full:
        raise unavailable("as many viewers are connected as this process serves", 30)
    last_event_id = request.headers.get("last-event-id", since)
    return EventStream(console.live, language, last_event_id)


@router.get("/receivables")
async def get_work_list(request: Request, console: TheConsole, language: Language) -> Response:
    """Show open items to work on."""
    asked = asked_of(request, ItemsParameters)
    signer = await console.signer()
    async with console.receivables.reading() as reader:
        tag = entity_tag(reader, language)
        if is_known(request, tag):
            return not_modified(tag)
        currencies = await worklist.currencies(reader)
        if asked.sort == "amount" and asked.currency is None:
            asked = asked.model_copy(update={"currency": next(iter(currencies), "XXX")})
        wanted = asked.work_filter()
        try:
            page = await worklist.open_items(reader, wanted, _PAGE_LENGTH, signer, asked.cursor)
            count = await worklist.count_open_items(reader, wanted)
        except BadCursor as error:
            raise bad_cursor() from error
        except worklist.NoSuchBucket as error:
            raise bad_parameter("bucket", str(error)) from error
        fresh = await page_freshness(reader)
    return page_response(
        request,
        "receivables.html",
        "/receivables",
        {
            "page": page,
            "count": count,
            "cap": worklist.CAP,
            "asked": asked,
            "buckets": bucket_ends(reader.reference.in_force(AgeingPolicy, reader.at)),
            "currencies": currencies,
            **paging_links(request, page.next_cursor, asked.cursor),
            **notices(reader, fresh, language),
        },
        tag=tag,
        position=fresh.position,
    )


@router.get("/alerts")
async def get_alerts(request: Request, console: TheConsole, language: Language) -> Response:
    """Show the alerts that stand."""
    asked = asked_of(request, AlertsParameters)
    signer = await console.signer()
    wanted = asked.alert_filter()
    async with console.everything.reading() as reader:
        tag = entity_tag(reader, language)
        if is_known(request, tag):
            return not_modified(tag)
        try:
            page = await alert_queries.standing_alerts(
                reader, wanted, _PAGE_LENGTH, signer, asked.cursor
            )
        except BadCursor as error:
            raise bad_cursor() from error
        count = await alert_queries.count_alerts(reader, wanted)
        fresh = await page_freshness(reader)
    return page_response(
        request,
        "alerts.html",
        "/alerts",
        {
            "page": page,
            "count": count,
            "cap": alert_queries.CAP,
            "asked": asked,
            "kinds": ALERT_KINDS,
            **paging_links(request, page.next_cursor, asked.cursor),
            **notices(reader, fresh, language),
        },
        tag=tag,
        position=fresh.position,
    )


@router.get("/alerts/journal")
async def get_journal(request: Request, console: TheConsole, language: Language) -> Response:
    """Show what was raised and withdrawn, and why."""
    asked = asked_of(request, AlertsParameters)
    signer = await console.signer()
    async with console.everything.reading() as reader:
        tag = entity_tag(reader, language)
        if is_known(request, tag):
            return not_modified(tag)
        try:
            page = await alert_queries.alert_journal(
                reader, asked.alert_filter(), _PAGE_LENGTH, signer, asked.cursor
            )
        except BadCursor as error:
            raise bad_cursor() from error
        fresh = await page_freshness(reader)
    return page_response(
        request,
        "journal.html",
        "/alerts",
        {
            "page": page,
            "asked": asked,
            "kinds": ALERT_KINDS,
            **paging_links(request, page.next_cursor, asked.cursor),
            **notices(reader, fresh, language),
        },
        tag=tag,
        position=fresh.position,
    )
