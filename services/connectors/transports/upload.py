"""Upload: a file that somebody hands in by command line, console or HTTP."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from services.connectors.document import Document, DocumentRefused, Feed

MAX_BYTES = 512 * 1024 * 1024


def document_of(path: Path, feed: Feed, received_at: datetime) -> Document:
    """Return a file as a document of a feed. Raises: DocumentRefused."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DocumentRefused(
                f"{path} has {size:,} bytes, and no more than {MAX_BYTES:,} are read at once: "
                "ask the bank for a shorter period, or split it by statements"
            )
        body = path.read_bytes()
    except OSError as error:
        raise DocumentRefused(f"cannot read {path}: {error.strerror}") from error
    return Document(feed=feed.name, name=str(path), body=body, received_at=received_at)
