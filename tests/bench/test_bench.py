"""The benchmark still runs and ends with its line of JSON; what it measures is no test's."""

import json
from datetime import date
from pathlib import Path

import pytest

from tests.bench import sweep
from tests.bench.__main__ import bench
from tests.bench.builds import Build, BuildMissing, earlier_build
from tests.bench.contest import Sizes, contest
from tests.bench.databases import Company, Server
from tests.bench.processor import Cost
from tests.bench.works import WORKS, Work
from tests.support.postgres import quick_directory


@pytest.mark.bench
@pytest.mark.postgres
@pytest.mark.timeout(900)  # each work in turn, by commands that start anew
def test_the_bench_runs_and_says_its_figures() -> None:
    said: list[str] = []
    bench(20, 1, said.append, against="0" * 40, lengths=(100,))
    line = json.loads(said[-1])
    assert line["machine"]["cores"] > 0
    figures = line["figures"]
    assert figures["events"] > 0
    assert "no commit" in figures["left_out"]["0" * 40]
    assert [work["work"] for work in figures["works"]] == [work.name for work in WORKS]
    assert figures["dossiers"]["points"][0]["miss_ms"] > 0


def test_an_earlier_build_that_history_lacks_is_refused_by_name() -> None:
    missing = pytest.raises(BuildMissing, match="no commit feedfacefeedface")
    with missing, earlier_build("feedfacefeedface", print):
        pass


class _Ledger(Server):
    """Tells costs from a table: a start, now and then an odd one, then some us of each event."""

    def __init__(self, us: dict[str, float]) -> None:
        self._us = us
        self._asked = 0

    def cost(
        self, build: Build, company: Company, state: str, commands: object, *, copy: bool
    ) -> tuple[Cost, list[str]]:
        """Return a start and the events' share; where all is live nothing is left to do."""
        self._asked += 1
        odd = 3.0 if self._asked == 2 else 0.0
        events = {"log": company.events, "late": company.late_events, "live": 0}[state]
        return Cost(1.0 + odd + events * self._us[build.name] * 1e-6, 0.0, 1.0, 10.0), ["{}"]


@pytest.mark.parametrize("state", ["log", "late"])
def test_an_event_costs_what_it_costs_without_the_start(state: str) -> None:
    company = Company(400, 2, 20_000, 1_250, date(2026, 3, 1))
    smaller = Company(100, 2, 5_000, 300, date(2026, 3, 1))
    sides = [Build("earlier", Path(), earlier=True), Build("plain Python", Path())]
    work = Work("work", state, lambda build, company: [], 3.0, 2.0)  # type: ignore[arg-type]
    [found] = contest(
        _Ledger({"earlier": 150.0, "plain Python": 60.0}),
        sides, Sizes(company, smaller), [work], 3, lambda words: None,
    )  # fmt: skip
    earlier, plain = found.sides
    assert (earlier.us_per_event, earlier.ratio) == (150.0, None)
    assert (plain.us_per_event, plain.ratio, plain.target, plain.reached) == (60.0, 2.5, 2.0, True)
    events = 20_000 if state == "log" else 1_250
    assert plain.whole_us == pytest.approx(60.0 + 1e6 / events, abs=0.05)


@pytest.mark.bench
@pytest.mark.postgres
async def test_the_bench_of_a_sweep_runs_and_one_staff_record_concerns_nobody(
    postgres_server: str,
) -> None:
    said: list[str] = []
    with quick_directory() as home:
        await sweep.bench(postgres_server, home, 20, ["embedded"], said.append)
    [result] = json.loads(said[-1])["figures"]["results"]
    assert result["assessed_again_for_one_staff_record"] == 0
    assert result["assessed_again_for_the_policy"] > 0
    assert result["events"] > 0
