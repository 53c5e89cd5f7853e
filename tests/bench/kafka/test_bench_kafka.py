"""The benchmark over Kafka still runs, and its contestants of ours still fold right."""

import pytest

from deploy.kafka.broker import missing
from tests.bench.kafka.__main__ import PLAIN, REAL, TRIVIAL, Options, run, show

TINY = Options(
    events=1_200, customers=100, rounds=1, seconds=1.2, rate=50, peers=False, profile=False
)


@pytest.mark.bench
def test_the_benchmark_over_kafka_runs_at_a_tiny_size() -> None:
    if lack := missing():
        pytest.skip(lack)
    said: list[str] = []
    figures = run(TINY, said.append)
    show(figures, said.append)
    assert [one.name for one in figures.contestants] == [PLAIN.name, TRIVIAL.name, REAL.name]
    assert figures.ratios[PLAIN.name] > 0
    assert figures.latency.events > 0
    assert said[-1].startswith('{"bench":"kafka"')
