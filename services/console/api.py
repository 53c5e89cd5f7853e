"""The read API: JSON over the same questions that the pages ask."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.responses import Response

from services.console.context import (
    Console,
    console_of,
    dynamic_headers,
    entity_tag,
    is_known,
    not_modified,
    request_language,
)
from services.console.cursor import BadCursor
from services.console.documents import (
    AgeingDocument,
    AlertsDocument,
    FreshnessDocument,
    ItemsDocument,
    JournalDocument,
    ageing_document,
    alert_documents,
    freshness_document,
    item_document,
    journal_documents,
)
from services.console.parameters import (
    AgeingParameters,
    AlertsParameters,
    FreshnessParameters,
    ItemsParameters,
    PoliciesParameters,
    PyramidParameters,
)
from services.console.policy_documents import PoliciesDocument, policies_document
from services.console.queries import alerts as alert_queries
from services.console.queries import freshness as freshness_queries
from services.console.queries import worklist
from services.console.queries.ageing import ageing
from services.console.queries.policies import KINDS, versions
from services.console.queries.pyramid import pyramid
from services.console.queries.waiting import wait_until
from services.console.refusals import bad_cursor, bad_parameter
from services.console.value_documents import PyramidDocument, pyramid_document
from services.web.problems import MEDIA_TYPE, PROBLEM_SCHEMA

_PROBLEM: dict[str, Any] = {"content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}}

router = APIRouter(
    prefix="/api/v1",
    tags=["read"],
    responses={
        304: {"description": "The answer of this entity tag still holds."},
        400: {"description": "A parameter cannot be taken; the problem names it."} | _PROBLEM,
        409: {"description": "The log does not hold the position of `at_least`."} | _PROBLEM,
        503: {"description": "Away, or not there yet; try again."} | _PROBLEM,
    },
)

TheConsole = Annotated[Console, Depends(console_of)]
Language = Annotated[str, Depends(request_language)]


def answer(
    document: BaseModel, position: str, tag: str | None = None, next_page: str | None = None
) -> Response:
    """Return a document with the position it reflects, its tag, and the next page's address."""
    headers = dynamic_headers(tag, position)
    if next_page is not None:
        headers["Link"] = f'<{next_page}>; rel="next"'
    return JSONResponse(document.model_dump(mode="json"), headers=headers)


def next_address(request: Request, cursor: str | None) -> str | None:
    """Return the address of the next page; None: this is the last."""
    if cursor is None:
        return None
    return str(request.url.include_query_params(cursor=cursor).replace(scheme="", netloc=""))


@router.get("/receivables/ageing", response_model=AgeingDocument)
async def get_ageing(
    request: Request,
    console: TheConsole,
    language: Language,
    asked: Annotated[AgeingParameters, Query()],
) -> Response:
    """Return open receivables by days past due, per currency."""
    await wait_until(console.receivables, asked.at_least)
    async with console.receivables.reading() as reader:
        tag = entity_tag(reader, language)
        if is_known(request, tag):
            return not_modified(tag)
        found = await ageing(reader, asked.branch)
        position = reader.progress.position.token()
    document = AgeingDocument(
        position=position,
        at=reader.at,
        branch=asked.branch,
        currencies=[ageing_document(one) for one in found],
    )
    return answer(document, position, tag)


@router.get("/receivables/items", response_model=ItemsDocument)
async def get_items(
    request: Request,
    console: TheConsole,
    language: Language,
    asked: Annotated[ItemsParameters, Query()],
) -> Response:
    """Return a page of open items to work on."""
    try:
        wanted = asked.work_filter()
    except ValueError as error:
        raise bad_parameter("currency", str(error)) from error
    await wait_until(console.receivables, asked.at_least)
    signer = await console.signer()
    async with console.receivables.reading() as reader:
        tag = entity_tag(reader, language)
        if is_known(request, tag):
            return not_modified(tag)
        try:
            page = await worklist.open_items(reader, wanted, asked.limit, signer, asked.cursor)
            count = await worklist.count_open_items(reader, wanted)
        except BadCursor as error:
            raise bad_cursor() from error
        except worklist.NoSuchBucket as error:
            raise bad_parameter("bucket", str(error)) from error
        position = reader.progress.position.token()
    document = ItemsDocument(
        position=position,
        at=reader.at,
        count=min(count, worklist.CAP),
        count_is_capped=count > worklist.CAP,
        items=[item_document(item) for item in page.entries],
        next=page.next_cursor,
    )
    return answer(document, position, tag, next_address(request, page.next_cursor))


