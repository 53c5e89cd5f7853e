"""The benchmark still runs and ends with its line of JSON; what it measures is no test's."""

import json

import pytest

from tests.bench import sweep
from tests.bench.__main__ import bench
from tests.support.postgres import quick_directory


@pytest.mark.bench
@pytest.mark.postgres
async def test_the_bench_runs_and_says_its_figures() -> None:
    said: list[str] = []
    with quick_directory() as home:
        await bench(home / "data", 20, 1, said.append, lengths=(100,))
    figures = json.loads(said[-1])
    assert figures["events"] > 0
    for result in figures["results"]:
        assert result["ratio"] > 0
        assert result["projector_events_per_s"] > 0
    assert [result["ratio"] > 0 for result in figures["rebuild"]] == [True, True]
    assert figures["dossiers"]["points"][0]["miss_ms"] > 0


@pytest.mark.bench
@pytest.mark.postgres
async def test_the_bench_of_a_sweep_runs_and_one_staff_record_concerns_nobody(
    postgres_server: str,
) -> None:
    said: list[str] = []
    with quick_directory() as home:
        await sweep.bench(postgres_server, home, 20, ["embedded"], said.append)
    [result] = json.loads(said[-1])["results"]
    assert result["assessed_again_for_one_staff_record"] == 0
    assert result["assessed_again_for_the_policy"] > 0
    assert result["events"] > 0
