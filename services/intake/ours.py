"""Cases that casework keeps take commands: nobody publishes what happened to them."""

from __future__ import annotations

from collections.abc import Iterable

from events.streams import case_stream
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import CaseTouchpoint
from events.touchpoints.contact import CallbackMade, CallbackPromised
from services.intake.answers import EventRefused
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql


def case_told(data: Touchpoint) -> str | None:
    """Return the case that a touchpoint tells something of; None: of none."""
    if isinstance(data, CaseTouchpoint | CallbackMade | CallbackPromised):
        return data.case_id
    return None


async def kept_here(pool: Pool, case_ids: Iterable[str]) -> frozenset[str]:
    """Return which of these cases casework keeps. Raises: Unavailable."""
    sources = {case_stream(case_id): case_id for case_id in case_ids}
    if not sources:
        return frozenset()
    rows = await retried(lambda: pool.fetch(sql("streams_begun"), list(sources)))
    return frozenset(sources[row["source"]] for row in rows)


def not_published() -> EventRefused:
    """Return the refusal of an event about a case that casework keeps."""
    return EventRefused(
        "not_allowed",
        "data.case_id",
        "is a case that is kept here: what happens to it is commanded",
        "command it, with a key of a member of staff: POST /api/v1/cases/{id}/{command}",
    )
