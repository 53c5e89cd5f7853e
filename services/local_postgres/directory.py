"""A data directory of one's own, and files that one process holds at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack
from io import FileIO
from pathlib import Path

from services.local_postgres.programs import EmbeddedServerError


def make_data_dir(home: Path) -> None:
    """Make a data directory unless it exists. Raises: EmbeddedServerError, if it is not ours."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedServerError(
            f"The data directory {home} cannot be made: {error.strerror}. Set TOUCHSTONE_DATA to "
            "a directory this user may write."
        ) from error
    if home.stat().st_uid != os.geteuid():
        raise EmbeddedServerError(
            f"The data directory {home} belongs to another user: start Touchstone as that user, "
            "or set TOUCHSTONE_DATA to a directory of your own."
        )


def hold(path: Path) -> FileIO | None:
    """Return a file that is held until it is closed or the process ends; None if another holds it.

    Raises: OSError, also where the file system knows no locks.
    """
    with ExitStack() as stack:
        # Unbuffered: what a full disk did not take is not tried again when the file is closed.
        file = stack.enter_context(path.open("ab", buffering=0))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        stack.pop_all()
        return file
