"""Files that take what processes print, kept from growing for ever."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

LOG_BYTES = 10 * 1024 * 1024
"""A file larger than this is put aside when it is opened next."""


def open_log(path: Path) -> IO[bytes]:
    """Open a log to append to, for its user's eyes alone; one older file is kept beside it."""
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    log = path.open("ab")
    os.fchmod(log.fileno(), 0o600)
    return log
