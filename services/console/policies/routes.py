"""The published rules as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.console.policies.documents import PoliciesDocument, policies_document
from services.console.policies.versions import KINDS, versions
from services.console.shared.openapi import documented
from services.console.shared.parameters import Parameters
from services.console.shared.visit import TheVisit, api_router
from services.people.principal import Right

api = api_router()


@api.get("/policies", responses=documented(PoliciesDocument))
async def get_policies(visit: TheVisit, asked: Annotated[Parameters, Query()]) -> Response:
    """Return the rules in force, and those that were published for later."""
    visit.need(Right.SEE_POLICIES)
    async with visit.rows(visit.console.everything, asked) as reader:
        found = {name: versions(reader.reference, kind, reader.at) for name, kind in KINDS.items()}
    return visit.answer(policies_document(reader.position, reader.at, found))
