"""The walk: every part of the customers once, by processes on all cores."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator

import msgspec

from services.errors import Unavailable
from services.rebuild.builds import Begun, Part
from services.rebuild.walker import Walk, Walked

_WALKER = "services.rebuild.walker"


class WalkBroken(Unavailable):
    """A process of the walk ended early; what is done stays done."""


async def walk_all(
    begun: Begun, dsn: str, processes: int, advance: Callable[[Walked], None]
) -> None:
    """Walk what is left; `advance` is told of each part. Raises: WalkBroken."""
    projection = type(begun.build.projection)
    walk = Walk(
        dsn=dsn,
        projection=f"{projection.__module__}:{projection.__qualname__}",
        stored_as=begun.build.stored_as,
        rebuild_id=begun.rebuild_id,
        generation=begun.build.generation,
        positions=begun.positions,
        instants=begun.instants,
    )
    parts = iter(begun.left)
    async with asyncio.TaskGroup() as group:
        for _ in range(min(processes, len(begun.left))):
            group.create_task(_one_process(walk, parts, advance))


async def _one_process(
    walk: Walk, parts: Iterator[Part], advance: Callable[[Walked], None]
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", _WALKER),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(walk) + b"\n")
        for part in parts:
            process.stdin.write(msgspec.json.encode(part) + b"\n")
            answer = await process.stdout.readline()
            if not answer:
                raise WalkBroken(
                    "a process of the walk ended before its part was done; the same command goes "
                    "on with the parts that are left"
                )
            advance(msgspec.json.decode(answer, type=Walked))
        process.stdin.close()
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
