"""Remembers how far an import got, so that an interrupted one goes on where it was.

Only a convenience: identities make a repeated import harmless. A note that is damaged, or of
another file, mapping, branch or platform, is as good as none.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import msgspec
from msgspec import Struct

from services.errors import Unavailable
from services.importing.report import Report


class Progress(Struct, kw_only=True):
    """Where an import was: everything before `next_row` was answered.

    The rows from `proven_from` to `next_row` were the last batch; going on starts by sending it
    again: a duplicate proves that the platform still has it (its database may be restored or new).
    """

    proven_from: int
    next_row: int
    report: Report


class ProgressNote:
    """The small file that holds an import's progress; written whole or not at all."""

    def __init__(self, folder: Path, *parts: bytes) -> None:
        name = sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()[:32]
        self._path = folder / "imports" / f"{name}.json"

    def load(self) -> Progress | None:
        """Return the progress that was noted, None where there is none that can be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Progress)
        except (OSError, msgspec.DecodeError):
            return None

    def save(self, progress: Progress) -> None:
        """Note the progress. Raises: Unavailable where the data directory cannot be written."""
        beside = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(msgspec.json.encode(progress, enc_hook=str))
            os.replace(beside, self._path)
        except OSError as error:
            raise Unavailable(
                f"cannot note the import's progress in {self._path.parent}: {error.strerror};"
                " set TOUCHSTONE_DATA to a directory that can be written"
            ) from error

    def drop(self) -> None:
        """Forget the import: it is finished."""
        self._path.unlink(missing_ok=True)
