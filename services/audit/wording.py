"""How every command writes instants and counts for people."""

from __future__ import annotations

from datetime import datetime, tzinfo


def moment(at: datetime, tz: tzinfo) -> str:
    """Return an instant to the minute in a zone, with its offset: 2026-03-20 10:00+08:00."""
    return at.astimezone(tz).isoformat(" ", "minutes")


def counted(count: int, one: str, several: str | None = None) -> str:
    """Return a count and its noun: 1 event, 2,096 events; `several` where an s does not do."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"
