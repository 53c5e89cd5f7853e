"""Sends until it is told to end: at once what is published, ever more seldom without a line."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable

from touchstone_branch.branch import Branch
from touchstone_branch.errors import BranchError, LineDown

_POLL_S = 0.5
_MOST_S = 60.0


def pause_s(failures: int, asked_s: float | None = None) -> float:
    """Return for how long to wait after so many failures in a row: not all branches alike."""
    most = min(_MOST_S, 2.0 ** min(failures, 10))
    return max(asked_s or 0.0, random.uniform(0.0, most))


def watch(branch: Branch, ended: threading.Event, tell: Callable[[str], None]) -> None:
    """Send what waits until the end is told; whatever goes wrong is told and tried again."""
    failures = 0
    words_due = 0.0 if branch.settings.words_every_min else math.inf
    while not ended.is_set():
        wait = _POLL_S
        fetching = time.monotonic() >= words_due
        try:
            if failures or fetching or branch.outbox.busy_sources():
                done = branch.deliver()
                if fetching:
                    branch.fetch_words()
                    every_s = 60.0 * branch.settings.words_every_min
                    words_due = time.monotonic() + random.uniform(0.8, 1.2) * every_s
                if failures:
                    tell(f"the line is up again: {done.sent} answered, {done.covered} let go")
                failures = 0
        except BranchError as error:
            failures += 1
            asked_s = error.retry_after_s if isinstance(error, LineDown) else None
            wait = pause_s(failures, asked_s)
            tell(f"{error} (again in {wait:.0f} s)")
        ended.wait(wait)
