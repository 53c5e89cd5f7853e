"""Events of what connectors make: the same line of a feed gives the same ids for ever."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from events.derived_ids import derived_id
from events.touchpoints.base import Touchpoint
from services.connectors.document import Feed
from services.connectors.ports import Event, Json


def event_of(
    feed: Feed,
    key: Sequence[str],
    block: str,
    data: Touchpoint,
    *,
    at: datetime,
    subject: str | None = None,
    personal: dict[str, str] | None = None,
    causation: str | None = None,
) -> Event:
    """Return a touchpoint as a CloudEvent of a feed; what its data leave out stays out."""
    content: dict[str, Json] = {
        name: value
        for name, value in msgspec.json.decode(msgspec.json.encode(data)).items()
        if value not in (None, []) and name != "sealed"
    }
    if personal:
        content["personal"] = dict(personal)
    event: Event = {
        "specversion": "1.0",
        "id": derived_id(feed.source, key, block),
        "source": feed.source,
        "type": data.event_type,
        "time": at.isoformat(),
        "data": content,
    }
    if subject is not None:
        event["subject"] = subject
    if causation is not None:
        event["causationid"] = causation
    return event
