"""The console's bench still runs, on a tiny company and without the earlier build."""

import pytest
from msgspec import structs

from events.envelope import PositionVector
from tests.bench.console.__main__ import bench
from tests.bench.console.asking import Frame, waited_s
from tests.bench.console.figures import QUICK


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


def test_an_event_has_come_with_the_first_frame_that_reaches_its_place() -> None:
    def upto(first: int, second: int) -> PositionVector:
        return PositionVector(1, (first, second, *[0] * 11))

    frames = [Frame(10.0, upto(1, 5)), Frame(11.0, upto(3, 5)), Frame(12.5, upto(3, 6))]
    published = [(9.5, upto(1, 0)), (10.5, upto(3, 0)), (10.5, upto(0, 6)), (12.0, upto(0, 9))]
    assert waited_s(published, frames) == [0.5, 0.5, 2.0], "the last never came"
