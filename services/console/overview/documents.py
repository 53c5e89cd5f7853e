"""The JSON document of freshness."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from services.console.shared.documents import Positioned
from services.console.shared.freshness import Freshness


class SweepDocument(BaseModel):
    """How far customers were assessed again under what was published last."""

    under_way: bool
    rules_recorded: int = Field(description="Policies and reference data in the log.")
    rules_applied: int = Field(description="How many of them every customer was assessed under.")
    customers_left: int = Field(description="Counted up to `counted_up_to`.")


class ProjectionFreshness(BaseModel):
    """One projection's distance from the log."""

    projection: str
    version: int
    events_taken_in: int
    events_behind: int
    seconds_behind: int
    parked_customers: int
    reassessing_customers: int
    counted_up_to: int = Field(description="Customers are counted no further.")
    sweep: SweepDocument


class FreshnessDocument(Positioned):
    """How fresh the rows are."""

    at: datetime
    projections: list[ProjectionFreshness]


def freshness_document(one: Freshness, cap: int) -> ProjectionFreshness:
    """Return the document of one projection's freshness."""
    return ProjectionFreshness(
        projection=one.projection,
        version=one.version,
        events_taken_in=one.events_taken_in,
        events_behind=one.events_behind,
        seconds_behind=one.seconds_behind,
        parked_customers=min(one.parked, cap),
        reassessing_customers=min(one.reassessing, cap),
        counted_up_to=cap,
        sweep=SweepDocument(
            under_way=one.reassessing > 0,
            rules_recorded=one.rules_recorded,
            rules_applied=one.rules_applied,
            customers_left=min(one.reassessing, cap),
        ),
    )
