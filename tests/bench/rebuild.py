"""Rebuilding against catching up: the same events, the same server, the same run.

Catching up takes events in as they came, batch by batch, as after an outage. A rebuild walks
them by customer on all cores; its time is everything until the new rows are live. Both rates
are the whole log's events per second, so a projection that skips events it does not handle
gets no credit for them on one side alone.

Of a small company a projector remembers every customer, and one assessment serves several
events of a batch. Of the company for which the time is extrapolated it remembers one customer
in 1,500, and hardly one appears twice in a batch: so the contest is also held with the memory in
proportion to the events, and with small batches. The rebuild is the same in both.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from statistics import median

from projections.protocol import Projection
from services.platform import Platform
from services.rebuild.rebuilding import Rebuilt, rebuild
from tests.bench.measured import Measured

TARGET = 4.0
"""How many times the catch-up rate a rebuild is to reach."""

COMPANY_EVENTS, COMPANY_CUSTOMERS = 600_000_000, 30_000_000
"""The company for which the time is extrapolated, in proportion to events."""


def proportionate(platform: Platform, events: int) -> Platform:
    """Return a platform of so many events that remembers no greater share of them than theirs."""
    return replace(platform, max_facts=max(1, events * platform.max_facts // COMPANY_EVENTS))


class _Unwatched:
    def stage(self, words: str) -> None:
        """Look away."""

    def parts(self, done: int, of: int) -> None:
        """Look away."""


async def rebuild_contest(
    platform: Platform,
    projection: Projection,
    catch_up: Callable[[], Awaitable[Measured]],
    manner: str,
    rounds: int,
    say: Callable[[str], None],
) -> dict[str, object]:
    """Catch up in some manner and rebuild, in turn; return the medians."""
    events = sum((await platform.log.heads()).counts)
    processes = os.cpu_count() or 1
    caught: list[float] = []
    rebuilt: list[float] = []
    walked: list[float] = []
    last: Rebuilt | None = None
    for number in range(1, rounds + 1):
        caught.append((await catch_up()).rate)
        started = time.perf_counter()
        last = await rebuild(platform, projection, processes=processes, watch=_Unwatched())
        rebuilt.append(events / (time.perf_counter() - started))
        walked.append(events / last.walk_s)
        assert last.rows_replaced == last.rows_removed == 0, last
        say(
            f"{projection.name}, round {number}: catching up in {manner} "
            f"{caught[-1]:,.0f}/s, rebuilding "
            f"{rebuilt[-1]:,.0f}/s ({rebuilt[-1] / caught[-1]:.1f} times; the walk alone "
            f"{walked[-1]:,.0f}/s), switched in {last.switch_s:.2f} s"
        )
    assert last is not None, "at least one round"
    rate, ratio = median(rebuilt), median(rebuilt) / median(caught)
    hours = COMPANY_EVENTS / rate / 3600
    disk_gb = last.bytes_on_disk / last.customers * COMPANY_CUSTOMERS / 1e9
    say(
        f"{projection.name}: {ratio:.1f} times the catch-up rate (to reach: {TARGET:.0f}). "
        f"{COMPANY_EVENTS / 1e6:,.0f} million events of {COMPANY_CUSTOMERS / 1e6:,.0f} million "
        f"customers would take {hours:,.1f} h on {processes} cores like these and "
        f"{disk_gb:,.0f} GB beside the live rows, if events were "
        "read as fast as here, where they lie in memory"
    )
    return {
        "projection": projection.name,
        "catching_up_in": manner,
        "events": events,
        "customers": last.customers,
        "processes": processes,
        "catch_up_events_per_s": round(median(caught)),
        "rebuild_events_per_s": round(rate),
        "walk_events_per_s": round(median(walked)),
        "ratio": round(ratio, 2),
        "reaches_target": ratio >= TARGET,
        "switch_s": last.switch_s,
        "extrapolated_hours": round(hours, 1),
        "extrapolated_gb": round(disk_gb),
    }
