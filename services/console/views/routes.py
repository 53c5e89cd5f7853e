"""Saved views as JSON, and what the menu of a list's page sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import RedirectResponse, Response

from services.console.shared.forms import fields_of, sent_json, takes_json
from services.console.shared.lists import AnyList
from services.console.shared.openapi import documented
from services.console.shared.page import dynamic_headers
from services.console.shared.parameters import Identifier, Parameters, parameters_of
from services.console.shared.saved_views import Audience, SavedView, counted
from services.console.shared.visit import TheVisit, Visit, api_router, page_router
from services.console.views.documents import (
    ViewsDocument,
    counted_document,
    view_document,
)
from services.people.principal import Right

api = api_router()
pages = page_router()

ListName = Literal["receivables", "credit", "cases", "customers", "alerts"]
ViewPath = Annotated[Identifier, Path(description="The view's id.")]
Name = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$"
    ),
]


class ViewsParameters(Parameters):
    """The views of which list; without one, of all."""

    list: ListName | None = None


class NewName(BaseModel):
    """What a view is to be called."""

    model_config = ConfigDict(extra="forbid")

    name: Name


class NewView(NewName):
    """What is to be kept, and for whom."""

    list: ListName
    query: Annotated[str, Field(max_length=4_000)] = ""
    audience: Audience = "private"
    branch: Annotated[Identifier | None, Field(description="With which it is shared.")] = None


class NewViewOfForm(NewName):
    """The same as a form says it: private, company, or branch: and the branch."""

    list: ListName
    query: Annotated[str, Field(max_length=4_000)] = ""
    share: Annotated[str, Field(max_length=130)] = "private"

    def view(self) -> NewView:
        """Return what is to be kept. Raises: BadParameter."""
        audience, _, branch = self.share.partition(":")
        told = {"name": self.name, "list": self.list, "query": self.query, "audience": audience}
        return parameters_of(NewView, [*told.items(), ("branch", branch)])


@api.get("/views", responses=documented(ViewsDocument))
async def get_views(visit: TheVisit, asked: Annotated[ViewsParameters, Query()]) -> Response:
    """Return saved views, and how many entries each finds now."""
    visit.need(Right.SEE_CUSTOMERS)
    lists = visit.console.lists
    kept = {kind: await visit.kept_views(kind) for kind in _asked_for(asked, lists)}
    async with visit.rows(visit.console.everything, asked, tagged=False) as reader:
        found = [
            counted_document(kind, one)
            for kind, views in kept.items()
            for one in await counted(reader, kind, views)
        ]
    return visit.answer(ViewsDocument(position=reader.position, views=found))


def _asked_for(asked: ViewsParameters, lists: Mapping[str, AnyList]) -> Iterable[AnyList]:
    return lists.values() if asked.list is None else [lists[asked.list]]


@api.post("/views", openapi_extra=takes_json(NewView))
async def post_view(visit: TheVisit) -> Response:
    """Keep a filter under a name; what one kept under it for the list gives way."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = await sent_json(visit.request, NewView)
    return _told(visit, await _save(visit, asked), HTTPStatus.CREATED)


@api.patch("/views/{view}", openapi_extra=takes_json(NewName))
async def rename_view(visit: TheVisit, view: ViewPath) -> Response:
    """Give a view another name."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = await sent_json(visit.request, NewName)
    return _told(visit, await visit.console.saved_views.rename(visit.principal, view, asked.name))


@api.delete("/views/{view}", status_code=HTTPStatus.NO_CONTENT)
async def delete_view(visit: TheVisit, view: ViewPath) -> Response:
    """Forget a view."""
    visit.need(Right.SEE_CUSTOMERS)
    await visit.console.saved_views.delete(visit.principal, view)
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=dynamic_headers(None))


@pages.post("/do/views")
async def save_from_page(visit: TheVisit) -> Response:
    """Keep the filter of the page that was looked at, and lead back to it."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = parameters_of(NewViewOfForm, await fields_of(visit.request)).view()
    saved = await _save(visit, asked)
    return _to(visit.console.lists[saved.list].link(saved.query))


@pages.post("/do/views/{view}/rename")
async def rename_from_page(visit: TheVisit, view: ViewPath) -> Response:
    """Give a view another name, and lead to it."""
    visit.need(Right.SEE_CUSTOMERS)
    asked = parameters_of(NewName, await fields_of(visit.request))
    saved = await visit.console.saved_views.rename(visit.principal, view, asked.name)
    return _to(visit.console.lists[saved.list].link(saved.query))


@pages.post("/do/views/{view}/delete")
async def delete_from_page(visit: TheVisit, view: ViewPath) -> Response:
    """Forget a view, and lead to the whole list."""
    visit.need(Right.SEE_CUSTOMERS)
    gone = await visit.console.saved_views.delete(visit.principal, view)
    return _to(visit.console.lists[gone.list].link(""))


async def _save(visit: Visit, asked: NewView) -> SavedView:
    return await visit.console.saved_views.save(
        visit.principal,
        visit.console.lists[asked.list],
        asked.name,
        asked.query,
        asked.audience,
        asked.branch,
    )


def _told(visit: Visit, view: SavedView, status: HTTPStatus = HTTPStatus.OK) -> Response:
    kind: AnyList = visit.console.lists[view.list]
    body = msgspec.json.encode(view_document(kind, view))
    return Response(body, status, dynamic_headers(None), "application/json")


def _to(address: str) -> Response:
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, headers=dynamic_headers(None))
