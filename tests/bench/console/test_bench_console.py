"""The console's bench still runs, on a tiny company and without the earlier build."""

import pytest
from msgspec import structs

from events.envelope import PositionVector
from tests.bench.console.__main__ import bench
from tests.bench.console.asking import Frame, waited_s
from tests.bench.console.figures import (
    GOAL_MB,
    GOAL_MS,
    QUICK,
    Figures,
    PageFigures,
    Times,
    judged,
)


@pytest.mark.bench
@pytest.mark.postgres
def test_the_console_is_measured_at_a_tiny_size() -> None:
    said: list[str] = []
    options = structs.replace(QUICK, customers=100, base=12, with_events=12, pace=40.0)
    figures = bench(options, said.append, against=None)
    assert figures.customers >= 100
    paths = {page.path for page in figures.pages}
    assert {"/", "/receivables", "/alerts", "/cases", "/customers", "/credit"} <= paths
    assert all(page.sides["this"].p95 > 0 for page in figures.pages)
    assert all(page.ratio_p95 is None for page in figures.pages)
    assert any(page.bare is not None for page in figures.pages)
    assert figures.waited is not None, "what flowed in was seen on an open page"
    assert said[-1].startswith('{"bench":"console"')
    assert {one.by for one in figures.targets} == {"clock", "processor", "count"}
    assert {one.name: one.holds for one in figures.targets}["each viewer, MB"] in (True, False)


def test_a_target_holds_where_it_was_measured_and_nothing_missed_it() -> None:
    def page(name: str, p95: float, ratio: float | None = None) -> PageFigures:
        times = Times(p50=1.0, p95=p95, least_p95=p95, most_p95=p95, cpu_ms=5.0)
        return PageFigures(name=name, path=name, sides={"this": times}, bare=None, ratio_cpu=ratio)

    figures = judged(
        Figures(
            options=QUICK, customers=1, rows=1, events=1, loads=[9.0], waited=None, cold={},
            pages=[page("alerts", GOAL_MS + 1, 0.9), page("cases", GOAL_MS, 1.1),
                   page("search: name", GOAL_MS)],
            mb_per_viewer={"this": GOAL_MB / 2}, left_out={},
        ),
        "this",
    )  # fmt: skip
    missed = {one.name: tuple(one.missed) for one in figures.targets}
    assert missed["first byte of pages and filters, p95 in ms"] == ("alerts",)
    assert missed["processor time, to the earlier build"] == ("cases",)
    assert set(figures.holds) == {
        "first byte of searches, p95 in ms",
        "processor time of a page, in ms",
        "each viewer, MB",
    }, "what was not measured does not hold"


def test_an_event_has_come_with_the_first_frame_that_reaches_its_place() -> None:
    def upto(first: int, second: int) -> PositionVector:
        return PositionVector(1, (first, second, *[0] * 11))

    frames = [Frame(10.0, upto(1, 5)), Frame(11.0, upto(3, 5)), Frame(12.5, upto(3, 6))]
    published = [(9.5, upto(1, 0)), (10.5, upto(3, 0)), (10.5, upto(0, 6)), (12.0, upto(0, 9))]
    assert waited_s(published, frames) == [0.5, 0.5, 2.0], "the last never came"
