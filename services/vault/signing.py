"""What the platform signs, as C2SP signed notes: anybody with the public key checks it offline.

https://c2sp.org/signed-note: a text that ends with a line end, an empty line, and a line for each
signature. The key is Ed25519, made once, and its private half lies under a key of the vault.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.errors import UsageError
from services.ports import Clock
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql
from services.vault.vault import PostgresVault

RECEIPTS = "receipts"
"""What the key signs: what the platform holds of a source, and headquarters' words."""

_SUBJECT, _SEALED_AS = "vault:signing", "signing key "
_ED25519 = b"\x01"
_ORIGIN = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")


class Signer:
    """Signs texts under one name; `verifier` is what others check them with."""

    __slots__ = ("_key", "_key_id", "origin", "verifier")

    def __init__(self, origin: str, key: Ed25519PrivateKey) -> None:
        """Sign as `origin`."""
        public = key.public_key().public_bytes_raw()
        named = origin.encode() + b"\n" + _ED25519 + public
        self._key = key
        self._key_id = hashlib.sha256(named).digest()[:4]
        self.origin = origin
        self.verifier = f"{origin}+{self._key_id.hex()}+{_base64(_ED25519 + public)}"

    def note(self, text: str) -> str:
        """Return a text as a signed note.

        It ends with a line end and has no other control character: whoever makes it sees to that.
        """
        assert text.endswith("\n"), "a note's text ends with a line end"
        signature = _base64(self._key_id + self._key.sign(text.encode()))
        return f"{text}\n\N{EM DASH} {self.origin} {signature}\n"


def is_origin(name: str) -> bool:
    """Tell whether a name can be a key's: no blanks, no plus, nothing that nobody sees."""
    return _ORIGIN.fullmatch(name) is not None


async def signer_of(
    pool: Pool, vault: PostgresVault, clock: Clock, origin: str | None = None
) -> Signer:
    """Return the platform's signer; the first call makes its key, under a name or one of its own.

    Raises: UsageError, where the key was made under another name; Unavailable, MasterKeyUnusable.
    """
    row = await retried(lambda: pool.fetchrow(sql("signing_key"), RECEIPTS))
    if row is None:
        await _make(pool, vault, clock, origin or f"touchstone.invalid/{secrets.token_hex(8)}")
        row = await retried(lambda: pool.fetchrow(sql("signing_key"), RECEIPTS))
        assert row is not None, "it was made now, by this process or another"
    if origin is not None and origin != row["origin"]:
        raise UsageError(
            f"receipts are signed as {row['origin']} already, and what was signed must stay "
            f"checkable: set TOUCHSTONE_ORIGIN to {row['origin']}, or leave it unset"
        )
    opened = await vault.open(_SUBJECT, _SEALED_AS + RECEIPTS, row["sealed"])
    assert opened is not None, "nobody erases the platform"
    seed = base64.b64decode(opened["ed25519"])
    return Signer(row["origin"], Ed25519PrivateKey.from_private_bytes(seed))


async def _make(pool: Pool, vault: PostgresVault, clock: Clock, origin: str) -> None:
    if not is_origin(origin):
        raise UsageError(
            f"{origin!r} is no name for a key: 1 to 200 characters without blanks and plus signs, "
            "best an address without its scheme, such as crm.example.com"
        )
    key = Ed25519PrivateKey.generate()
    sealed = await vault.seal(
        _SUBJECT, _SEALED_AS + RECEIPTS, {"ed25519": _base64(key.private_bytes_raw())}
    )
    public = key.public_key().public_bytes_raw()
    await retried(
        lambda: pool.execute(sql("signing_key_add"), RECEIPTS, origin, public, sealed, clock.now())
    )


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
