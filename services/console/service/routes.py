"""The report on service as JSON, as a page, and each of its tables as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query
from starlette.responses import Response

from services.console.service.behind import BehindParameters, Figure, behind
from services.console.service.documents import ServiceDocument, service_document
from services.console.service.parameters import ServiceParameters
from services.console.service.report import Service, service
from services.console.service.tables import TableName, Tables, csv_text
from services.console.shared.i18n import speaker, with_parameters
from services.console.shared.openapi import documented
from services.console.shared.persons import persons
from services.console.shared.reading import Reader, branch_names, department_names
from services.console.shared.visit import PAGE_LENGTH, TheVisit, Visit, api_router, page_router
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
    model = visit.console.cases
    async with visit.rows(model, asked, tagged=False) as reader:
        first, last = asked.days(reader.today(asked.branch))
        kept = await visit.kept(
            model,
            reader,
            ("service", first, last, asked.branch),
            lambda reader: service(reader, first, last, asked.branch),
            lambda found: found.company.cases,
        )
        notices = await visit.notices(reader) | {"at": kept.at}
    found = kept.answer
    return visit.page(
        "service/service.html",
        "/service",
        {
            "report": found,
            "tables": _tables(visit, reader).all(found),
            "asked": asked,
            "behind_link": partial(_behind_link, found),
            "csv_link": lambda name: with_parameters(visit.request, {}, f"/service/{name}.csv"),
            **notices,
        },
    )


@pages.get("/service/cases")
async def show_behind(visit: TheVisit) -> Response:
    """Show the cases behind a figure of the report, each with what it adds."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = visit.asked(BehindParameters)
    signer = await visit.console.signer()
    async with visit.rows(visit.console.cases, asked) as reader:
        first, last = asked.days(reader.today(asked.branch))
        found = await behind(reader, asked, first, last, PAGE_LENGTH, signer)
        notices = await visit.notices(reader)
    page = found.page
    context = {
        "found": found,
        "first": first,
        "last": last,
        "report_link": f"/service?{_days_of(asked, first, last)}",
        "persons": await persons(visit, {one.customer_id for one in page.entries}),
        "department_names": department_names(reader.reference, visit.language),
        **visit.listing(page, asked),
        **notices,
    }
    return visit.page("service/behind.html", "/service", context)


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


def _days_of(asked: ServiceParameters, first: date, last: date) -> str:
    named = {"from": first.isoformat(), "to": last.isoformat(), "branch": asked.branch or ""}
    return urlencode({name: value for name, value in named.items() if value})


def _behind_link(report: Service, figure: Figure, about: Mapping[str, str]) -> str:
    """Return where the cases behind a figure of the report are listed."""
    of_all = {"from": report.first.isoformat(), "to": report.last.isoformat()}
    if report.branch_id is not None:
        of_all["branch"] = report.branch_id
    return f"/service/cases?{urlencode({'figure': figure} | of_all | dict(about))}"


async def _report(reader: Reader, asked: ServiceParameters) -> Service:
    first, last = asked.days(reader.today(asked.branch))
    return await service(reader, first, last, asked.branch)


def _tables(visit: Visit, reader: Reader) -> Tables:
    return Tables(
        speaker(visit.language),
        department_names(reader.reference, visit.language),
        branch_names(reader.reference, visit.language),
    )
