"""A customer's touchpoints in fact order, the newest first, page by page out of the log.

Only the events of a page are decoded. The order is that of `TimelinePlace.fact_key`: ids of events
compare as text just as they do as uuid, sources by code point.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct

from events.errors import EventError
from events.partitioning import partition_of
from events.touchpoints import TYPES, PlatformTouchpoint
from events.touchpoints.policy import ReferenceTouchpoint
from projections.timeline.entries import Entry, TimelinePlace, entry_of, family_of
from services.console.shared.cursor import CursorSigner
from services.console.shared.customer_at import Lookup, UnreadableDossier
from services.console.shared.paging import Page, page_of
from services.console.shared.reading import ReadModel
from services.console.shared.statements import named_sql
from services.log.readable import recorded
from services.log.stored import stored_event
from services.postgres.pool import translated

EVENT_TYPES: tuple[str, ...] = tuple(
    one.event_type for one in TYPES if not issubclass(one, ReferenceTouchpoint | PlatformTouchpoint)
)
"""The types of touchpoints that a customer can have."""

_SHAPE = (str, str, int, int, str)


def _families() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in EVENT_TYPES:
        family = family_of(name)
        found[family] = (*found.get(family, ()), name)
    return MappingProxyType(found)


FAMILIES = _families()
"""Families of touchpoints and the types in each."""


class TimelineFilter(Struct, frozen=True):
    """Which touchpoints: no family, or None, means any.

    Nothing that took effect or was recorded later.
    """

    families: tuple[str, ...] = ()
    event_type: str | None = None
    as_of: datetime | None = None
    as_known: datetime | None = None

    @property
    def types(self) -> list[str] | None:
        """Return the types that are wanted; None: all."""
        if self.event_type is not None:
            wanted = not self.families or family_of(self.event_type) in self.families
            return [self.event_type] if wanted else []
        if not self.families:
            return None
        return [name for family in self.families for name in FAMILIES.get(family, ())]


async def timeline(
    model: ReadModel,
    place: Lookup,
    wanted: TimelineFilter,
    limit: int,
    signer: CursorSigner,
    cursor: str | None,
) -> Page[Entry]:
    """Return a page of a customer's timeline, out of what the log held when it was looked up.

    Raises: BadCursor, UnreadableDossier, Unavailable.
    """
    customer, heads = place.customer, place.position
    query = repr((customer, wanted))
    before = None if cursor is None else _place(signer, query, cursor)
    members: list[str] = [customer, *(edge.member for edge in place.merges)]
    partitions = [partition_of(member) for member in members]
    with translated():
        rows = await model.platform.pool.fetch(
            named_sql("customers/timeline"),
            members,
            heads.generation,
            partitions,
            [heads.counts[partition] for partition in partitions],
            wanted.types,
            wanted.as_of,
            wanted.as_known,
            *(before.fact_key if before else (None,) * len(_SHAPE)),
            limit + 1,
        )
    try:
        events = [recorded(stored_event(row)) for row in rows]
    except EventError as error:
        raise UnreadableDossier(str(error)) from error
    return page_of(
        [entry_of(event) for event in events],
        limit,
        lambda last: signer.seal(query, _sealed(last.place)),
    )


def _sealed(place: TimelinePlace) -> tuple[str, str, int, int, str]:
    return (place.effective_at.isoformat(), place.source, place.epoch, place.sequence,
            place.event_id)  # fmt: skip


def _place(signer: CursorSigner, query: str, cursor: str) -> TimelinePlace:
    at, source, epoch, sequence, event_id = signer.open(query, cursor, _SHAPE)
    return TimelinePlace(
        datetime.fromisoformat(str(at)), str(source), int(epoch), int(sequence), str(event_id)
    )
