"""Random tokens that are shown once: sessions, one-time links; only their hashes are kept."""

from __future__ import annotations

import hashlib
import re
import secrets

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    """Return 256 random bits in 43 characters."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> bytes | None:
    """Return what is kept of a token, None where it is no token at all.

    It is random, so that one round of SHA-256 is enough, and looking the hash up leaks nothing.
    """
    if not _TOKEN.fullmatch(token):
        return None
    return hashlib.sha256(token.encode("ascii")).digest()
