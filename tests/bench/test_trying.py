"""The bench of tried bulks still runs and says its figures; what it measures is no test's."""

import json

import pytest

from tests.bench.trying import bench


@pytest.mark.bench
@pytest.mark.postgres
@pytest.mark.timeout(600)
async def test_the_bench_runs_and_says_its_figures() -> None:
    said: list[str] = []
    await bench(20, 40, 1, said.append)
    line = json.loads(said[-1])
    assert line["bench"] == "trying"
    figures = line["figures"]
    assert (figures["cases"], figures["rounds"]) == (40, 1)
    assert figures["customers"] > 0
    assert figures["ratio"]["median"] > 0
