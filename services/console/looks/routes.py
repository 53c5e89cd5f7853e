"""Who looked at personal data, as JSON, as a page and as CSV: for auditors."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.console.looks.documents import LookDocument, LooksDocument
from services.console.looks.parameters import LooksParameters
from services.console.looks.queries import MOST_IN_A_FILE, looks
from services.console.looks.words import LookWords
from services.console.shared.documents import tell
from services.console.shared.i18n import speaker, with_parameters
from services.console.shared.openapi import documented
from services.console.shared.spreadsheet import plain
from services.console.shared.visit import PAGE_LENGTH, TheVisit, api_router, page_router
from services.people.looked import Look
from services.people.principal import Right

api = api_router()
pages = page_router()


@api.get("/audit/looks", responses=documented(LooksDocument))
async def get_looks(visit: TheVisit, asked: Annotated[LooksParameters, Query()]) -> Response:
    """Return a page of who was shown the name or telephone number of whom."""
    visit.need(Right.AUDIT)
    signer = await visit.console.signer()
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        wanted = asked.look_filter(reader.reference.zone_of(None))
        page = await looks(reader, wanted, asked.limit, signer, asked.cursor)
    document = LooksDocument(
        position=reader.position,
        looks=[tell(LookDocument, one) for one in page.entries],
        next=page.next_cursor,
    )
    return visit.answer(document, page)


@pages.get("/audit/looks")
async def show_looks(visit: TheVisit) -> Response:
    """Show who was shown the name or telephone number of whom."""
    visit.need(Right.AUDIT)
    asked = visit.asked(LooksParameters)
    signer = await visit.console.signer()
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        zone = reader.reference.zone_of(None)
        page = await looks(reader, asked.look_filter(zone), PAGE_LENGTH, signer, asked.cursor)
        notices = await visit.notices(reader)
    file = with_parameters(visit.request, {"cursor": None}, "/audit/looks.csv")
    return visit.page(
        "looks/looks.html",
        "/audit/looks",
        {
            "zone": zone,
            "csv_link": file,
            **visit.listing(page, asked),
            **notices,
        },
    )


@pages.get("/audit/looks.csv")
async def download_looks(visit: TheVisit) -> Response:
    """Give what the page lists as a file, as far as a spreadsheet takes it."""
    visit.need(Right.AUDIT)
    asked = visit.asked(LooksParameters)
    signer = await visit.console.signer()
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        wanted = asked.look_filter(reader.reference.zone_of(None))
        page = await looks(reader, wanted, MOST_IN_A_FILE, signer, asked.cursor)
    headers = visit.headers() | {"Content-Disposition": 'attachment; filename="looks.csv"'}
    return Response(
        _csv(page.entries, visit.language), HTTPStatus.OK, headers, "text/csv; charset=utf-8"
    )


def _csv(entries: Iterable[Look], language: str) -> str:
    say = speaker(language)
    words = LookWords(say)
    written = io.StringIO()
    out = csv.writer(written)
    _ = say.gettext
    out.writerow([_("When"), _("Who looked"), _("Customer"), _("Page")])
    for one in entries:
        out.writerow(
            [one.at.isoformat(), plain(one.staff_id), plain(one.customer_id), words.page(one.page)]
        )
    return "\ufeff" + written.getvalue()
