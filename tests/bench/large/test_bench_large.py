"""The large benchmark still runs, at a tiny size."""

import pytest

from tests.bench.large.__main__ import bench
from tests.bench.large.figures import Options
from tests.bench.large.reading import ORDERS


@pytest.mark.bench
@pytest.mark.postgres
def test_the_large_benchmark_runs_at_a_tiny_size() -> None:
    said: list[str] = []
    figures = bench(Options(events=4_000, base=20, parts=2), said.append)
    assert figures.made.events >= 4_000
    assert [one.order for one in figures.orders] == list(ORDERS)
    assert [one.command for one in figures.works] == ["rebuild", "verify"]
    assert all(one.sampled_events for one in figures.orders)
    assert said[-1].startswith('{"bench":"large"')
