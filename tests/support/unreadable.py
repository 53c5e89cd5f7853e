"""Events whose bytes nobody can read, as a newer program or a fault of a disk leaves them."""

from __future__ import annotations

from hashlib import sha256

from events.codec import encode
from events.envelope import BranchId, CustomerId, Envelope, EventId
from events.routing import partition_for
from events.touchpoints.base import Touchpoint
from services.log.kafka.cluster import cluster_of
from services.log.kafka.producing import Appender
from services.log.kafka.topics import TopicPartitions
from services.log.kafka.wire import to_record
from services.platform import Platform
from services.ports import Submission
from services.settings import Settings
from tests.support.casework import BRANCH
from tests.support.given import event_id

BROKEN_BYTES = b"\xc3\x01\x00\x00"


async def append_unreadable(
    platform: Platform,
    settings: Settings,
    data: Touchpoint,
    name: str,
    customer: str | None,
    payload: bytes = BROKEN_BYTES,
) -> EventId:
    """Put an event into the log that cannot be read, on whichever log it is."""
    now = platform.clock.now()
    envelope = Envelope(
        id=EventId(event_id(name)),
        source=f"/branches/{BRANCH}/{name.replace(' ', '-')}",
        type=data.event_type,
        subject=CustomerId(customer) if customer is not None else None,
        branch_id=BranchId(BRANCH),
        epoch=0,
        sequence=1,
        created_at=now,
        effective_at=now,
    )
    if settings.kafka is None:
        digest = sha256(name.encode()).digest()
        await platform.log.append([Submission(envelope, data, digest)])
        await write_over(platform, envelope.id, payload)
        return envelope.id
    cluster = cluster_of(settings)
    appender = Appender(cluster)
    place = TopicPartitions(cluster.prefix, 1).of(partition_for(envelope, data))
    record = to_record(envelope, data.version, encode(data), now)
    try:
        await appender.append({place: [record._replace(value=payload)]})
    finally:
        await appender.close()
    return envelope.id


async def write_over(platform: Platform, event: str, payload: bytes) -> None:
    """Replace the bytes of an event in the events table, which nothing of the platform does."""
    async with platform.pool.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE events DISABLE TRIGGER facts_are_immutable")
        changed = await connection.execute(
            "UPDATE events SET data = $2 WHERE event_id = $1", event, payload
        )
        await connection.execute("ALTER TABLE events ENABLE ALWAYS TRIGGER facts_are_immutable")
    assert changed == "UPDATE 1", "it is in the table"
