"""Opaque, signed places in a list, by which a reader asks for the next page.

A cursor holds the sort values of the last row shown and is bound to the query it came from.
Signed, so that nobody probes values of rows by making cursors up.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from events.texts import worded
from services.console.shared.refusals import BadParameter

_MAC_BYTES = 16

CursorValue = str | int


class BadCursor(BadParameter):
    """The cursor was not issued for this query by this platform, or was cut short."""

    def __init__(self) -> None:
        super().__init__(
            "cursor",
            worded("the cursor belongs to another query, or was cut short"),
            worded("start again without it"),
        )


class CursorSigner:
    """Seals and opens cursors under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, query: str, place: tuple[CursorValue, ...]) -> str:
        """Return the cursor of a place within a query."""
        body = msgspec.msgpack.encode(place)
        return base64.urlsafe_b64encode(self._mac(query, body) + body).rstrip(b"=").decode()

    def open(
        self, query: str, cursor: str, shape: tuple[type[CursorValue], ...]
    ) -> tuple[CursorValue, ...]:
        """Return the place a cursor stands for. Raises: BadCursor."""
        try:
            sealed = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (ValueError, binascii.Error) as error:
            raise BadCursor() from error
        mac, body = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(query, body)):
            raise BadCursor()
        place: tuple[CursorValue, ...] = msgspec.msgpack.decode(body, type=tuple[str | int, ...])
        if tuple(type(value) for value in place) != shape:
            raise BadCursor()
        return place

    def _mac(self, query: str, body: bytes) -> bytes:
        message = hashlib.sha256(query.encode()).digest() + body
        return hmac.new(self._key, message, hashlib.sha256).digest()[:_MAC_BYTES]
