"""Codes by time, each taken once; recovery codes however they are typed."""

import base64
import hmac
import re
import struct
from datetime import UTC, datetime, timedelta

import pytest

from services.people.second_factor import (
    address,
    new_recovery_codes,
    new_secret,
    picture,
    recovery_hash,
    step_of,
)

AT = datetime(2026, 3, 20, 10, 0, 17, tzinfo=UTC)
STEP = int(AT.timestamp()) // 30


def by_hand(secret: str, step: int) -> str:
    """Return a code as RFC 6238 and RFC 4226 say it."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def test_the_example_of_the_rfc() -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()
    at = datetime.fromtimestamp(1_111_111_111, UTC)
    assert step_of(secret, "050471", at, None) == 1_111_111_111 // 30


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_clock_may_be_a_step_off(off: int) -> None:
    secret = new_secret()
    code = by_hand(secret, STEP + off)
    assert step_of(secret, f"{code[:3]} {code[3:]}", AT, None) == STEP + off


@pytest.mark.parametrize("off", [-2, 2])
def test_a_code_of_another_time_is_wrong(off: int) -> None:
    secret = new_secret()
    assert step_of(secret, by_hand(secret, STEP + off), AT, None) is None


def test_a_chinese_keyboard_types_codes_in_full_width() -> None:
    secret = new_secret()
    code = by_hand(secret, STEP).translate({ord("0") + i: ord("０") + i for i in range(10)})
    assert step_of(secret, code, AT, None) == STEP


def test_a_code_is_good_once_and_none_before_it_either() -> None:
    secret = new_secret()
    assert step_of(secret, by_hand(secret, STEP), AT, STEP) is None
    assert step_of(secret, by_hand(secret, STEP - 1), AT, STEP) is None
    later = AT + timedelta(seconds=30)
    assert step_of(secret, by_hand(secret, STEP + 1), later, STEP) == STEP + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345"])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert step_of(new_secret(), code, AT, None) is None


def test_recovery_codes_are_ten_different_ones_however_typed() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    kept = recovery_hash(codes[0])
    assert kept is not None
    assert recovery_hash(codes[0].lower()) == kept
    assert recovery_hash(codes[0].replace("-", " ")) == kept
    assert recovery_hash(codes[0].replace("-", "")) == kept
    assert recovery_hash(codes[1]) != kept
    assert recovery_hash(codes[0][:-1]) is None
    assert recovery_hash("123456") is None


def test_the_picture_has_nothing_that_a_page_forbids() -> None:
    secret = new_secret()
    where = address(secret, "SH-S4", "Touchstone")
    assert where.startswith("otpauth://totp/Touchstone:SH-S4?")
    assert f"secret={secret}" in where
    drawn = picture(where)
    assert drawn.startswith("<svg")
    assert not re.search(r"style=|<style|<script|\son\w+=", drawn)
