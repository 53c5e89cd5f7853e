"""The bench of the search still runs and says its figures; what it measures is no test's."""

import json

import pytest

from tests.bench.search import QUESTIONS, main


@pytest.mark.bench
@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_the_bench_runs_and_says_its_figures() -> None:
    said: list[str] = []
    main(["--customers", "60", "--times", "2"], said.append)
    line = json.loads(said[-1])
    assert line["bench"] == "search"
    figures = line["figures"]
    assert figures["customers"] == 60
    hits = {one["question"]: one["hits"] for one in figures["questions"]}
    assert len(hits) == 2 * len(QUESTIONS)
    assert hits.pop("nobody") == hits.pop("nobody, of one branch") == 0
    assert min(hits.values()) >= 1  # each asks for somebody who is there
