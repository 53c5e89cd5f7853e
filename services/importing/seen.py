"""Notices rows that a file holds twice, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b

import msgspec

from services.importing.compiling import MadeEvent

WINDOW = 100_000
"""How many identities are remembered: repetitions further apart are the log's to notice."""


class RecentIdentities:
    """The latest identities of this file: bounded, so it sees repetitions not too far apart."""

    def __init__(self) -> None:
        self._lines: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    def first(self, made: MadeEvent) -> tuple[int, bool] | None:
        """Return the line that gave this identity before, and whether its content was equal."""
        identity = str(made.event["id"])
        content = blake2b(msgspec.json.encode(made.event), digest_size=16).digest()
        before = self._lines.get(identity)
        if before is not None:
            return before[0], before[1] == content
        self._lines[identity] = (made.line, content)
        if len(self._lines) > WINDOW:
            self._lines.popitem(last=False)
        return None
