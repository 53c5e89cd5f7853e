"""The short selection of faults; `make faults` kills for longer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from random import Random

import httpx2
import pytest
import pytest_asyncio

from tests.faults.clients import Fleet
from tests.faults.kills import fleet_for, kill_again_and_again
from tests.faults.oracle import examine
from tests.faults.product import Product, product

pytestmark = [pytest.mark.fault, pytest.mark.postgres, pytest.mark.timeout(600)]

SEED = 20260306
UNPLUGGED_S = 10.0
_PATIENCE_S = 60.0


@pytest_asyncio.fixture
async def running() -> AsyncIterator[Product]:
    """A product that serves, and a fresh directory under it."""
    async with product() as made:
        made.start()
        await made.ready()
        yield made


async def test_three_kills_of_everything_lose_nothing_and_double_nothing() -> None:
    run = await kill_again_and_again(3, SEED, customers=300, say=print)
    assert run.found.wrong == []
    assert run.found.events == len(run.ledger.receipts) > 0


async def test_a_database_that_hangs_gives_503_and_no_false_receipts(running: Product) -> None:
    fleet = await fleet_for(running, SEED, customers=60)
    fleet.start(events_a_second=300.0)
    await asyncio.sleep(2.0)
    database = running.database()
    for process in database:
        process.suspend()
    try:
        status, retry_after, waited_s = await _ask_once(running)
        await asyncio.sleep(max(0.0, UNPLUGGED_S - waited_s))
    finally:
        for process in database:
            process.resume()
    assert status == 503
    assert float(retry_after) > 0
    assert waited_s < UNPLUGGED_S
    await _nothing_wrong_after_all(running, fleet)


async def test_a_database_that_died_is_started_again(running: Product) -> None:
    fleet = await fleet_for(running, SEED, customers=60)
    fleet.start(events_a_second=300.0)
    await asyncio.sleep(2.0)
    for process in running.database():
        process.kill()
    await _nothing_wrong_after_all(running, fleet)
    assert fleet.ledger.unavailable + fleet.ledger.unanswered > 0


async def test_a_gateway_that_died_is_started_again(running: Product) -> None:
    fleet = await fleet_for(running, SEED, customers=60)
    fleet.start(events_a_second=300.0)
    await asyncio.sleep(2.0)
    running.service("gateway").kill()
    await _nothing_wrong_after_all(running, fleet)


async def test_a_projector_killed_while_it_catches_up_applies_nothing_twice(
    running: Product,
) -> None:
    fleet = await fleet_for(running, SEED, customers=200)
    running.service("project").suspend()
    fleet.start(events_a_second=10_000.0)
    await fleet.drain()
    running.service("project").resume()
    dice = Random(SEED)
    for _ in range(3):
        await asyncio.sleep(dice.uniform(0.1, 0.6))
        killed = running.service("project")
        killed.kill()
        await asyncio.to_thread(killed.wait)  # until then it is still one that runs
        await _until(lambda: running.runs("project"))
    await _nothing_wrong_after_all(running, fleet)


async def test_of_two_projectors_one_stands_by_and_takes_over(running: Product) -> None:
    fleet = await fleet_for(running, SEED, customers=60)
    fleet.start(events_a_second=300.0)
    await _until(lambda: "projecting" in running.services_said())  # or the other may be first
    said = running.start_also("project")
    await _until(lambda: "standing_by" in said.read_text())
    assert "projecting" not in said.read_text()
    await asyncio.sleep(1.0)
    running.service("project").kill()
    await _until(lambda: "projecting" in said.read_text())
    await _nothing_wrong_after_all(running, fleet)


async def _ask_once(running: Product) -> tuple[int, str, float]:
    """Publish an event of no branch's; return status, Retry-After and how long it took."""
    started = time.monotonic()
    async with httpx2.AsyncClient(timeout=60.0) as client:
        response = await client.post(
            f"{running.gateway}/api/v1/events",
            content=b"[]",
            headers={
                "Authorization": "Bearer tsk_" + "A" * 43,
                "Content-Type": "application/cloudevents-batch+json",
            },
        )
    waited_s = time.monotonic() - started
    return response.status_code, response.headers.get("Retry-After", "0"), waited_s


async def _until(holds: Callable[[], bool]) -> None:
    """Wait until something holds. Raises: TimeoutError."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            if holds():
                return
            await asyncio.sleep(0.1)


async def _nothing_wrong_after_all(running: Product, fleet: Fleet) -> None:
    await asyncio.sleep(1.0)
    ledger = await fleet.finish()
    found = await examine(running, ledger)
    assert found.wrong == []
    assert found.events > 0
    assert ledger.retry_after == ledger.unavailable
