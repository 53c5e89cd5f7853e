"""Walks the customers part by part, on all cores: one engine for whatever reads everybody.

What is done with a part is a `PartWorker`. Several processes each have one (see `process`); a
walk of one part, or with one process, has it here. A worker answers each part with a result that
is small whatever the company's size, and what a walk holds is the sum of the results alone.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from services.errors import TouchstoneError, Unavailable
from services.postgres.pool import Pool
from services.projector.collecting import collect_if_many, collecting_seldom
from services.walk.parts import Part

A_contra = TypeVar("A_contra", contravariant=True)
A = TypeVar("A")
R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")

_PROCESS = "services.walk.process"
_LONGEST_ANSWER = 1 << 26


class WalkBroken(Unavailable):
    """A process of the walk ended early; what is done stays done."""


class PartRefused(TouchstoneError):
    """A part could not be done, and would not be at another try; the message says why."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class PartWorker(Protocol[R_co]):
    """Does one part after the other. It is made of an argument that all parts have in common.

    The module that defines one, and the types of its argument and results, are what a process
    of the walk imports: `argument_type` and `result_type` travel as JSON by msgspec.
    """

    async def walk(self, part: Part) -> R_co:
        """Do a part. Raises: TouchstoneError."""
        ...


class MakesWorker(Protocol[A_contra, R_co]):
    """The class of a worker."""

    def __call__(self, argument: A_contra, pool: Pool) -> PartWorker[R_co]:
        """Return a worker over a pool of its process."""
        ...


class Task(Struct, frozen=True):
    """What the process of the walk is told."""

    dsn: str
    worker: str  # module:class
    argument: msgspec.Raw
    processes: int
    parts: tuple[Part, ...]


class Answer(Struct, frozen=True):
    """What is said to a part: the result, or why there is none."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str | None = None
    exit_code: int = 0
    broken: bool = False  # it ended in the middle; another try may do it


def cores() -> int:
    """Return how many processes may compute at the same time here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Walk(Struct, frozen=True):
    """Where and by how many processes parts are walked."""

    pool: Pool
    dsn: str
    processes: int

    async def over(
        self,
        parts: Sequence[Part],
        worker: MakesWorker[A, R],
        argument: A,
        result: type[R],
        done: Callable[[R], None],
    ) -> None:
        """Do every part once; `done` is told each result, in no order.

        Raises: WalkBroken; PartRefused; whatever the worker raises, where it works here.
        """
        if self.processes == 1 or len(parts) <= 1:
            here = worker(argument, self.pool)
            with collecting_seldom():
                for part in parts:
                    done(await here.walk(part))
                    collect_if_many()
            return
        made = worker if isinstance(worker, type) else type(worker)
        task = Task(
            self.dsn,
            f"{made.__module__}:{made.__qualname__}",
            msgspec.Raw(msgspec.json.encode(argument)),
            self.processes,
            tuple(parts),
        )
        async with aclosing(_answers(task)) as answers:
            async for answer in answers:
                if answer.broken:
                    raise WalkBroken(answer.error)
                if answer.error is not None:
                    raise PartRefused(answer.error, answer.exit_code)
                done(msgspec.json.decode(answer.result, type=result))


async def _answers(task: Task) -> AsyncGenerator[Answer, None]:
    """Yield an answer to each part, as they come; on the way out nobody works on any."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", _PROCESS),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_ANSWER,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(task) + b"\n")
        for _ in task.parts:
            line = await process.stdout.readline()
            if not line:
                raise WalkBroken(
                    "the process of the walk ended before its parts were done; "
                    "run the command again"
                )
            yield msgspec.json.decode(line, type=Answer)
    finally:
        process.stdin.close()
        await process.wait()
