"""Stopping a consumer whole, whatever it was doing."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer


async def stop(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer and close its connections.

    A consumer that waits to fetch again, as while its broker is away, ends its own stop half-way
    with a CancelledError of a task of its own (aiokafka 0.14). Whoever stops it would be taken
    for cancelled, and its connections stay open. Raises: CancelledError, if the caller is.
    """
    asking = asyncio.current_task()
    try:
        await consumer.stop()
    except asyncio.CancelledError:
        await consumer._client.close()
        if asking is None or asking.cancelling():
            raise
