"""A consumer is stopped whole, and who stops it goes on; unless somebody cancels that."""

import asyncio
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer

from services.log.kafka.stopping import stop


class Client:
    def __init__(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True


class Consumer:
    """Stops as aiokafka does: cancels a fetch that waits, and waits for it."""

    def __init__(self, *, waits: bool) -> None:
        self._client = Client()
        self._waits = waits

    @property
    def closed(self) -> bool:
        return self._client.closed

    async def stop(self) -> None:
        fetch = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        if self._waits:
            fetch.cancel()
        await fetch
        await self._client.close()


def as_consumer(consumer: Consumer) -> AIOKafkaConsumer:
    return cast("AIOKafkaConsumer", consumer)


async def test_who_stops_a_consumer_that_waits_to_fetch_again_goes_on() -> None:
    consumer = Consumer(waits=True)
    await stop(as_consumer(consumer))
    assert consumer.closed


async def test_who_is_cancelled_while_a_consumer_stops_stays_cancelled() -> None:
    consumer = Consumer(waits=False)
    stopping = asyncio.create_task(stop(as_consumer(consumer)))
    await asyncio.sleep(0.01)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert consumer.closed
