"""What `make bench-kafka` says on its last line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

PLAIN, STREAMS, QUIX = "plain loop", "Kafka Streams, RocksDB", "quixstreams"
OURS = "projector, same fold"

TARGETS = {PLAIN: 1.0, STREAMS: 0.7, QUIX: 1.0}
"""What share of their events per second ours is to reach."""


class Latencies(Struct, frozen=True):
    """Milliseconds: from sending to the acknowledgement, and from there to the visible row."""

    events: int
    events_per_s: float
    acknowledged_p50: float
    acknowledged_p99: float
    visible_p50: float
    visible_p99: float


class Options(Struct, frozen=True, kw_only=True):
    """How much to measure."""

    events: int = 200_000
    fewer: int = 20_000
    customers: int = 3_000
    rounds: int = 3
    seconds: float = 30.0
    rate: int = 1_000
    peers: bool = True
    profile: bool = True


class Entry(Struct, frozen=True):
    """A contestant's medians over the rounds; processor time in microseconds per event."""

    name: str
    events: int
    events_per_s: int
    own_us: float
    postgres_us: float
    broker_us: float

    @property
    def cpu_us(self) -> float:
        """Return what an event costs on all sides; neighbours on the machine hardly change it."""
        return self.own_us + self.postgres_us + self.broker_us


class Figures(Struct, frozen=True, kw_only=True):
    """What the last line says."""

    options: Options
    payload_bytes: float
    record_bytes: float
    cores: int
    load: Sequence[float]  # of the machine, its averages over a minute, as the rounds began
    contestants: Sequence[Entry]
    skipped: Mapping[str, str]  # who could not take part, and why
    ratios: Mapping[str, float]  # of events per second, ours to the other's
    cpu_ratios: Mapping[str, float]  # of events per second of processor time, all three sides
    shares: Mapping[str, float]
    latency: Latencies
