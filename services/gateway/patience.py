"""How long a branch is kept waiting for a database that neither answers nor refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from services.errors import Unavailable

PATIENCE_S = 8.0
"""Longer than a busy commit takes, shorter than what clients usually wait."""

T = TypeVar("T")


async def within_patience(work: Coroutine[object, object, T]) -> T:
    """Return what the work returns, unless it takes too long.

    Work that is given up is left to end by itself: a connection whose server hangs cannot be
    given back, and what is committed late is found as a duplicate when it is sent again.
    Raises: Unavailable, and whatever the work raises in time.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_S)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.add_done_callback(_nobody_waits)
        raise Unavailable("the database does not answer in time; try again in a moment")
    return task.result()


def _nobody_waits(task: asyncio.Future[T]) -> None:
    """Take note of how it ended, lest the loop complain that nobody did."""
    if not task.cancelled():
        task.exception()
