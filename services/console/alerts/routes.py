"""Alerts as JSON and as pages: those that stand, and the journal."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.console.alerts import queries, standing
from services.console.alerts.documents import (
    AlertsDocument,
    JournalDocument,
    alert_document,
    journal_document,
)
from services.console.alerts.parameters import AlertsParameters, JournalParameters
from services.console.alerts.words import ALERT_KINDS, STATES
from services.console.shared.lists import SavedList
from services.console.shared.openapi import documented
from services.console.shared.persons import persons
from services.console.shared.reading import Reader
from services.console.shared.visit import PAGE_LENGTH, TheVisit, api_router, page_router
from services.people.principal import Right

api = api_router()
pages = page_router()


@api.get("/alerts", responses=documented(AlertsDocument))
async def get_alerts(visit: TheVisit, asked: Annotated[AlertsParameters, Query()]) -> Response:
    """Return a page of the alerts that stand."""
    visit.need(Right.SEE_CUSTOMERS)
    wanted = asked.standing_filter()
    signer = await visit.console.signer()
    async with visit.rows(visit.console.everything, asked) as reader:
        page = await standing.standing_alerts(reader, wanted, asked.limit, signer, asked.cursor)
        count = await standing.count_alerts(reader, wanted)
        told = standing.told_to(reader, page.entries)
        alerts = [alert_document(one, told[one.alert_id]) for one in page.entries]
    document = AlertsDocument(
        position=reader.position,
        count=min(count, queries.CAP),
        count_is_capped=count > queries.CAP,
        alerts=alerts,
        next=page.next_cursor,
        previous=page.previous_cursor,
    )
    return visit.answer(document, page)


@api.get("/alerts/journal", responses=documented(JournalDocument))
async def get_journal(visit: TheVisit, asked: Annotated[JournalParameters, Query()]) -> Response:
    """Return a page of what was raised and withdrawn, and why."""
    visit.need(Right.SEE_CUSTOMERS)
    wanted = asked.alert_filter()
    signer = await visit.console.signer()
    async with visit.rows(visit.console.everything, asked) as reader:
        page = await queries.alert_journal(reader, wanted, asked.limit, signer, asked.cursor)
    document = JournalDocument(
        position=reader.position,
        entries=[journal_document(one) for one in page.entries],
        next=page.next_cursor,
    )
    return visit.answer(document, page)


@pages.get("/alerts")
async def show_alerts(visit: TheVisit) -> Response:
    """Show the alerts that stand."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(AlertsParameters)
    wanted = asked.standing_filter()
    signer = await visit.console.signer()
    kept = await visit.kept_views(LIST)
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        views = await visit.views_menu(reader, LIST, kept)
        page = await standing.standing_alerts(reader, wanted, PAGE_LENGTH, signer, asked.cursor)
        count = await standing.count_alerts(reader, wanted)
        told = standing.told_to(reader, page.entries)
        notices = await visit.notices(reader)
    return visit.page(
        "alerts/alerts.html",
        "/alerts",
        {
            "persons": await persons(visit, [one.customer_id for one in page.entries]),
            "told": told,
            "views": views,
            "count": count,
            "cap": queries.CAP,
            "kinds": ALERT_KINDS,
            "states": STATES,
            **visit.listing(page, asked),
            **notices,
        },
    )


@pages.get("/alerts/journal")
async def show_journal(visit: TheVisit) -> Response:
    """Show what was raised and withdrawn, and why."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(JournalParameters)
    wanted = asked.alert_filter()
    signer = await visit.console.signer()
    async with visit.rows(visit.console.everything, asked) as reader:
        page = await queries.alert_journal(reader, wanted, PAGE_LENGTH, signer, asked.cursor)
        notices = await visit.notices(reader)
    return visit.page(
        "alerts/journal.html",
        "/alerts",
        {
            "persons": await persons(visit, [one.customer_id for one in page.entries]),
            "kinds": ALERT_KINDS,
            **visit.listing(page, asked),
            **notices,
        },
    )


async def _count(reader: Reader, asked: AlertsParameters, cap: int) -> int:
    return await standing.count_alerts(reader, asked.standing_filter(), cap)


LIST = SavedList("alerts", "/alerts", AlertsParameters, _count)
