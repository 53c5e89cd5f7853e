"""What a contestant is told, and what it answers: one line of JSON each.

It stands on msgspec alone, so that it runs in an environment without the platform's services.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from hashlib import sha256

import msgspec
from msgspec import Struct

Sums = dict[bytes, list[int]]
"""Per customer the number of events and the sum of their amounts: the fold of them all."""


class Task(Struct, frozen=True, kw_only=True):
    """What to fold, and where; the first `warm_up` events are not measured."""

    kind: str
    run: int  # names what a contestant leaves in the cluster
    servers: str
    prefix: str
    dsn: str
    folder: str
    events: int
    warm_up: int
    shares: bool = False


class Result(Struct, frozen=True, kw_only=True):
    """The stretch measured, what it cost this process, and a digest of the fold."""

    events: int
    began_at: float  # by `time.monotonic`, the same clock for all processes of a machine
    seconds: float
    cpu_s: float
    digest: str
    shares: Mapping[str, float] = {}


class Stopwatch:
    """Measures from the first sight of `warm_up` events or more to the last event.

    Where nothing is seen between the two, it measures from its making on. `cpu_s` tells the
    processor time of all who do the work.
    """

    def __init__(self, task: Task, cpu_s: Callable[[], float] = time.process_time) -> None:
        self._task = task
        self._cpu_s = cpu_s
        self._warm = False
        self._began = self._instant(0)
        self._ended: tuple[float, float, int] | None = None

    def saw(self, events: int) -> bool:
        """Take note that so many events are done by now; return whether that is all."""
        if events >= self._task.events:
            self._ended = self._instant(events)
            return True
        if not self._warm and events >= self._task.warm_up:
            self._warm = True
            self._began = self._instant(events)
        return False

    def _instant(self, events: int) -> tuple[float, float, int]:
        return time.monotonic(), self._cpu_s(), events

    def result(self, digest: str, shares: Mapping[str, float] | None = None) -> Result:
        """Return what was measured."""
        assert self._ended is not None, "saw too little"
        seconds, cpu_s, events = (b - a for a, b in zip(self._began, self._ended, strict=True))
        return Result(
            events=int(events),
            began_at=self._began[0],
            seconds=seconds,
            cpu_s=cpu_s,
            digest=digest,
            shares=shares or {},
        )


def digest_of(sums: Sums) -> str:
    """Return what is equal for equal folds and for nothing else."""
    lines = (f"{key.decode()} {count} {total}" for key, (count, total) in sorted(sums.items()))
    return sha256("\n".join(lines).encode()).hexdigest()


def given_task() -> Task:
    """Return what this process is told to do."""
    return msgspec.json.decode(sys.argv[1], type=Task)


def answer(result: Result) -> None:
    """Say the result, as the last line of this process."""
    print(msgspec.json.encode(result).decode(), flush=True)
