"""One `touchstone run` for a data directory; other commands may work on it beside that."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.errors import UsageError


@contextmanager
def only_run_of(data: Path) -> Iterator[None]:
    """Hold the directory for this process; the system lets go of it however the process ends.

    Raises: UsageError, which names the process that holds it, or why it cannot be used.
    """
    home = data.expanduser().resolve()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (home / "run.lock").open("a+", encoding="ascii")
    except OSError as error:
        raise UsageError(
            f"the data directory {home} cannot be used: {error.strerror}. Set TOUCHSTONE_DATA to "
            "a directory that this user may write"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise UsageError(
                f"the data directory {home} is in use: `touchstone run` works on it as process "
                f"{lock.read()}. Stop that one first, or set TOUCHSTONE_DATA to another directory "
                "(and other ports) for this one"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
