"""`python -m tests.bench.doors`: how long others wait while somebody holds a door shut.

Another branch publishes single events and somebody reads a page, each time over a connection of
its own: undisturbed, then while an attack goes on, in turns. The attacker is a process of its own
and takes its share of the same cores. The last line is one line of JSON: p99 in ms of both.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from itertools import count
from statistics import median, quantiles

import httpx2

from services.hosts.bootstrap import open_platform
from services.intake.keys import Keys
from tests.bench.machine import Measurement
from tests.faults.product import Product, product
from tests.support.attacks import ATTACKS, Door, attacked
from tests.support.gateway import payment_event
from tests.support.people import reading_key

_OTHER = "BJ-02"
_EVERY_S = 0.03
_SETTLE_S = 1.5

Waits = dict[str, list[float]]


class Visitor:
    """Another branch, and somebody who reads a page."""

    def __init__(self, running: Product, token: str, reader: str) -> None:
        self._publish = f"{running.gateway}/api/v1/events"
        self._page = f"{running.console}/receivables"
        self._headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/cloudevents+json",
        }
        self._reading = {"authorization": f"Bearer {reader}"}
        self._numbers = count(1)

    async def visit(self, visits: int, waits: Waits) -> None:
        """Note how long each request took, in milliseconds. Raises: TransportError."""
        for _ in range(visits):
            event = payment_event(next(self._numbers), source=f"/branches/{_OTHER}/till")
            async with httpx2.AsyncClient(timeout=60.0) as client:
                begun = time.perf_counter()
                posted = await client.post(self._publish, json=event, headers=self._headers)
                waits["gateway"].append((time.perf_counter() - begun) * 1000)
                assert posted.status_code == 201, posted.text
                begun = time.perf_counter()
                page = await client.get(self._page, headers=self._reading)
                waits["console"].append((time.perf_counter() - begun) * 1000)
                assert page.status_code == 200
            await asyncio.sleep(_EVERY_S)


async def bench(rounds: int, visits: int, say: Callable[[str], None]) -> None:
    """Measure every attack in turns with rest, and say a line of JSON at the end."""
    measurement = Measurement("doors")
    say(measurement.beginning())
    async with product() as running:
        running.start()
        await running.ready()
        async with open_platform(running.settings) as platform:
            keys = Keys(platform.pool, platform.clock)
            door = Door(running.gateway, running.console, (await keys.create("SH-01"))[1])
            other = (await keys.create(_OTHER))[1]
            visitor = Visitor(running, other, await reading_key(platform))
        await visitor.visit(visits, {"gateway": [], "console": []})  # everything is warm then
        figures = {}
        for name in ATTACKS:
            rest, under = [], []
            for _ in range(rounds):
                rest.append(await _p99(visitor, visits))
                with attacked(name, door):
                    await asyncio.sleep(_SETTLE_S)
                    under.append(await _p99(visitor, visits))
                await asyncio.sleep(_SETTLE_S)
            figures[name] = {
                at: _beside([one[at] for one in rest], [one[at] for one in under])
                for at in ("gateway", "console")
            }
            say(f"{name}: {figures[name]}")
    say(measurement.line({"rounds": rounds, "visits": visits, "p99_ms": figures}))


def _beside(undisturbed: list[float], attacked: list[float]) -> dict[str, float]:
    """Return the medians of rounds, and their ratio."""
    rest, under = median(undisturbed), median(attacked)
    return {
        "undisturbed": round(rest, 1),
        "attacked": round(under, 1),
        "ratio": round(under / rest, 2),
    }


async def _p99(visitor: Visitor, visits: int) -> dict[str, float]:
    waits: Waits = {"gateway": [], "console": []}
    await visitor.visit(visits, waits)
    return {at: quantiles(ms, n=100, method="inclusive")[98] for at, ms in waits.items()}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--visits", type=int, default=100, help="of each round")
    given = parser.parse_args()
    asyncio.run(bench(given.rounds, given.visits, lambda line: print(line, flush=True)))


if __name__ == "__main__":
    main()
