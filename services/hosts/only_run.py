"""One `touchstone run` for a data directory; other commands may work on it beside that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from services.errors import UsageError
from services.local_postgres.directory import hold, make_data_dir
from services.local_postgres.programs import EmbeddedServerError


@contextmanager
def only_run_of(data: Path) -> Iterator[None]:
    """Hold the directory for this process; the system lets go of it however the process ends.

    Raises: UsageError, which names the process that holds it, or why it cannot be used.
    """
    home = data.expanduser().resolve()
    path = home / "run.lock"
    try:
        make_data_dir(home)
        lock = hold(path)
    except EmbeddedServerError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be opened and locked: {error.strerror}. Let this user write it, or "
            "set TOUCHSTONE_DATA to another directory"
        ) from error
    if lock is None:
        raise UsageError(
            f"the data directory {home} is in use: `touchstone run` works on it{_holder(path)}. "
            "Stop that one first, or set TOUCHSTONE_DATA to another directory (and other ports) "
            "for this one"
        )
    with lock:
        with suppress(OSError):  # a courtesy to whoever is refused
            lock.truncate(0)
            lock.write(str(os.getpid()).encode())
        yield


def _holder(path: Path) -> str:
    with suppress(OSError):
        if pid := path.read_text("ascii", errors="replace"):
            return f" as process {pid}"
    return ""
