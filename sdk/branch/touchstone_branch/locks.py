"""One sender for an outbox: a lock that ends with the process, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from touchstone_branch.errors import SenderBusy

_FILE = "sender.lock"


@contextmanager
def sending_alone(directory: Path) -> Iterator[None]:
    """Be the only one who sends from a directory's outbox. Raises: SenderBusy."""
    descriptor = os.open(directory / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _lock(descriptor)
        except OSError as error:
            raise SenderBusy(
                f"another process sends from {directory} already: leave it to that one"
            ) from error
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
