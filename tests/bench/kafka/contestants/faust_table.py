"""A per-event Faust agent that keeps the fold in a table; the kind is the table's store."""

from __future__ import annotations

import asyncio
import logging

import faust
import uvloop

from tests.bench.kafka.amounts import amount_of
from tests.bench.kafka.task import Result, Stopwatch, Sums, Task, answer, digest_of, given_task

_PARTITIONS = 12


async def run(task: Task) -> Result:
    """Fold the whole topic into a Faust table."""
    app = faust.App(
        f"{task.prefix}faust-{task.kind.partition(':')[0]}-{task.run}",
        broker=f"kafka://{task.servers}",
        store=task.kind,
        datadir=task.folder,
        topic_partitions=_PARTITIONS,
        topic_replication_factor=1,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
    )
    topic = app.topic(
        f"{task.prefix}touchpoints.g1", key_type=bytes, value_type=bytes,
        key_serializer="raw", value_serializer="raw",
    )  # fmt: skip
    table = app.Table("sums", key_type=str, partitions=_PARTITIONS)
    watch, over = Stopwatch(task), asyncio.Event()

    async def fold(stream: faust.StreamT[bytes]) -> None:
        done = 0
        try:
            async for key, value in stream.items():
                customer = key.decode()
                count, total = table.get(customer) or (0, 0)
                table[customer] = [count + 1, total + amount_of(value)]
                done += 1
                if watch.saw(done):
                    over.set()
        finally:
            over.set()  # having failed, with too few events: there is no result

    app.agent(topic)(fold)
    async with app:
        await over.wait()
        sums: Sums = {key.encode(): [*value] for key, value in table.items()}
    return watch.result(digest_of(sums))


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    answer(uvloop.run(run(given_task())))
