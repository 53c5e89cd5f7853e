"""Whatever somebody does at one door, other branches and the console are answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from services.hosts.bootstrap import open_platform
from services.intake.keys import Keys
from tests.faults.product import Product, product
from tests.support.attacks import ATTACKS, Door, attacked
from tests.support.gateway import payment_event
from tests.support.people import reading_key

pytestmark = [pytest.mark.fault, pytest.mark.postgres, pytest.mark.timeout(600)]

OTHER = "BJ-02"
ROUNDS = 20


@pytest_asyncio.fixture
async def running() -> AsyncIterator[Product]:
    """A product that serves, and a fresh directory under it."""
    async with product() as made:
        made.start()
        await made.ready()
        yield made


async def keys_of(running: Product) -> tuple[str, str, str]:
    """Return a key of the branch that attacks, one of another's, and one of who reads pages."""
    async with open_platform(running.settings) as platform:
        keys = Keys(platform.pool, platform.clock)
        attacker, other = (await keys.create("SH-01"))[1], (await keys.create(OTHER))[1]
        return attacker, other, await reading_key(platform)


async def others_are_answered(running: Product, token: str, reader: str, first: int) -> None:
    """Publish as another branch and look at pages, each time over a connection of its own."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/cloudevents+json"}
    for number in range(first, first + ROUNDS):
        event = payment_event(number, source=f"/branches/{OTHER}/till")
        async with httpx2.AsyncClient(timeout=30.0) as client:
            posted = await client.post(
                f"{running.gateway}/api/v1/events", json=event, headers=headers
            )
            assert posted.status_code == 201, posted.text
            reading = {"authorization": f"Bearer {reader}"}
            page = await client.get(f"{running.console}/receivables", headers=reading)
            assert page.status_code == 200


async def test_no_attack_keeps_others_out(running: Product) -> None:
    attacker, other, reader = await keys_of(running)
    door = Door(running.gateway, running.console, attacker)
    served = {name: running.service(name).pid for name in ("gateway", "console")}
    for number, name in enumerate(ATTACKS):
        with attacked(name, door):
            await asyncio.sleep(2.0)
            await others_are_answered(running, other, reader, 1 + number * ROUNDS)
    assert served == {name: running.service(name).pid for name in served}, "none was restarted"


async def test_the_gateway_killed_leaves_the_console_answering_and_the_reverse(
    running: Product,
) -> None:
    doors = {
        "gateway": f"{running.gateway}/api/v1/openapi.json",
        "console": f"{running.console}/healthz",
    }
    async with httpx2.AsyncClient(timeout=30.0) as client:
        for killed, other in (("gateway", "console"), ("console", "gateway")):
            victim = running.service(killed)
            victim.suspend()  # it holds its port, and answers nobody
            assert (await client.get(doors[other])).status_code == 200
            victim.kill()
            await asyncio.to_thread(victim.wait)
            assert (await client.get(doors[other])).status_code == 200
            async with asyncio.timeout(60):
                while True:  # and it comes back
                    with contextlib.suppress(httpx2.TransportError):
                        assert (await client.get(doors[killed])).status_code == 200
                        break
                    await asyncio.sleep(0.1)
