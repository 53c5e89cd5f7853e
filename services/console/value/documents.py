"""The JSON document of the customer pyramid."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from services.console.shared.documents import Document, Money, Positioned, tell
from services.console.value.pyramid import Pyramid


class LevelDocument(Document):
    """A tier of the pyramid."""

    tier: str
    line: Annotated[
        Money | None, Meta(description="The least score that earns it; the lowest has none.")
    ]
    customers: int
    share: Annotated[str, Meta(description="Of all customers in a tier, four decimals.")]
    contemporary: Annotated[Money, Meta(description="What they are worth together.")]


class PyramidDocument(Positioned):
    """The customer pyramid, the highest tier first; empty before tiers are published."""

    at: datetime
    branch: str | None
    currency: str
    customers: int
    tiers: list[LevelDocument]


def pyramid_document(
    found: Pyramid, position: str, at: datetime, branch: str | None
) -> PyramidDocument:
    """Return the document of the pyramid."""
    return PyramidDocument(
        position=position,
        at=at,
        branch=branch,
        currency=found.currency,
        customers=found.customers,
        tiers=[
            tell(LevelDocument, level, currency=found.currency, share=f"{found.share(level):.4f}")
            for level in found.levels
        ],
    )
