"""Receipts: what the platform has signed that it holds of a source."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from touchstone_branch.errors import ReceiptUnsound
from touchstone_branch.notes import Verifier

_KIND = "touchstone receipt v1"

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is held of one epoch of a source: `first` through `through` without the gaps."""

    source: str
    epoch: int
    newest_epoch: int | None
    first: int
    through: int
    gaps: Ranges
    refused: Ranges
    ids: bytes
    taken: int
    issued: datetime
    note: str

    def holds(self, number: int) -> bool:
        """Tell whether an event of this number is durable, as far as the receipt speaks of it."""
        return self.first <= number <= self.through and not any(
            first <= number <= last for first, last in self.gaps
        )

    @property
    def count(self) -> int:
        """Return how many events it says are held."""
        missing = sum(last - first + 1 for first, last in self.gaps)
        return self.through - self.first + 1 - missing

    def names(self, ids: Iterable[str]) -> bool:
        """Tell whether these are the held events, all of them, in the order of their numbers."""
        return hashlib.sha256(b"".join(UUID(one).bytes for one in ids)).digest() == self.ids


def read_receipt(note: str, verifier: Verifier, source: str) -> Receipt:
    """Return the receipt that a note is, if the platform signed it about this source.

    Lines that are not known are passed over. Raises: ReceiptUnsound.
    """
    lines = verifier.opened(note).split("\n")
    if lines[:2] != [verifier.name, _KIND]:
        raise ReceiptUnsound("what was signed is no receipt")
    said: dict[str, list[str]] = {}
    for line in lines[2:]:
        word, _, rest = line.partition(" ")
        said.setdefault(word, []).append(rest)
    try:
        if said["source"] != [source]:
            raise ReceiptUnsound(f"the receipt is about {said['source']}, and not about {source}")
        newest = said["newest-epoch"][0]
        receipt = Receipt(
            source=source,
            epoch=int(said["epoch"][0]),
            newest_epoch=None if newest == "none" else int(newest),
            first=int(said["from"][0]),
            through=int(said["through"][0]),
            gaps=_ranges(said.get("gap", [])),
            refused=_ranges(said.get("refused", [])),
            ids=base64.b64decode(said["ids"][0].removeprefix("sha256 "), validate=True),
            taken=int(said["taken"][0]),
            issued=datetime.fromisoformat(said["issued"][0]),
            note=note,
        )
    except (KeyError, IndexError, ValueError) as error:
        raise ReceiptUnsound(f"the receipt cannot be read: {error}") from error
    return receipt


def _ranges(lines: Iterable[str]) -> Ranges:
    found = []
    for line in lines:
        first, last = line.split(" ")
        found.append((int(first), int(last)))
    return tuple(found)
