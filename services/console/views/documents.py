"""The JSON documents of saved views, and what is sent to keep one."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from services.console.shared.documents import Document, Positioned, tell
from services.console.shared.lists import AnyList
from services.console.shared.saved_views import COUNTED, CountedView, SavedView


class ViewDocument(Document):
    """A filter of a list under a name."""

    view: str
    list: str
    name: str
    query: Annotated[str, Meta(description="The list's parameters, as in its address.")]
    address: Annotated[str, Meta(description="Of the page that shows it.")]
    owner: str
    audience: str
    branch: str | None


class CountedViewDocument(ViewDocument):
    """The same, and how many entries it finds for whoever asks."""

    count: Annotated[
        int | None,
        Meta(
            description="Null: the list does not take this filter any more, or it is not counted."
        ),
    ]
    is_counted: Annotated[
        bool, Meta(description="False: of so many views the entries are not counted; open it.")
    ]
    count_is_capped: Annotated[bool, Meta(description="True: there are more than `count`.")]


class ViewsDocument(Positioned):
    """The saved views of a list, one's own first."""

    views: list[CountedViewDocument]


def view_document(kind: AnyList, view: SavedView) -> ViewDocument:
    """Return the document of a view."""
    return tell(ViewDocument, view, address=kind.link(view.query))


def counted_document(kind: AnyList, one: CountedView) -> CountedViewDocument:
    """Return the document of a view with what it finds."""
    count = one.count
    return tell(
        CountedViewDocument,
        one.view,
        address=kind.link(one.view.query),
        count=None if count is None else min(count, COUNTED),
        is_counted=one.is_counted,
        count_is_capped=count is not None and count > COUNTED,
    )
