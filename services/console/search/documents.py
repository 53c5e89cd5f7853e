"""The JSON documents of the search."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta

from services.console.shared.documents import Document, Positioned
from services.search.finding import Hit, Results


class MatchDocument(Document):
    """A text that a customer has, and where in it stands what was typed."""

    field: Annotated[str, Meta(examples=["id", "name", "phone"])]
    text: str
    customer: Annotated[str, Meta(description="Whose it is: of those merged into the one found.")]
    contact: Annotated[bool, Meta(description="A contact person's.")]
    marks: Annotated[
        list[tuple[int, int]], Meta(description="From this letter to before that one.")
    ]


class ReferenceDocument(Document):
    """What the customer was found by: an invoice, order, payment, credit note, refund or case."""

    kind: str
    text: str


class HitDocument(Document):
    """A customer that was found; names and numbers only for those who may see persons."""

    customer: str
    branch: str | None
    last_heard_on: date | None
    whole: Annotated[bool, Meta(description="Something of it is just what was typed.")]
    texts: list[MatchDocument]
    reference: ReferenceDocument | None


class SearchDocument(Positioned):
    """What was found: what is just what was typed first, then who was heard of last."""

    hits: list[HitDocument]
    more: bool


def search_document(position: str, found: Results) -> SearchDocument:
    """Return the document of what was found."""
    return SearchDocument(
        position=position, hits=[_hit(one) for one in found.hits], more=found.more
    )


def _hit(hit: Hit) -> HitDocument:
    return HitDocument(
        customer=hit.customer,
        branch=hit.branch_id,
        last_heard_on=hit.latest,
        whole=hit.is_whole,
        texts=[
            MatchDocument(
                field=text.field,
                text=text.text,
                customer=text.of,
                contact=text.is_contact,
                marks=list(spans),
            )
            for text, spans in hit.texts
        ],
        reference=hit.reference
        and ReferenceDocument(kind=hit.reference.kind, text=hit.reference.text),
    )
