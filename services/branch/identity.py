"""Identities of imported touchpoints: the same row gives the same ones, wherever it stands.

They are derived from the source (branch and mapping), the row's key and the block's name, so
that a second import changes nothing. Nothing of a row's other cells goes in: a row whose content
changed under the same key is a conflict, which the log refuses and the report names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b
from uuid import UUID, uuid5

NAMESPACE = UUID("6f0a1f0e-6a5b-5d0c-9d3e-2b7c1d4e8f90")
"""Namespace of the ids of imported touchpoints; chosen once, never to change."""

_BLOCK_BITS = 4
_KEY_BITS = 58  # with the block's bits below 2**63, the range of the log's sequence numbers


def source_of(branch: str, mapping: str) -> str:
    """Return the envelope's source: what numbers these touchpoints."""
    return f"/branches/{branch}/import-{mapping}"


def event_id(source: str, key: Sequence[str], block: str) -> str:
    """Return the id of the touchpoint that this block makes of the row with this key."""
    return str(uuid5(NAMESPACE, json.dumps([source, *key, block], ensure_ascii=False)))


def sequence(key: Sequence[str], block_number: int) -> int:
    """Return a sequence number that keeps its value when rows move in a later export.

    Within a row the blocks (counted from 1) keep their order; rows have no order among each
    other. Two of 30 million keys share a number with a chance of 0.2 percent; the log would
    then refuse the second as a conflict, never mix them up.
    """
    packed = json.dumps(list(key), ensure_ascii=False).encode()
    digest = int.from_bytes(blake2b(packed, digest_size=8).digest(), "big")
    return (digest >> (64 - _KEY_BITS)) << _BLOCK_BITS | block_number
