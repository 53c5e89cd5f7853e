"""The doors under attack."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from tests.bench.tables.rows import table


class Beside(Struct, frozen=True):
    """A door's p99 in milliseconds, undisturbed and under attack."""

    undisturbed: float
    attacked: float
    ratio: float


class Figures(Struct, frozen=True):
    """What the bench of the doors says."""

    rounds: int
    visits: int
    p99_ms: Mapping[str, Mapping[str, Beside]]


def rendered(figures: msgspec.Raw) -> list[str]:
    """Return the section's lines."""
    found = msgspec.json.decode(figures, type=Figures)
    return table(
        ["attack", "gateway, p99 in ms", "console, p99 in ms"],
        ([name, _cell(at["gateway"]), _cell(at["console"])] for name, at in found.p99_ms.items()),
    )


def _cell(one: Beside) -> str:
    return f"{one.undisturbed:g}, attacked {one.attacked:g} ({one.ratio:.2f})"
