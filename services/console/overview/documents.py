"""The JSON document of freshness."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from services.console.shared.documents import Document, Positioned, tell
from services.console.shared.freshness import Freshness


class SweepDocument(Document):
    """How far customers were assessed again under what was published last."""

    under_way: bool
    rules_recorded: Annotated[int, Meta(description="Policies and reference data in the log.")]
    rules_applied: Annotated[
        int, Meta(description="How many of them every customer was assessed under.")
    ]
    customers_left: Annotated[int, Meta(description="Counted up to `counted_up_to`.")]


class ProjectionFreshness(Document):
    """One projection's distance from the log."""

    projection: str
    version: int
    events_taken_in: int
    events_behind: int
    seconds_behind: int
    parked_customers: int
    reassessing_customers: int
    counted_up_to: Annotated[int, Meta(description="Customers are counted no further.")]
    sweep: SweepDocument


class FillingDocument(Document):
    """What is being written into an empty platform: days of history, then events taken in."""

    stage: str
    done: int
    total: int


class FreshnessDocument(Positioned):
    """How fresh the rows are."""

    at: datetime
    filling: Annotated[FillingDocument | None, Meta(description="Null: the figures are whole.")]
    projections: list[ProjectionFreshness]


def freshness_document(one: Freshness, cap: int) -> ProjectionFreshness:
    """Return the document of one projection's freshness."""
    left = min(one.reassessing, cap)
    return tell(
        ProjectionFreshness,
        one,
        parked_customers=min(one.parked, cap),
        reassessing_customers=left,
        counted_up_to=cap,
        sweep=tell(SweepDocument, one, under_way=left > 0, customers_left=left),
    )
