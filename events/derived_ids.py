"""Ids of touchpoints that are made of what another system says: the same key gives the same id.

They are derived from the source, the key of the row or line and the block's name, so that reading
the same thing again changes nothing. Nothing else of a row goes in: a row whose content changed
under the same key is a conflict, which the log refuses and the report names.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1
from uuid import UUID

import msgspec

NAMESPACE = UUID("6f0a1f0e-6a5b-5d0c-9d3e-2b7c1d4e8f90")
"""Namespace of the ids of derived touchpoints; chosen once, never to change."""


def derived_id(source: str, key: Sequence[str], block: str) -> str:
    """Return the id of the touchpoint that a block makes of what has this key.

    It is uuid5(NAMESPACE, the JSON array of source, key and block), computed here because the
    standard library's function takes as long as all of a row's other conversions together.
    """
    name = msgspec.json.encode([source, *key, block])
    digest = bytearray(sha1(NAMESPACE.bytes + name, usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
