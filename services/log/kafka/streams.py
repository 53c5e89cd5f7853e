"""Events of a stream as they are known before the mirror has them."""

from __future__ import annotations

import asyncpg

from events.envelope import Position
from events.lineage import Lineage
from services.errors import Unavailable
from services.log.kafka.wire import from_headers, unpack_headers
from services.log.stored import stored_here
from services.ports import StoredEvent


def stored_in_stream(row: asyncpg.Record, lineage: Lineage) -> StoredEvent:
    """Return an event of a stream out of the mirror, or else as it was confirmed.

    Raises: Unavailable, for one that came by itself and that the mirror does not have yet.
    """
    if row["n"] is not None:
        return stored_here(row, lineage)
    if row["confirmed_data"] is None:
        raise Unavailable("an event of the stream is not in the mirror yet; try again")
    envelope, recorded_at = from_headers(unpack_headers(row["confirmed_headers"]))
    place = Position(row["confirmed_generation"], row["confirmed_partition"], row["confirmed_n"])
    return StoredEvent(envelope, lineage.here(place), recorded_at, row["confirmed_data"])
