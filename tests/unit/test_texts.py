"""A text that is kept can be told in another language on another day."""

import json
from decimal import Decimal

import pytest

from events.texts import either, spelled, told, unspelled, worded

GERMAN = {
    "is %(kind)s instead of %(wanted)s": "ist %(kind)s statt %(wanted)s",
    "a text": "ein Text",
    "a number": "eine Zahl",
    "%(others)s or %(last)s": "%(others)s oder %(last)s",
}


def in_german(text: str) -> str:
    return GERMAN.get(text, text)


def kept(text: str) -> str:
    """Return a text as it is after it was written down and read again."""
    return unspelled(json.loads(json.dumps(spelled(text))))


def test_what_was_kept_is_told_with_all_that_it_names() -> None:
    wanted = either([worded("a number"), worded("a text")])
    text = worded("is %(kind)s instead of %(wanted)s", kind="100% wool", wanted=wanted)
    assert kept(text) == "is 100% wool instead of a number or a text"
    assert told(kept(text), in_german) == "ist 100% wool statt eine Zahl oder ein Text"


def test_numbers_stay_numbers_and_others_are_written() -> None:
    text = worded("%(n)05d of %(amount)s", n=12, amount=Decimal("1.50"))
    assert kept(text) == text == "00012 of 1.50"


def test_a_text_that_nobody_worded_stays_as_it_is() -> None:
    assert kept("50% off") == "50% off"
    assert told(kept(worded("50% off")), in_german) == "50% off"


@pytest.mark.parametrize("data", [None, 1, [], {}, {"text": 1}, {"text": "a", "other": 1}])
def test_what_is_no_text_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="no text"):
        unspelled(data)
