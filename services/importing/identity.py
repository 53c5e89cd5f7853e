"""Identities of imported touchpoints: the same row gives the same ones, wherever it stands.

They are derived from the source (branch and mapping), the row's key and the block's name, so
that a second import changes nothing. Nothing of a row's other cells goes in: a row whose content
changed under the same key is a conflict, which the log refuses and the report names.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b, sha1
from uuid import UUID

import msgspec

NAMESPACE = UUID("6f0a1f0e-6a5b-5d0c-9d3e-2b7c1d4e8f90")
"""Namespace of the ids of imported touchpoints; chosen once, never to change."""

_BLOCK_BITS = 4
_KEY_BITS = 58  # with the block's bits below 2**63, the range of the log's sequence numbers


def source_of(branch: str, mapping: str) -> str:
    """Return the envelope's source: what numbers these touchpoints."""
    return f"/branches/{branch}/import-{mapping}"


def event_id(source: str, key: Sequence[str], block: str) -> str:
    """Return the id of the touchpoint that this block makes of the row with this key.

    It is uuid5(NAMESPACE, the JSON array of source, key and block), computed here because the
    standard library's function takes as long as all of the row's other conversions together.
    """
    name = msgspec.json.encode([source, *key, block])
    digest = bytearray(sha1(NAMESPACE.bytes + name, usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def sequence(key: Sequence[str], block_number: int) -> int:
    """Return a sequence number that keeps its value when rows move in a later export.

    Within a row the blocks (counted from 1) keep their order; rows have no order among each
    other. Two of 30 million keys share a number with a chance of 0.2 percent; the log would
    then refuse the second as a conflict, never mix them up.
    """
    digest = blake2b(msgspec.json.encode(key), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - _KEY_BITS)) << _BLOCK_BITS | block_number
