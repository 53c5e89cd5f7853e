"""Does the least that any projector must do with every event: the ceiling of catching up.

    python bare_loop.py

Read, decode, count by customer, upsert a narrow row of each customer touched, move a checkpoint;
in batches as the projector's. The database is the one that TOUCHSTONE_DSN names.
"""

from __future__ import annotations

import uvloop

from events.codec import decode
from events.partitioning import PARTITIONS
from services.hosts.bootstrap import open_platform
from services.platform import Platform
from services.projector.collecting import collecting_seldom
from services.projector.owner import BATCH_EVENTS
from services.settings import settings

_NARROW = """
CREATE TABLE bench_narrow (customer_id text PRIMARY KEY, events bigint NOT NULL);
CREATE TABLE bench_checkpoint (partition smallint PRIMARY KEY, next bigint NOT NULL);
INSERT INTO bench_checkpoint SELECT generate_series(0, 11), 0;
"""
_UPSERT = """
INSERT INTO bench_narrow AS b SELECT * FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (customer_id) DO UPDATE SET events = b.events + excluded.events
"""
_MOVE = "UPDATE bench_checkpoint SET next = $3 WHERE partition = $1 AND next = $2"


async def _loop() -> None:
    async with open_platform(settings()) as platform:
        await platform.pool.execute(_NARROW)
        heads = await platform.log.heads()
        with collecting_seldom():  # as the projector does
            for partition in range(PARTITIONS):
                await _partition(platform, partition, heads.counts[partition])


async def _partition(platform: Platform, partition: int, head: int) -> None:
    position = 0
    while position < head:
        stored = await platform.log.read(partition, position, BATCH_EVENTS)
        counts: dict[str, int] = {}
        for one in stored:
            decode(one.payload)
            subject = one.envelope.subject or ""
            counts[subject] = counts.get(subject, 0) + 1
        upto = position + len(stored)
        async with platform.pool.acquire() as connection, connection.transaction():
            moved = await connection.execute(_MOVE, partition, position, upto)
            assert moved == "UPDATE 1"
            await connection.execute(_UPSERT, list(counts), list(counts.values()))
        position = upto


if __name__ == "__main__":
    uvloop.run(_loop())
