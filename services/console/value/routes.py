"""The customer pyramid as JSON; the overview draws it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.console.shared.openapi import documented
from services.console.shared.parameters import OfBranch
from services.console.shared.visit import TheVisit, api_router
from services.console.value.documents import PyramidDocument, pyramid_document
from services.console.value.pyramid import pyramid
from services.people.principal import Right

api = api_router()


@api.get("/value/pyramid", responses=documented(PyramidDocument))
async def get_pyramid(visit: TheVisit, asked: Annotated[OfBranch, Query()]) -> Response:
    """Return how many customers each tier holds, and what they are worth together."""
    visit.need(Right.SEE_CUSTOMERS)
    async with visit.rows(visit.console.value, asked) as reader:
        found = await pyramid(reader, asked.branch)
    return visit.answer(pyramid_document(found, reader.position, reader.at, asked.branch))
