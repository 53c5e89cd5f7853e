"""The report on service as JSON, as a page, and each of its tables as CSV."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from services.console.service.documents import ServiceDocument, service_document
from services.console.service.parameters import ServiceParameters
from services.console.service.report import Service, service
from services.console.service.tables import TableName, Tables, csv_text
from services.console.shared.i18n import speaker, with_parameters
from services.console.shared.openapi import documented
from services.console.shared.reading import Reader, branch_names, department_names
from services.console.shared.visit import TheVisit, Visit, api_router, page_router
from services.people.principal import Right

api = api_router()
pages = page_router()


@api.get("/service/report", responses=documented(ServiceDocument))
async def get_report(visit: TheVisit, asked: Annotated[ServiceParameters, Query()]) -> Response:
    """Return how departments served the cases opened on some days, as it stands now."""
    visit.need(Right.SEE_CUSTOMERS)
    async with visit.rows(visit.console.cases, asked) as reader:
        found = await _report(reader, asked)
    return visit.answer(service_document(reader, found))


@pages.get("/service")
async def show_report(visit: TheVisit) -> Response:
    """Show how departments served."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(ServiceParameters)
    async with visit.rows(visit.console.cases, asked) as reader:
        found = await _report(reader, asked)
        notices = await visit.notices(reader)
    return visit.page(
        "service/service.html",
        "/service",
        {
            "report": found,
            "tables": _tables(visit, reader).all(found),
            "asked": asked,
            "csv_link": lambda name: with_parameters(visit.request, {}, f"/service/{name}.csv"),
            **notices,
        },
    )


@pages.get("/service/{table}.csv")
async def download_table(visit: TheVisit, table: Annotated[TableName, Path()]) -> Response:
    """Give one of the page's tables as a file for a spreadsheet."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(ServiceParameters)
    async with visit.rows(visit.console.cases, asked) as reader:
        found = await _report(reader, asked)
    made = getattr(_tables(visit, reader), table)(found)
    name = f"service-{table}-{found.first}-{found.last}.csv"
    headers = visit.headers() | {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(csv_text(made), HTTPStatus.OK, headers, "text/csv; charset=utf-8")


async def _report(reader: Reader, asked: ServiceParameters) -> Service:
    first, last = asked.days(reader.today(asked.branch))
    return await service(reader, first, last, asked.branch)


def _tables(visit: Visit, reader: Reader) -> Tables:
    return Tables(
        speaker(visit.language),
        department_names(reader.reference, visit.language),
        branch_names(reader.reference, visit.language),
    )
