"""Figures of the whole platform, read from the database when somebody asks for them.

Every process tells the same ones, so that they are known while any of them lives: whoever adds
up takes the largest (`max by (...)`), never the sum.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

from msgspec import Struct
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

from services.intake.quarantine import Room
from services.native import choose
from services.operating.checks import Checked
from services.platform import Platform
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

_MB = 1024 * 1024


class Lag(Struct, frozen=True):
    """How far one projection is behind in one partition."""

    projection: str
    partition: int
    events: int
    seconds: float  # for which the first of them has waited


class Measured(Struct, frozen=True):
    """Figures of the platform at one instant."""

    heads: Sequence[int]
    lags: Sequence[Lag]
    parked: Mapping[str, int]
    waiting: int  # refused events
    turned_away: int  # refused events that were not kept
    fullest: float  # part of its quarantine that the fullest branch has taken
    lines: Sequence[tuple[str, bool, float, int]] = ()  # feed, up, silent for s, incomplete calls


async def measure(platform: Platform, room: Room) -> Measured:
    """Return the figures as they are now. Raises: Unavailable."""
    heads = await platform.log.heads()
    with translated():
        rows = await platform.pool.fetch(
            sql("operating_lags"), heads.generation, platform.clock.now()
        )
        parked = await platform.pool.fetch(sql("operating_parked"))
        lines = await platform.pool.fetch(sql("operating_lines"), platform.clock.now())
        quarantine = await platform.pool.fetchrow(
            sql("operating_quarantine"), room.events, room.megabytes * _MB
        )
    assert quarantine is not None, "sums have a row"
    lags = []
    for row in rows:
        behind = max(heads.counts[row["partition"]] - row["next"], 0)
        waited_s = max(row["waited_s"], 0.0) if behind else 0.0
        lags.append(Lag(row["projection"], row["partition"], behind, waited_s))
    return Measured(
        heads=heads.counts,
        lags=lags,
        parked={row["work"]: row["parked"] for row in parked},
        waiting=quarantine["waiting"],
        turned_away=quarantine["turned_away"],
        fullest=quarantine["fullest"],
        lines=[(r["feed"], r["is_up"], r["silent_s"], r["incomplete"]) for r in lines],
    )


def families(measured: Measured) -> Iterable[Metric]:
    """Return the figures as they are scraped."""
    heads = _gauge("log_head_events", "Events that a partition of the log holds.", "partition")
    for partition, events in enumerate(measured.heads):
        heads.add_metric([str(partition)], events)
    by = ("projection", "partition")
    events_lag = _gauge("projection_lag_events", "Events not taken in yet.", *by)
    seconds_lag = _gauge(
        "projection_lag_seconds", "For how long the first event not taken in has waited.", *by
    )
    for lag in measured.lags:
        labels = [lag.projection, str(lag.partition)]
        events_lag.add_metric(labels, lag.events)
        seconds_lag.add_metric(labels, lag.seconds)
    parked = _gauge("parked", "Customers, or work on cases, that is parked.", "work")
    for work, count in measured.parked.items():
        parked.add_metric([work], count)
    yield from (heads, events_lag, seconds_lag, parked)
    yield from _of_lines(measured)
    yield _single("quarantine_events", "Refused events that wait for somebody.", measured.waiting)
    yield _single(
        "quarantine_turned_away_events",
        "Refused events that were not kept: their branch had no room left.",
        measured.turned_away,
    )
    yield _single(
        "quarantine_fullest_ratio",
        "Part of its quarantine that the fullest branch has taken.",
        measured.fullest,
    )


def _of_lines(measured: Measured) -> Iterable[Metric]:
    """Return how the lines to other systems are, by feed: there are few."""
    up = _gauge("line_up", "Whether the line to an exchange is up: 1, or 0.", "feed")
    silent = _gauge("line_silent_seconds", "For how long nothing was heard on it.", "feed")
    incomplete = _gauge(
        "line_incomplete_calls", "Calls not recorded: the line was down meanwhile.", "feed"
    )
    for feed, is_up, silent_s, lost in measured.lines:
        up.add_metric([feed], float(is_up))
        silent.add_metric([feed], silent_s)
        incomplete.add_metric([feed], lost)
    return (up, silent, incomplete)


def of_disk(disk: Path | None) -> Iterable[Metric]:
    """Return how much room is left where the database lies, if it is on this machine."""
    if disk is None or not disk.is_dir():
        return
    usage = shutil.disk_usage(disk)
    yield _single("disk_free_bytes", "Room left on the database's disk.", usage.free)
    yield _single("disk_size_bytes", "Size of the database's disk.", usage.total)


def of_process(pool: Pool, checks: Sequence[Checked], version: str) -> Iterable[Metric]:
    """Return what is known without the database's help."""
    info = InfoMetricFamily("touchstone", "The program.")
    info.add_metric([], {"version": version, "native": str(choose())})
    connections = _gauge("pool_connections", "Connections to the database.", "state")
    idle = pool.get_idle_size()
    connections.add_metric(["idle"], idle)
    connections.add_metric(["in_use"], pool.get_size() - idle)
    well = _gauge("check_ok", "Whether a part of the platform is well: 1, or 0.", "check")
    for check in checks:
        well.add_metric([check.name], float(check.ok))
    limit = _single("pool_max_connections", "Connections there may be.", pool.get_max_size())
    return chain((info, connections, limit, well))


def _gauge(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"touchstone_{name}", about, labels=labels)


def _single(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"touchstone_{name}", about, value=value)
