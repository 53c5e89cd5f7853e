"""Where a run's time goes: samples of the stack, counted by the room they were in."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from types import FrameType

Shares = dict[str, float]

_EVERY_S = 0.002

# The innermost frame that matches says what the time was for.
_ROOMS = (
    ("selectors.py:", "waiting for the servers"),
    ("selector_events.py:", "asyncpg: rows in and out"),
    ("/asyncpg/", "asyncpg: rows in and out"),
    ("/events/codec", "decode"),
    ("/events/upcasting", "decode"),
    ("/fastavro/", "decode"),
    ("/services/log/stored", "rows to envelopes"),
    ("/projections/protocol", "remember"),
    ("/projections/", "assess"),
    ("/services/rows/changes", "differences"),
    ("/services/rows/projection_store", "parameters of the writes"),
    ("/services/rows/row_tables", "parameters of the writes"),
    ("/services/projector/", "projector"),
    ("/services/log/kafka/mirror", "parameters of the mirror"),
    ("/services/log/kafka/", "records to envelopes"),
    ("/aiokafka/", "aiokafka: records in"),
    ("/asyncio/base_events.py", "event loop"),
    ("/uvloop/", "waiting for the servers"),
)


async def shares_of(run: Callable[[], Awaitable[object]]) -> Shares:
    """Return the share of the run's time by room, sampled every 2 ms; largest first."""
    counts: Counter[str] = Counter()
    done = threading.Event()
    watched = threading.get_ident()

    def sample() -> None:
        while not done.wait(_EVERY_S):
            frame = sys._current_frames().get(watched)
            counts[_room(frame)] += 1

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        await run()
    finally:
        done.set()
        await asyncio.to_thread(sampler.join)
    whole = sum(counts.values()) or 1
    return {name: count / whole for name, count in counts.most_common()}


def _room(frame: FrameType | None) -> str:
    while frame is not None:
        place = f"{frame.f_code.co_filename}:{frame.f_code.co_name}"
        for part, name in _ROOMS:
            if part in place:
                return name
        frame = frame.f_back
    return "event loop"
