"""The key that wraps all customers' keys: given from outside, or kept beside the data."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from pathlib import Path

from services.errors import TouchstoneError
from services.settings import Settings

_BYTES = 32
_FILE = "master.key"


class MasterKeyUnusable(TouchstoneError):
    """The master key is missing, malformed, readable by others, or not this database's."""


def master_key(settings: Settings) -> bytes:
    """Return the installation's master key; the first start makes one.

    Without it all personal data is lost for ever: back it up apart from the database.
    Raises: MasterKeyUnusable.
    """
    if settings.master_key is not None:
        return _decoded(settings.master_key, "TOUCHSTONE_MASTER_KEY")
    path = settings.data / _FILE
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise MasterKeyUnusable(
                f"{path} can be read by other users of this machine; run: chmod 600 {path}"
            )
        return _decoded(path.read_text("ascii"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise MasterKeyUnusable(
            f"the master key {path} cannot be used: {error}. Mend the file's permissions, or "
            "give the key as TOUCHSTONE_MASTER_KEY."
        ) from error


def _make(path: Path) -> None:
    """Make the file whole or not at all; of two processes the first one's key stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{_FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _decoded(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MasterKeyUnusable(f"{where} is no base64: {error}") from error
    if len(key) != _BYTES:
        raise MasterKeyUnusable(
            f"{where} holds {len(key)} bytes instead of {_BYTES}; make one with: "
            "head -c 32 /dev/urandom | base64"
        )
    return key
