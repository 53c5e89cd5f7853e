"""The oracle of the rivals finds every kind of fault, and the bench still runs."""

import json

import pytest

from tests.bench.rivals.__main__ import bench
from tests.bench.rivals.clients import Won
from tests.bench.rivals.oracle import Found, Held, judge

WON = [Won(0, 1, ("a", "b"), 0.1), Won(1, 1, ("c", "d"), 0.1), Won(0, 2, ("e", "f"), 0.1)]
HELD: list[Held] = [
    ("/cases/case-1", 1, "a"),
    ("/cases/case-1", 2, "b"),
    ("/cases/case-1", 3, "c"),
    ("/cases/case-1", 4, "d"),
    ("/cases/case-2", 1, "e"),
    ("/cases/case-2", 2, "f"),
]


def without(*ids: str) -> list[Held]:
    return [one for one in HELD if one[2] not in ids]


@pytest.mark.parametrize(
    ("won", "held", "found"),
    [
        (WON, HELD, Found(0, 0, 0, 0, 0)),
        (WON, without("e", "f"), Found(2, 0, 0, 1, 0)),
        (WON, without("b"), Found(1, 0, 1, 1, 0)),
        (WON, [*HELD, ("/cases/case-1", 4, "d")], Found(0, 1, 0, 0, 0)),
        ([*WON, WON[2]], HELD, Found(0, 2, 0, 0, 0)),
        (WON, [*without("d"), ("/cases/case-1", 6, "d")], Found(0, 0, 2, 1, 0)),
        (WON, [*without("f"), ("/cases/case-1", 5, "f")], Found(0, 0, 0, 1, 0)),
        (WON[:2], HELD, Found(0, 0, 0, 0, 2)),
    ],
    ids=["right", "lost", "half", "twice", "told twice", "gap", "elsewhere", "strange"],
)
def test_the_oracle_tells_what_is_wrong(won: list[Won], held: list[Held], found: Found) -> None:
    assert judge(won, held) == found


@pytest.mark.bench
@pytest.mark.postgres
@pytest.mark.parametrize("log", ["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def test_the_rivals_run_and_say_their_figures(log: str) -> None:
    said: list[str] = []
    assert bench([log], 3, 5, 1.0, said.append) == 0
    [figures] = json.loads(said[-1])["figures"]
    for side in ("commands", "bare", "library", "served", "bare_served"):
        assert figures[side]["commands"] > 0
    assert figures["found"] == {"lost": 0, "doubled": 0, "gaps": 0, "torn": 0, "strange": 0}
