"""One process of a walk.

    python -m services.walk.process

Standard input gives one JSON document per line: first the task, then one part after the other;
each part is answered by a line. The end of the input, which also comes when whoever reads the
answers was killed, ends the process after the part at hand.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
from importlib import import_module
from typing import Any

import msgspec
import structlog
import uvloop

from services.errors import TouchstoneError
from services.postgres.pool import Pool, open_pool
from services.telemetry import configure_logging
from services.walk.engine import Answer, PartWorker, Task
from services.walk.parts import Part

_LONGEST_LINE = 1 << 24

_LOG = structlog.get_logger(__name__)


async def _lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    return reader


def _worker(task: Task, pool: Pool) -> PartWorker[object]:
    module, _, name = task.worker.partition(":")
    made: Any = getattr(import_module(module), name)
    argument = inspect.signature(made, eval_str=True).parameters["argument"].annotation
    worker: PartWorker[object] = made(msgspec.json.decode(task.argument, type=argument), pool)
    return worker


async def _answer(worker: PartWorker[object], part: Part) -> Answer:
    try:
        return Answer(msgspec.Raw(msgspec.json.encode(await worker.walk(part))))
    except TouchstoneError as error:
        return Answer(error=str(error), exit_code=error.exit_code)
    except Exception as error:  # noqa: BLE001 - told to whoever asked, who ends the walk by it
        _LOG.exception("part_failed", part=part.part)
        return Answer(error=f"{type(error).__name__}: {error}", exit_code=1)


def _say(answer: Answer) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


async def _serve(task: Task, lines: asyncio.StreamReader) -> None:
    async with await open_pool(task.dsn, max_size=2) as pool:
        worker = _worker(task, pool)
        while line := await lines.readline():
            _say(await _answer(worker, msgspec.json.decode(line, type=Part)))
            gc.collect()


async def serve() -> None:
    """Answer each part given on standard input until it ends, or the first with why none can be.

    Cyclic garbage is collected between parts: what a part makes stays until it is answered.
    """
    gc.disable()
    lines = await _lines()
    task = msgspec.json.decode(await lines.readline(), type=Task)
    try:
        await _serve(task, lines)
    except TouchstoneError as error:
        _say(Answer(error=str(error), exit_code=error.exit_code))


if __name__ == "__main__":
    configure_logging()
    uvloop.run(serve())
