"""What imported touchpoints are numbered by: the same row gives the same, wherever it stands.

Their ids are derived from the source (branch and mapping), the row's key and the block's name
(`events.derived_ids`).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

_BLOCK_BITS = 4
_KEY_BITS = 58  # with the block's bits below 2**63, the range of the log's sequence numbers


def source_of(branch: str, mapping: str) -> str:
    """Return the envelope's source: what numbers these touchpoints."""
    return f"/branches/{branch}/import-{mapping}"


def sequence(key: Sequence[str], block_number: int) -> int:
    """Return a sequence number that keeps its value when rows move in a later export.

    Within a row the blocks (counted from 1) keep their order; rows have no order among each
    other. Two of 30 million keys share a number with a chance of 0.2 percent; the log would
    then refuse the second as a conflict, never mix them up.
    """
    digest = blake2b(msgspec.json.encode(key), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - _KEY_BITS)) << _BLOCK_BITS | block_number
