"""A side under its load: viewers watch and ask for pages while events flow in."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from statistics import quantiles

import asyncpg
from msgspec import Struct

from tests.bench.console.asking import NotServed, Stream, Viewer, waited_s
from tests.bench.console.figures import Options
from tests.bench.console.pages import Asked
from tests.bench.console.sides import THIS, Side, published
from tests.bench.processor import server_cpu_s

_WARM_S = 2.0
_REST_S = 3.0


class Round(Struct, frozen=True):
    """What one side took in one round, in seconds, by name."""

    pages: Mapping[str, Sequence[float]]
    bare: Mapping[str, Sequence[float]]
    sizes: Mapping[str, int]
    waited: Sequence[float]


async def under_load(side: Side, asks: Sequence[Asked], options: Options, seed: int) -> Round:
    """Ask for every page so many times, in no order, and for the bare queries beside them.

    Raises: NotServed, where a page is not there.
    """
    turns = [one for one in asks for _ in range(options.per_page)]
    random.Random(seed).shuffle(turns)
    seconds = len(turns) / options.pace + 2 * _WARM_S
    pages: dict[str, list[float]] = {one.name: [] for one in asks}
    bare: dict[str, list[float]] = {one.name: [] for one in asks if one.bare}
    sizes: dict[str, int] = {}
    viewers = [Viewer(side.port) for _ in range(options.viewers)]

    async def one_turn(nth: int, asked: Asked, pool: asyncpg.Pool) -> None:
        page = await viewers[nth % len(viewers)].page(asked.path)
        if page.status >= 400:
            raise NotServed(f"{side.name}: {asked.path} answers {page.status}")
        pages[asked.name].append(page.first_byte_s)
        sizes[asked.name] = page.size
        if asked.bare and side.name == THIS:
            started = time.perf_counter()
            await pool.fetch(asked.bare)
            bare[asked.name].append(time.perf_counter() - started)

    with side.flow(options.rate, seconds, seed) as told:
        async with (
            asyncpg.create_pool(side.dsn, min_size=1, max_size=2) as pool,
            watching(side, options.viewers) as streams,
        ):
            await asyncio.sleep(_WARM_S)
            begun = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for nth, asked in enumerate(turns):
                    due = begun + nth / options.pace
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                    group.create_task(one_turn(nth, asked, pool))
            await asyncio.sleep(_REST_S)
            waited = waited_s(published(told), streams[0].frames)
    for viewer in viewers:
        viewer.leave()
    return Round(pages, bare, sizes, waited)


@asynccontextmanager
async def watching(side: Side, viewers: int) -> AsyncIterator[Sequence[Stream]]:
    """Keep so many overviews open meanwhile; give them."""
    streams = [Stream(side.port) for _ in range(viewers)]
    tasks = [asyncio.create_task(one.watch()) for one in streams]
    try:
        yield streams
    finally:
        ended = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if ended:
            raise NotServed(f"{side.name}: {len(ended)} streams ended")


async def memory_per_viewer_mb(side: Side, viewers: int) -> float:
    """Return what one more open overview takes of the console's memory."""
    async with watching(side, 2):  # it has drawn, and its own memory is what it is
        await asyncio.sleep(_REST_S)
        before = side.memory_mb()
        async with watching(side, viewers):
            await asyncio.sleep(_REST_S)
            return (side.memory_mb() - before) / viewers


async def cpu_ms(
    side: Side, server_pid: int, asks: Sequence[Asked], times: int
) -> dict[str, float]:
    """Return what each page takes of the processors of console and PostgreSQL, asked alone."""
    found = {}
    viewer = Viewer(side.port)
    for asked in asks:
        await viewer.page(asked.path)
        spent = side.console_cpu_s() + server_cpu_s(server_pid)
        for _ in range(times):
            await viewer.page(asked.path)
        spent = side.console_cpu_s() + server_cpu_s(server_pid) - spent
        found[asked.name] = round(1e3 * spent / times, 2)
    viewer.leave()
    return found


def p50_p95_ms(times: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 95th of a hundred, in milliseconds."""
    if len(times) < 2:
        return 1e3 * times[0], 1e3 * times[0]
    cuts = quantiles(times, n=100, method="inclusive")
    return 1e3 * cuts[49], 1e3 * cuts[94]
