"""MT940: signs by the mark, equal lines told apart, and balances that prove both."""

from __future__ import annotations

import random
import re

import pytest

from services.connectors.document import DocumentRefused
from services.connectors.ports import MadeEvent
from tests.support.bank_cases import (
    CASES,
    as_expected,
    books_of,
    config_of,
    expected_of,
    feed_of,
    hand_in,
)

CASE = "v2-mt940-reversal-equal-lines"
BODY = (CASES / CASE / "statement.sta").read_bytes()
ENTRY = re.compile(rb":61:.*?(?=:61:|:62)", re.DOTALL)


def test_the_case_comes_out_as_expected() -> None:
    config = config_of(CASE)
    touchpoints, expected = expected_of(CASE)
    made = hand_in(BODY, feed_of(config), books_of(config))
    assert as_expected(made.events) == touchpoints
    assert not any(one.for_worklist for one in made.events)
    assert [{"why": one.why} for one in made.ignored] == expected["ignored"]


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_entries_and_a_second_delivery_change_nothing(seed: int) -> None:
    entries = ENTRY.findall(BODY)
    random.Random(seed).shuffle(entries)
    shuffled = iter(entries)
    config = config_of(CASE)
    books = books_of(config)
    body = ENTRY.sub(lambda _: next(shuffled), BODY)
    first = hand_in(body, feed_of(config), books, at_once=1 + seed)
    assert as_expected(first.events) == expected_of(CASE)[0]
    assert hand_in(BODY, feed_of(config), books).events == []


def test_two_files_give_what_one_gives() -> None:
    entries = ENTRY.findall(BODY)
    config = config_of(CASE)
    books = books_of(config)
    made: list[MadeEvent] = []
    for part, opening, closing in (
        (entries[:3], b"0,00", b"1350,00"),
        (entries[3:], b"1350,00", b"1312,30"),
    ):
        found = iter([b"".join(part)])
        body = ENTRY.sub(lambda _, found=found: next(found, b""), BODY)  # type: ignore[misc]
        body = body.replace(b"EUR0,00", b"EUR" + opening).replace(b"EUR1312,30", b"EUR" + closing)
        made += hand_in(body, feed_of(config), books).events
    assert as_expected(made) == expected_of(CASE)[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"EUR1312,30", b"EUR1412,30", "10000 minor units of EUR"),
        (b"RC50,00", b"C50,00", "-10000 minor units of EUR"),
        (b"37040044/0532013000", b"37040044/0532013001", "the feed is of"),
        (b":61:260102", b":61:261302", "no MT940 that can be read"),
        (BODY, b"hello", "no MT940"),
    ],
)
def test_a_document_that_cannot_be_right_is_refused_whole(
    old: bytes, new: bytes, said: str
) -> None:
    config = config_of(CASE)
    with pytest.raises(DocumentRefused, match=said):
        hand_in(BODY.replace(old, new), feed_of(config), books_of(config))
