"""Figures of each branch: how far it has published, what is missing or refused, and its clock.

A branch's id is a label here, and nowhere else: there are thousands of branches at most, and who
runs the platform is told which of them is silent. They are read at most once a minute.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from services.intake.quarantine import waiting_by_branch
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql

_KEPT_S = 60.0
_SOURCES, _NUMBERS = 5_000, 200


class BranchFigures(Struct):
    """How one branch publishes."""

    last_recorded_at: datetime | None = None
    highest: int = 0  # number of its furthest device, in its newest epoch
    missing: int = 0
    clock_error_s: float = 0.0  # of the device whose clock is most wrong; 0: none tells
    restarts: int = 0  # epochs that its devices have begun after their first
    refused: int = 0


class Branches:
    """Reads the figures, and keeps them for a minute."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._read: tuple[float, Mapping[str, BranchFigures]] | None = None

    async def families(self) -> Iterable[Metric]:
        """Return the figures as they are scraped. Raises: Unavailable."""
        now = time.monotonic()
        if self._read is None or now - self._read[0] > _KEPT_S:
            self._read = now, await figures_of_branches(self._pool)
        return _families(self._read[1])


async def figures_of_branches(pool: Pool) -> Mapping[str, BranchFigures]:
    """Return how each branch publishes. Raises: Unavailable."""
    statement = sql("sources_of_branches").format(admissions="admissions", events="events")
    with translated():
        sources = await pool.fetch(statement, _SOURCES, _NUMBERS)
    found: dict[str, BranchFigures] = {}
    for row in sources:
        if row["source"].endswith("/policies"):
            continue  # their numbers are made of their ids
        one = found.setdefault(row["branch_id"], BranchFigures())
        one.missing += row["missing"]
        one.highest = max(one.highest, row["sequence"] or 0)
        one.restarts += max(0, row["epoch"] - 1)
        if row["recorded_at"] is not None:
            one.last_recorded_at = max(
                one.last_recorded_at or row["recorded_at"], row["recorded_at"]
            )
        if row["sent_at"] is not None and row["collected_at"] is not None:
            error_s = (row["sent_at"] - row["collected_at"]).total_seconds()
            one.clock_error_s = max(one.clock_error_s, error_s, key=abs)
    for branch, events in (await waiting_by_branch(pool)).items():
        found.setdefault(branch, BranchFigures()).refused = events
    return found


def _families(branches: Mapping[str, BranchFigures]) -> Iterable[Metric]:
    recorded = _gauge("last_recorded_timestamp_seconds", "When a branch was recorded last.")
    highest = _gauge("highest_number", "Highest number of a branch's furthest device.")
    missing = _gauge("missing_numbers", "Numbers left out among the latest of each device.")
    clock = _gauge("clock_error_seconds", "By how much the worst clock of a branch is ahead.")
    restarts = _gauge("device_restarts", "Epochs that devices began after their first.")
    refused = _gauge("refused_events", "Refused events of a branch that wait for somebody.")
    for branch, one in branches.items():
        if one.last_recorded_at is not None:
            recorded.add_metric([branch], one.last_recorded_at.timestamp())
        highest.add_metric([branch], one.highest)
        missing.add_metric([branch], one.missing)
        clock.add_metric([branch], one.clock_error_s)
        restarts.add_metric([branch], one.restarts)
        refused.add_metric([branch], one.refused)
    return (recorded, highest, missing, clock, restarts, refused)


def _gauge(name: str, about: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"touchstone_branch_{name}", about, labels=["branch"])
