"""The benchmark over Kafka still runs, and its contestants still fold right."""

from collections.abc import Mapping, Sequence

import pytest

from deploy.kafka.broker import missing
from events.envelope import CustomerId, PositionVector
from services.ports import Dossier, StoredEvent
from tests.bench.kafka import kafka_streams
from tests.bench.kafka.__main__ import PLAIN, REAL, TRIVIAL, run, show
from tests.bench.kafka.contestants.ours import AskedOnce, Forgotten
from tests.bench.kafka.figures import STREAMS, Options
from tests.bench.kafka.servers import Spent, between
from tests.bench.machine import Measurement

TINY = Options(
    events=1_200, customers=100, rounds=1, seconds=1.2, rate=50, peers=False, profile=False
)


@pytest.mark.bench
def test_the_benchmark_over_kafka_runs_at_a_tiny_size() -> None:
    if lack := missing() or kafka_streams.missing():
        pytest.skip(lack)
    said: list[str] = []
    figures = run(TINY, said.append)
    show(figures, Measurement("kafka"), said.append)
    names = [one.name for one in figures.contestants]
    assert names == [PLAIN.name, TRIVIAL.name, REAL.name, STREAMS]
    assert figures.ratios[PLAIN.name] > 0
    assert figures.cpu_ratios[STREAMS] > 0
    assert figures.latency.events > 0
    assert said[-1].startswith('{"bench":"kafka"')


def test_what_servers_spend_before_and_after_the_stretch_does_not_count() -> None:
    seen = [Spent(10.0, (1.0, 5.0)), Spent(11.0, (2.0, 5.0)), Spent(13.0, (2.0, 9.0))]
    assert between(seen, 10.0, 13.0) == [1.0, 4.0]
    assert between(seen, 10.5, 12.0) == [0.5, 2.0]
    assert between(seen, 9.0, 14.0) == [1.0, 4.0]


class NoDossiers:
    """Knows nobody."""

    async def of(
        self, customers: Sequence[CustomerId], before: PositionVector
    ) -> Mapping[CustomerId, Sequence[StoredEvent]]:
        return dict.fromkeys(customers, ())

    async def facts_of(
        self, customers: Sequence[CustomerId], before: PositionVector
    ) -> Sequence[Dossier]:
        return []


async def test_who_was_forgotten_fails_the_run_that_keeps_no_mirror() -> None:
    dossiers = AskedOnce(NoDossiers())
    some, others = [CustomerId("C-1"), CustomerId("C-2")], [CustomerId("C-3")]
    start = PositionVector.start(1)
    assert await dossiers.facts_of(some, start) == []
    assert await dossiers.of(others, start) == {"C-3": ()}
    with pytest.raises(Forgotten, match="1 customers"):
        await dossiers.facts_of(some[1:], start)
    with pytest.raises(Forgotten, match="1 customers"):
        await dossiers.of(others, start)
