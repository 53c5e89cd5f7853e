"""The second factor: codes by time (TOTP, RFC 6238), and recovery codes for a lost phone."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import secrets
import unicodedata
from datetime import datetime
from hmac import compare_digest

import pyotp
import segno

_STEP_S = 30
_CODE = re.compile(r"[0-9]{6}")
_RECOVERY_CODES = 10
_RECOVERY = re.compile(r"[A-Z2-7]{16}")


def new_secret() -> str:
    """Return the secret that a phone and the platform share: 160 random bits in base32."""
    return pyotp.random_base32()


def address(secret: str, staff_id: str, company: str) -> str:
    """Return the address by which an authenticator app takes a secret in."""
    return pyotp.TOTP(secret).provisioning_uri(name=staff_id, issuer_name=company)


def picture(text: str) -> str:
    """Return a text as a QR code: an SVG element without anything that a page forbids."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(
        drawn, kind="svg", scale=5, border=3, xmldecl=False, svgns=False, light="#fff"
    )
    return drawn.getvalue().decode()


def step_of(secret: str, code: str, at: datetime, last_step: int | None) -> int | None:
    """Return which step of time a code is of, None where it is wrong or was used.

    A clock may be a step off. A code is taken once: only of a later step than the last one.
    """
    digits = "".join(_plain(code).split())
    if not _CODE.fullmatch(digits):
        return None
    totp = pyotp.TOTP(secret)
    now = int(at.timestamp()) // _STEP_S
    found = None
    for step in (now - 1, now, now + 1):
        if compare_digest(totp.at(step * _STEP_S), digits):
            found = step
    return None if found is None or (last_step is not None and found <= last_step) else found


def new_recovery_codes() -> tuple[str, ...]:
    """Return ten codes, each good once instead of a phone's: 80 random bits."""
    return tuple(_recovery_code() for _ in range(_RECOVERY_CODES))


def recovery_hash(code: str) -> bytes | None:
    """Return what is kept of a recovery code, None where the text is none."""
    letters = _plain(code).upper().replace("-", "").replace(" ", "")
    if not _RECOVERY.fullmatch(letters):
        return None
    return hashlib.sha256(letters.encode("ascii")).digest()


def _plain(code: str) -> str:
    """Return a code as it is meant where a Chinese keyboard typed it, in full width."""
    return unicodedata.normalize("NFKC", code)


def _recovery_code() -> str:
    letters = base64.b32encode(secrets.token_bytes(10)).decode("ascii")
    return "-".join(letters[i : i + 4] for i in range(0, 16, 4))
