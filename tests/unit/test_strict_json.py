"""Values are counted while a text arrives, wherever it is cut."""

import json
from random import Random

import pytest

from services.web.strict_json import Tally, TooManyValues


def values(parsed: object) -> int:
    """How many values a parsed text holds, itself included."""
    if isinstance(parsed, list):
        return 1 + sum(map(values, parsed))
    if isinstance(parsed, dict):
        return 1 + sum(map(values, parsed.values()))
    return 1


TEXTS = [
    '[1, "a, b", {"c": [], "d": {}}]',
    r'["\"", "\\", "\\\"", ",[{", "\\\\", {"\",": "[", "e": [[[1]]]}]',
    '"only a text, with [ and {"',
    json.dumps([{"a": "x" * 50, "b": [None, True, 1.5]}] * 20),
]


def most_needed(text: bytes, pieces: list[bytes]) -> int:
    """The smallest number that a tally of these pieces lets pass."""
    for most in range(len(text) + 1):
        tally = Tally(most)
        try:
            for piece in pieces:
                tally.add(piece)
        except TooManyValues:
            continue
        return most
    raise AssertionError("a tally counts no more than there are bytes")


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_counts_as_many_values_as_it_has_wherever_it_is_cut(text: str) -> None:
    dice, body = Random(7), text.encode()
    counts = set()
    for _ in range(20):
        cuts = sorted(dice.sample(range(len(body)), min(len(body), dice.randrange(1, 12))))
        pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
        counts.add(most_needed(body, pieces))
    counts.add(most_needed(body, [body[i : i + 1] for i in range(len(body))]))
    [count] = counts
    empty = text.count("[]") + text.count("{}")
    assert values(json.loads(text)) - 1 <= count <= values(json.loads(text)) + empty


def test_the_first_value_too_many_ends_the_reading() -> None:
    tally = Tally(10)
    for _ in range(5):
        tally.add(b"[1,")
    with pytest.raises(TooManyValues):
        tally.add(b"[1,")
