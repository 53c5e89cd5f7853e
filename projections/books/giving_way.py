"""Which settlements give way to a source that has a better claim, and in which order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from projections.books.account import Account
from projections.books.records import Item, Source, SourceKind


def take_places(
    account: Account, source: Source, items: Iterable[Item], kind: SourceKind, now: datetime
) -> dict[Source, int]:
    """Let a source settle what sources of a kind had settled of items, the latest first.

    Returns what was taken from each; nothing of it has been given back to them.
    """
    gone: dict[Source, int] = {}
    found = [
        entry
        for item in items
        for entry in item.entries
        if entry.undone_at is None and entry.source.kind == kind
    ]
    for entry in sorted(found, key=lambda entry: entry.serial, reverse=True):
        if not source.free:
            break
        taken = account.take_place(source, entry, now)
        gone[entry.source] = gone.get(entry.source, 0) + taken
    return gone
