"""Signed notes as C2SP has them: a text is believed once a known key has signed it.

https://c2sp.org/signed-note
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from touchstone_branch.errors import ReceiptUnsound

_ED25519 = 1
_MOST_SIGNATURES = 100


@dataclass(frozen=True, slots=True)
class Verifier:
    """A key that notes are checked with, and its name."""

    name: str
    key_id: bytes
    public: bytes

    @classmethod
    def read(cls, text: str) -> Verifier:
        """Return the key that `touchstone receipt key` prints. Raises: ReceiptUnsound."""
        parts = text.strip().split("+", 2)
        try:
            name, hexed, encoded = parts
            key_id, raw = bytes.fromhex(hexed), base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise ReceiptUnsound(
                "this is no key for receipts: give what `touchstone receipt key` prints"
            ) from error
        right = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
        if len(raw) != 33 or raw[0] != _ED25519 or key_id != right:
            raise ReceiptUnsound(
                "this key for receipts is damaged: copy what `touchstone receipt key` prints whole"
            )
        return cls(name, key_id, raw[1:])

    def __str__(self) -> str:
        """Write the key as it is read."""
        encoded = base64.b64encode(bytes([_ED25519]) + self.public).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def opened(self, note: str) -> str:
        """Return the text of a note that this key has signed. Raises: ReceiptUnsound."""
        text, separator, block = note.rpartition("\n\n")
        if not separator or not block.endswith("\n"):
            raise ReceiptUnsound("this is no signed note: it has no signature")
        text += "\n"
        if any(ord(character) < 0x20 and character != "\n" for character in text):
            raise ReceiptUnsound("a signed note holds no control characters")
        for line in block.splitlines()[:_MOST_SIGNATURES]:
            if self._has_signed(text, line):
                return text
        raise ReceiptUnsound(f"{self.name} has not signed this note")

    def _has_signed(self, text: str, line: str) -> bool:
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ReceiptUnsound("a signature line of the note is damaged") from error
        if dash != "\N{EM DASH}" or not name or len(raw) < 5:
            raise ReceiptUnsound("a signature line of the note is damaged")
        if (name, raw[:4]) != (self.name, self.key_id):
            return False  # another key's: not ours to judge
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(raw[4:], text.encode())
        except InvalidSignature as error:
            raise ReceiptUnsound(f"the signature of {self.name} is wrong") from error
        return True
