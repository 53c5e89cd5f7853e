"""Signatures of webhooks, by the senders' own rules and by samples that were recorded."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook

from services.connectors.transports.signatures import is_key, is_signed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BODY = '{"total": "1.00", "name": "王"}'.encode()
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()


def sha256(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def stripe(secret: str, at: datetime, *, times: int = 1, scheme: str = "v1") -> dict[str, str]:
    t = str(int(at.timestamp()))
    signature = sha256(secret.encode(), t.encode() + b"." + BODY).hex()
    return {"stripe-signature": ",".join([f"t={t}"] * times + [f"{scheme}={signature}"])}


def test_recorded_deliveries_of_a_shop_pass_but_the_one_that_was_changed() -> None:
    recorded = (Path(__file__).parent / "data" / "woocommerce.json").read_bytes()
    deliveries = msgspec.json.decode(recorded, type=list[dict[str, object]])
    verdicts = []
    for one in deliveries:
        headers = {k.lower(): v for k, v in dict(one["headers"]).items()}  # type: ignore[call-overload]
        body = str(one["body"]).encode()
        verdicts.append(is_signed("woocommerce", body, headers, ["s&amp;cret-of-the-shop"], NOW))
    assert verdicts == [True] * 5 + [False]


def test_a_shops_signature_is_over_the_bytes_as_they_came() -> None:
    header = {"x-shopify-hmac-sha256": base64.b64encode(sha256(b"key", BODY)).decode()}
    assert is_signed("shopify", BODY, header, ["key"], NOW)
    again = msgspec.json.encode(msgspec.json.decode(BODY))
    assert not is_signed("shopify", again, header, ["key"], NOW)
    assert not is_signed("shopify", BODY, {}, ["key"], NOW)


@pytest.mark.parametrize("secrets", [["new", "key"], ["key", "new"]])
def test_the_old_secret_holds_until_it_is_ended(secrets: list[str]) -> None:
    header = {"x-shopify-hmac-sha256": base64.b64encode(sha256(b"key", BODY)).decode()}
    assert is_signed("shopify", BODY, header, secrets, NOW)
    assert not is_signed("shopify", BODY, header, ["new"], NOW)


@pytest.mark.parametrize(
    ("seconds", "passes"), [(0, True), (-299, True), (-301, False), (301, False)]
)
def test_a_time_too_far_either_way_is_refused(seconds: int, passes: bool) -> None:
    headers = stripe("key", NOW + timedelta(seconds=seconds))
    assert is_signed("stripe", BODY, headers, ["key"], NOW) is passes


def test_a_time_given_twice_or_another_scheme_is_refused() -> None:
    assert not is_signed("stripe", BODY, stripe("key", NOW, times=2), ["key"], NOW)
    assert not is_signed("stripe", BODY, stripe("key", NOW, scheme="v0"), ["key"], NOW)
    assert not is_signed("stripe", BODY, {"stripe-signature": "t=,v1="}, ["key"], NOW)


def test_standard_webhooks_pass_and_what_is_malformed_does_not() -> None:
    now = datetime.now(UTC)
    signature = Webhook(SECRET).sign("m-1", now, BODY.decode())
    headers = {
        "webhook-id": "m-1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": f"v1a,xx {signature}",
    }
    assert is_signed("standard", BODY, headers, [SECRET], now)
    for wrong in ("v1", "v1,!", "", signature[:-2]):
        assert not is_signed(
            "standard", BODY, headers | {"webhook-signature": wrong}, [SECRET], now
        )
    assert not is_signed("standard", b"\xff", headers, [SECRET], now)
    late = headers | {"webhook-timestamp": str(int(now.timestamp()) - 400)}
    assert not is_signed("standard", BODY, late, [SECRET], now)


def test_a_key_is_one_of_those_that_hold() -> None:
    assert is_key("b", ["a", "b"])
    assert not is_key("", ["a"])
    assert not is_key("a", [])
