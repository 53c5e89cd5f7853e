"""Logs of serving and projecting processes in files that rotate, where a setting says so."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO, TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import cast

import structlog

from services.errors import UsageError
from services.local_postgres.directory import hold
from services.settings import Settings
from services.telemetry import log_as_json

_MB = 1024 * 1024
_MOST = 100
"""Processes of one kind that may log into one directory."""


class _File(RotatingFileHandler):
    """A file for its user's eyes alone; what a full disk does not take is let go."""

    def _open(self) -> TextIOWrapper:
        opened = open(  # noqa: SIM115 - the handler closes it
            self.baseFilename, self.mode, encoding="utf-8", opener=_privately
        )
        return cast("TextIOWrapper", opened)

    def handleError(self, record: logging.LogRecord) -> None:
        """Let the work go on."""


class _Lines:
    """A logger that writes each line that it is given."""

    def __init__(self, file: _File) -> None:
        self._file = file

    def msg(self, message: str) -> None:
        """Write a line."""
        self._file.handle(logging.makeLogRecord({"msg": message}))

    log = debug = info = warn = warning = error = critical = fatal = exception = failure = msg


@contextmanager
def logging_to_directory(settings: Settings, name: str) -> Iterator[None]:
    """Log into the settings' directory meanwhile, if there is one: `gateway.log`, and so on.

    Of several processes of one kind each has a file of its own: `worker.log`, `worker-2.log`.
    Raises: UsageError.
    """
    if settings.log_directory is None:
        yield
        return
    directory = settings.log_directory
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, held = _own_file(directory, name)
    except OSError as error:
        raise UsageError(
            f"TOUCHSTONE_LOG_DIRECTORY: {directory} cannot be written: {error.strerror}"
        ) from error
    file = _File(path, maxBytes=settings.log_mb * _MB, backupCount=settings.log_files - 1)
    before = structlog.get_config()
    with held:
        log_as_json(lambda *_: _Lines(file))
        try:
            yield
        finally:
            structlog.configure(**before)
            file.close()


def _own_file(directory: Path, name: str) -> tuple[Path, FileIO]:
    """Return the first file of that name that no other process has, and what holds it."""
    for number in range(1, _MOST + 1):
        own = name if number == 1 else f"{name}-{number}"
        held = hold(directory / f".{own}.lock")
        if held is not None:
            return directory / f"{own}.log", held
    raise UsageError(f"{_MOST} processes log as {name} into {directory}: name another for some")


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
