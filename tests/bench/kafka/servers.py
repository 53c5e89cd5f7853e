"""What the servers spend while a contestant's measured stretch lasts, and nothing before it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

from tests.bench.processor import server_cpu_s

T = TypeVar("T")

_EVERY_S = 0.25  # looking takes some milliseconds of one core


class Spent(NamedTuple):
    """Processor time of the servers by an instant of `time.monotonic`, in the order of pids."""

    at: float
    cpu_s: tuple[float, ...]


async def watched(pids: Sequence[int], work: Awaitable[T]) -> tuple[T, list[Spent]]:
    """Return what work comes to, and what the servers had spent by and by until it was done."""
    seen = [_look(pids)]
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=_EVERY_S)
            seen.append(_look(pids))
    finally:
        task.cancel()
    return await task, seen


def between(seen: Sequence[Spent], began: float, ended: float) -> list[float]:
    """Return what each server spent in a stretch, as if evenly between two looks."""
    return [b - a for a, b in zip(_by(seen, began), _by(seen, ended), strict=True)]


def _by(seen: Sequence[Spent], at: float) -> Sequence[float]:
    for before, after in pairwise(seen):
        if at <= after.at:
            share = max(0.0, (at - before.at) / (after.at - before.at))
            return [a + share * (b - a) for a, b in zip(before.cpu_s, after.cpu_s, strict=True)]
    return seen[-1].cpu_s


def _look(pids: Sequence[int]) -> Spent:
    spent = tuple(server_cpu_s(pid) for pid in pids)
    return Spent(time.monotonic(), spent)
