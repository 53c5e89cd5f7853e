"""Whether a webhook is from whom it says: over the bytes received, compared in constant time.

Several secrets may hold at once, so that one can follow another without a message lost.
"""

from __future__ import annotations

import base64
import hmac
import html
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

TOLERANCE_S = 300
"""How far a message's own time may be from ours, either way."""


def is_signed(
    scheme: str, body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime
) -> bool:
    """Tell whether one of the secrets signed a message; its headers' names are in small letters."""
    check = _SCHEMES[scheme]
    return any(check(body, headers, secret, now) for secret in secrets)


def is_key(given: str, secrets: Sequence[str]) -> bool:
    """Tell whether a key is one of the secrets."""
    return any(hmac.compare_digest(given.encode(), one.encode()) for one in secrets)


def _woocommerce(body: bytes, headers: Mapping[str, str], secret: str, _: datetime) -> bool:
    """WooCommerce signs under its secret as HTML unescapes it."""
    key = html.unescape(secret).encode()
    return _is_base64(headers.get("x-wc-webhook-signature", ""), _hmac(key, body))


def _shopify(body: bytes, headers: Mapping[str, str], secret: str, _: datetime) -> bool:
    return _is_base64(headers.get("x-shopify-hmac-sha256", ""), _hmac(secret.encode(), body))


def _stripe(body: bytes, headers: Mapping[str, str], secret: str, now: datetime) -> bool:
    """Stripe signs `time.body`; its own library takes any time in the future."""
    parts = [one.partition("=") for one in headers.get("stripe-signature", "").split(",")]
    times = [value for name, _, value in parts if name.strip() == "t"]
    if len(times) != 1 or not times[0].isdecimal() or len(times[0]) > 12:
        return False
    if abs(now.timestamp() - int(times[0])) > TOLERANCE_S:
        return False
    expected = _hmac(secret.encode(), times[0].encode() + b"." + body).hex()
    given = [value for name, _, value in parts if name.strip() == "v1"]
    return any(hmac.compare_digest(one.encode(), expected.encode()) for one in given)


def _standard(body: bytes, headers: Mapping[str, str], secret: str, _: datetime) -> bool:
    """Standard Webhooks v1; the library keeps the tolerance by this machine's clock."""
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):  # also what is no base64, or no UTF-8
        return False
    return True


_SCHEMES: Mapping[str, Callable[[bytes, Mapping[str, str], str, datetime], bool]] = {
    "woocommerce": _woocommerce,
    "shopify": _shopify,
    "stripe": _stripe,
    "standard": _standard,
}

SIGNED = frozenset(_SCHEMES)
"""Formats whose messages are signed; others come with a key in the address."""


def _hmac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")


def _is_base64(given: str, expected: bytes) -> bool:
    return hmac.compare_digest(given.strip().encode(), base64.b64encode(expected))
