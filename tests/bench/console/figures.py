"""What `make bench-console` says on its last line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct, structs

from tests.bench.console.cold import Cold

GOAL_MS = 100.0
GOAL_RATIO = 1.0
GOAL_WAIT_S = 1.0
GOAL_MB = 0.3
GOAL_PAINT_MS = 300.0
GOAL_KB = 60.0


class Options(Struct, frozen=True, kw_only=True):
    """How much to measure."""

    customers: int = 1_000_000
    base: int = 1_000  # customers of the company that is multiplied
    with_events: int = 10_000  # customers who have all their events, not their rows alone
    rounds: int = 3
    viewers: int = 50
    rate: int = 200  # events a second
    per_page: int = 20  # requests of each page in a round
    pace: float = 15.0  # requests a second, of all viewers together
    visits: int = 5  # of a browser


QUICK = Options(
    customers=400, base=20, with_events=20, rounds=1, viewers=3, rate=20, per_page=2, pace=20.0,
    visits=1,
)  # fmt: skip
"""A look in some seconds: whether it runs, not what it says."""


class Times(Struct, frozen=True, kw_only=True):
    """To the first byte, in milliseconds; the medians of the rounds, and of p95 the extremes."""

    p50: float
    p95: float
    least_p95: float
    most_p95: float
    cpu_ms: float | None = None  # of console and PostgreSQL, for each request, nothing else asked
    kb: float | None = None


class PageFigures(Struct, frozen=True, kw_only=True):
    """A page, or a filter of it, on each side that has it; and the bare query of its rows."""

    name: str
    path: str
    sides: Mapping[str, Times]
    bare: Times | None
    ratio_p50: float | None = None  # this build to the earlier one: below 1 it is faster
    ratio_p95: float | None = None
    least_ratio: float | None = None  # of p95, in a round
    most_ratio: float | None = None
    ratio_cpu: float | None = None


class Waited(Struct, frozen=True, kw_only=True):
    """How long events took from their answer to an open page, in seconds."""

    events: int
    p50: float
    p99: float


Judged = Literal["clock", "processor", "count"]
"""By what a target is judged: on a machine that others keep busy the clock tells of their work."""


class Target(Struct, frozen=True, kw_only=True):
    """What was to be reached at most, the worst that was found, and where it was missed."""

    name: str
    goal: float
    by: Judged
    worst: float | None  # None: it was not measured
    missed: Sequence[str] = ()

    @property
    def holds(self) -> bool:
        """Return whether it was reached."""
        return self.worst is not None and not self.missed

    @property
    def result(self) -> str:
        """Return whether it was reached, in words."""
        if self.worst is None:
            return "not measured"
        return f"missed by {len(self.missed)}" if self.missed else "holds"


class Figures(Struct, frozen=True, kw_only=True):
    """What the last line says."""

    options: Options
    customers: int
    rows: int
    events: int
    loads: Sequence[float]  # of the machine, as each round began
    pages: Sequence[PageFigures]
    waited: Waited | None
    cold: Mapping[str, Cold]
    mb_per_viewer: Mapping[str, float]
    left_out: Mapping[str, str]
    cores: int = 0
    targets: Sequence[Target] = ()
    holds: Sequence[str] = ()  # the names of those that were reached


def judged(figures: Figures, this: str) -> Figures:
    """Return the figures with the targets of a build, and which of them hold."""
    pages = {one.name: one.sides[this] for one in figures.pages}
    searches = {name for name in pages if name.startswith(_SEARCHES)}
    ratios = {one.name: one.ratio_cpu for one in figures.pages if one.ratio_cpu is not None}
    cold = figures.cold.get(this)
    waited = figures.waited
    targets = [
        _target("first byte of pages and filters, p95 in ms", GOAL_MS, "clock",
                {name: one.p95 for name, one in pages.items() if name not in searches}),
        _target("first byte of searches, p95 in ms", GOAL_MS, "clock",
                {name: pages[name].p95 for name in searches}),
        _target("processor time, to the earlier build", GOAL_RATIO, "processor", ratios),
        _target("processor time of a page, in ms", GOAL_MS, "processor",
                {name: one.cpu_ms for name, one in pages.items() if one.cpu_ms is not None}),
        _target("the overview cold, first paint in ms", GOAL_PAINT_MS, "clock",
                {"overview": cold.first_paint_ms} if cold else {}),
        _target("the overview cold, kB", GOAL_KB, "count", {"overview": cold.kb} if cold else {}),
        _target("an event on an open page, p99 in s", GOAL_WAIT_S, "clock",
                {"overview": waited.p99} if waited else {}),
        _target("each viewer, MB", GOAL_MB, "count",
                {"overview": figures.mb_per_viewer[this]}
                if this in figures.mb_per_viewer else {}),
    ]  # fmt: skip
    return structs.replace(
        figures, targets=targets, holds=[one.name for one in targets if one.holds]
    )


_SEARCHES = ("search: ", "suggestions")


def _target(name: str, goal: float, by: Judged, found: Mapping[str, float]) -> Target:
    missed = sorted(what for what, value in found.items() if value > goal)
    worst = max(found.values(), default=None)
    return Target(name=name, goal=goal, by=by, worst=worst, missed=missed)
