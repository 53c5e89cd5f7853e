"""The bench of memory still runs, and says what grew."""

import json

import pytest

from tests.bench.memory import bench


@pytest.mark.bench
@pytest.mark.postgres
def test_the_bench_of_memory_runs_at_tiny_sizes() -> None:
    said: list[str] = []
    figures = bench([5, 10], ["rebuild", "digest"], said.append)
    assert [(one.work, one.customers) for one in figures.peaks] == [
        ("rebuild", 5), ("digest", 5), ("rebuild", 10), ("digest", 10),
    ]  # fmt: skip
    assert all(one.command_mb > 10 and one.postgres_mb > 1 for one in figures.peaks)
    assert set(figures.grown) == {"rebuild", "digest"}
    assert json.loads(said[-1])["bench"] == "memory"
