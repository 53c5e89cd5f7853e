"""What was worked out of a long dossier as plain structs, so that it can be kept and gone on from.

A memo is made of objects that point to one another. What is kept of it are structs that own what
they hold and name everything else by its number, written as MessagePack; bringing it back makes
the same objects anew. The form is known to the code that wrote it and to no other: whoever reads
it sees to that first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from hashlib import blake2b
from sys import intern

import msgspec
from msgspec import Struct

from events.envelope import BranchId, EventId, FactKey
from events.facts import Fact
from events.touchpoints import touchpoint_type
from events.touchpoints.base import Touchpoint

_ENCODER = msgspec.msgpack.Encoder()


class Kept(Struct, array_like=True, gc=False):
    """A part of what is kept; the order of its fields is that of the bytes."""


class KeptFact(Kept):
    """A fact that a memo holds on to."""

    id: EventId
    effective_at: datetime
    branch_id: BranchId
    source: str
    epoch: int
    sequence: int
    kind: str
    data: bytes


class KeptHome(Kept):
    """Where a customer is at home: its earliest fact's branch, and those that were named."""

    first: tuple[FactKey, str] | None
    named: list[tuple[FactKey, str]]


class KeptFacts(Kept):
    """What is kept of a customer's facts: of the first `count` of them only that they were told."""

    count: int
    ids: bytes  # a digest of each one's id, sorted where there are many
    last: FactKey | None  # of those
    home: KeptHome
    later: list[KeptFact]


KeptNumber = int | str
"""A whole number of any size: as text where it takes more than the 64 bits of MessagePack."""

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1

ID_BYTES = 16
_UUID_LENGTH = 36
_SEARCHED_IN_TURN = 4096  # bytes


def digest_of(fact_id: EventId) -> bytes:
    """Return what stands for the id of a fact among those that are not held any more.

    A UUID stands for itself; a text of another form, which the log never holds, for its digest.
    """
    if len(fact_id) == _UUID_LENGTH:
        try:
            found = bytes.fromhex(fact_id.replace("-", ""))
        except ValueError:
            found = b""
        if len(found) == ID_BYTES:
            return found
    return blake2b(fact_id.encode(), digest_size=ID_BYTES).digest()


def is_among(digest: bytes, digests: bytes) -> bool:
    """Return whether a digest is one of those, which are sorted where there are many."""
    if len(digests) < _SEARCHED_IN_TURN:
        place = digests.find(digest)
        while place % ID_BYTES and place >= 0:
            place = digests.find(digest, place + 1)
        return place >= 0
    low, high = 0, len(digests) // ID_BYTES
    while low < high:
        middle = (low + high) // 2
        start = middle * ID_BYTES
        found = digests[start : start + ID_BYTES]
        if found == digest:
            return True
        if found < digest:
            low = middle + 1
        else:
            high = middle
    return False


def joined(digests: bytes, ids: Iterable[EventId]) -> bytes:
    """Return the digests of more ids among those there are; many are sorted."""
    more = b"".join([digest_of(fact_id) for fact_id in ids])
    if len(digests) + len(more) < _SEARCHED_IN_TURN:
        return digests + more
    digests += more
    known = [digests[i : i + ID_BYTES] for i in range(0, len(digests), ID_BYTES)]
    known.sort()
    return b"".join(known)


def packed(kept: Kept) -> bytes:
    """Return what is kept as bytes."""
    return _ENCODER.encode(kept)


def kept_number(number: int) -> KeptNumber:
    """Return a number as it is kept; `int` makes the same number of it again."""
    return number if _SMALLEST <= number <= _LARGEST else str(number)


def kept_fact(fact: Fact) -> KeptFact:
    """Return a fact as it is kept."""
    return KeptFact(
        fact.id, fact.effective_at, fact.branch_id, fact.source, fact.epoch, fact.sequence,
        fact.data.event_type, _ENCODER.encode(fact.data),
    )  # fmt: skip


def fact_again(kept: KeptFact) -> Fact:
    """Return a fact as it was."""
    return Fact(
        kept.id, kept.effective_at, BranchId(intern(kept.branch_id)), intern(kept.source),
        kept.epoch, kept.sequence, _decoder(kept.kind).decode(kept.data),
    )  # fmt: skip


def kept_facts(facts: Iterable[Fact]) -> list[KeptFact]:
    """Return facts as they are kept."""
    return [kept_fact(fact) for fact in facts]


def facts_again(kept: Iterable[KeptFact]) -> list[Fact]:
    """Return facts as they were."""
    return [fact_again(one) for one in kept]


@cache
def _decoder(kind: str) -> msgspec.msgpack.Decoder[Touchpoint]:
    return msgspec.msgpack.Decoder(touchpoint_type(kind))
