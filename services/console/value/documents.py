"""The JSON document of the customer pyramid."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from services.console.shared.documents import Money, Positioned
from services.console.value.pyramid import Pyramid


class LevelDocument(BaseModel):
    """A tier of the pyramid."""

    tier: str
    line: Money | None = Field(description="The least score that earns it; the lowest has none.")
    customers: int
    share: str = Field(description="Of all customers in a tier, four decimals.")
    contemporary: Money = Field(description="What they are worth together.")


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

    def money(minor: int) -> Money:
        return Money(minor=minor, currency=found.currency)

    return PyramidDocument(
        position=position,
        at=at,
        branch=branch,
        currency=found.currency,
        customers=found.customers,
        tiers=[
            LevelDocument(
                tier=level.tier,
                line=None if level.line_minor is None else money(level.line_minor),
                customers=level.customers,
                share=f"{found.share(level):.4f}",
                contemporary=money(level.contemporary_minor),
            )
            for level in found.levels
        ],
    )
