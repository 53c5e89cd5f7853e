"""What one subject's key does: seal and open personal fields, and digest content."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from services.errors import TouchstoneError

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"
"""First byte of everything sealed: AES-256-GCM, a random nonce, then the ciphertext."""


class SubjectErased(TouchstoneError):
    """The subject's key is destroyed: no personal data of it is taken any more."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"{subject} was erased; nothing personal about it can be kept")
        self.subject = subject


class SealBroken(TouchstoneError):
    """Sealed fields were altered, or belong to another subject or event."""


def derived(key: bytes, purpose: bytes) -> bytes:
    """Return a key for one purpose alone (HKDF-Expand, RFC 5869, of a uniform key)."""
    return HKDFExpand(SHA256(), KEY_BYTES, b"touchstone v1 " + purpose).derive(key)


class SubjectKey:
    """The key of one subject, unwrapped; `erased` tells that it was destroyed.

    Sealing and digesting use keys of their own, derived from the subject's. What is sealed
    is bound to subject and event, so that it cannot be moved to another.
    """

    __slots__ = ("_aead", "_mac_key", "subject")

    def __init__(self, subject: str, key: bytes | None, erased_mac_key: bytes) -> None:
        """Hold the subject's key, or after erasure only a key to digest what is not personal."""
        self.subject = subject
        self._aead = None if key is None else AESGCM(derived(key, b"seal"))
        self._mac_key = erased_mac_key if key is None else derived(key, b"digest")

    @property
    def erased(self) -> bool:
        """Tell whether the subject's key was destroyed."""
        return self._aead is None

    def seal(self, event_id: str, fields: Mapping[str, str]) -> bytes:
        """Return the fields encrypted. Raises: SubjectErased."""
        if self._aead is None:
            raise SubjectErased(self.subject)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        plain = msgspec.json.encode(fields, order="sorted")
        return _FORMAT + nonce + self._aead.encrypt(nonce, plain, self._bound_to(event_id))

    def open(self, event_id: str, sealed: bytes) -> Mapping[str, str] | None:
        """Return the fields, or None after erasure. Raises: SealBroken."""
        if self._aead is None:
            return None
        nonce, cipher = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if not sealed.startswith(_FORMAT) or len(nonce) != _NONCE_BYTES:
                raise InvalidTag
            plain = self._aead.decrypt(nonce, cipher, self._bound_to(event_id))
        except InvalidTag as error:
            raise SealBroken(
                f"the personal fields of event {event_id} do not open with the key of "
                f"{self.subject}: they were altered or belong to another"
            ) from error
        return msgspec.json.decode(plain, type=dict[str, str])

    def digest(self, content: bytes) -> bytes:
        """Return the HMAC-SHA-256 of content."""
        return hmac.digest(self._mac_key, content, "sha256")

    def _bound_to(self, event_id: str) -> bytes:
        return f"{self.subject}\x00{event_id}".encode()