@router.get("/value/pyramid", response_model=PyramidDocument)
async def get_pyramid(
    request: Request,
    console: TheConsole,
    language: Language,
    asked: Annotated[PyramidParameters, Query()],
) -> Response:
    """Return how many customers each tier holds, and what they are worth together."""
    await wait_until(console.value, asked.at_least)
    async with console.value.reading() as reader:
        tag = entity_tag(reader, language)
        if is_known(request, tag):
            return not_modified(tag)
        found = await pyramid(reader, asked.branch)
        position = reader.progress.position.token()
    return answer(pyramid_document(found, position, reader.at, asked.branch), position, tag)


@router.get("/policies", response_model=PoliciesDocument)
async def get_policies(
    request: Request,
    console: TheConsole,
    language: Language,
    asked: Annotated[PoliciesParameters, Query()],
) -> Response:
    """Return the rules in force, and those that were published for later."""
    await wait_until(console.everything, asked.at_least)
    async with console.everything.reading() as reader:
        tag = entity_tag(reader, language)
        if is_known(request, tag):
            return not_modified(tag)
        position = reader.progress.position.token()
    found = {name: versions(reader.reference, kind, reader.at) for name, kind in KINDS.items()}
    return answer(policies_document(position, reader.at, found), position, tag)


@router.get("/alerts", response_model=AlertsDocument)
async def get_alerts(
    request: Request,
    console: TheConsole,
    language: Language,
    asked: Annotated[AlertsParameters, Query()],
) -> Response:
    """Return a page of the alerts that stand."""
    await wait_until(console.everything, asked.at_least)
    signer = await console.signer()
    wanted = asked.alert_filter()
    async with console.everything.reading() as reader:
        tag = entity_tag(reader, language)
        if is_known(request, tag):
            return not_modified(tag)
        try:
            page = await alert_queries.standing_alerts(
                reader, wanted, asked.limit, signer, asked.cursor
            )
        except BadCursor as error:
            raise bad_cursor() from error
        count = await alert_queries.count_alerts(reader, wanted)
        position = reader.progress.position.token()
    document = AlertsDocument(
        position=position,
        count=min(count, alert_queries.CAP),
        count_is_capped=count > alert_queries.CAP,
        alerts=alert_documents(page.entries),
        next=page.next_cursor,
    )
    return answer(document, position, tag, next_address(request, page.next_cursor))


@router.get("/alerts/journal", response_model=JournalDocument)
async def get_journal(
    request: Request,
    console: TheConsole,
    language: Language,
    asked: Annotated[AlertsParameters, Query()],
) -> Response:
    """Return a page of what was raised and withdrawn, and why."""
    await wait_until(console.everything, asked.at_least)
    signer = await console.signer()
    async with console.everything.reading() as reader:
        tag = entity_tag(reader, language)
        if is_known(request, tag):
            return not_modified(tag)
        try:
            page = await alert_queries.alert_journal(
                reader, asked.alert_filter(), asked.limit, signer, asked.cursor
            )
        except BadCursor as error:
            raise bad_cursor() from error
        position = reader.progress.position.token()
    document = JournalDocument(
        position=position, entries=journal_documents(page.entries), next=page.next_cursor
    )
    return answer(document, position, tag, next_address(request, page.next_cursor))


@router.get("/freshness", response_model=FreshnessDocument)
async def get_freshness(
    console: TheConsole, asked: Annotated[FreshnessParameters, Query()]
) -> Response:
    """Return how far the rows are from the log, and what waits."""
    await wait_until(console.everything, asked.at_least)
    async with console.everything.reading() as reader:
        each = await freshness_queries.freshness(reader)
        position = reader.progress.position.token()
    document = FreshnessDocument(
        position=position,
        at=reader.at,
        projections=[freshness_document(one, freshness_queries.CAP) for one in each],
    )
    return answer(document, position)
