"""A branch's clock may be wrong: how long ago something happened is known better than when.

The platform counts an event at collected - (sent - created). What is sent as `sent` is the clock
that wrote `created`, gone on evenly since: a clock that was put right in between does no harm while
the machine has not been started anew. What is sent as `collected` is the platform's own time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

TOLERANCE = timedelta(seconds=2)
"""Differences that say nothing: how long answers take, and what clocks differ by anyway."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant by the branch's clock, and where the machine's even clock stood."""

    at: datetime
    boot: str
    ticks_ns: int


class BranchClock(Protocol):
    """Tells the time of a branch; tests bring one that is wrong."""

    def now(self) -> Moment:
        """Return the current moment."""
        ...


class DeviceClock:
    """The machine's own clocks."""

    def __init__(self) -> None:
        """Note which start of the machine this is; where it cannot be told, none is the same."""
        try:
            self._boot = _BOOT_ID.read_text("ascii").strip()
        except OSError:
            self._boot = ""

    def now(self) -> Moment:
        """Return the current moment."""
        even = getattr(time, "CLOCK_BOOTTIME", None)
        ticks = time.clock_gettime_ns(even) if even is not None else time.monotonic_ns()
        return Moment(datetime.now(UTC), self._boot, ticks)


@dataclass(frozen=True, slots=True)
class PlatformTime:
    """The platform's time, as it was told once, gone on with the machine's even clock."""

    told: datetime
    ticks_ns: int

    def at(self, moment: Moment) -> datetime:
        """Return what the platform's clock shows at a moment of the same start."""
        return self.told + timedelta(microseconds=(moment.ticks_ns - self.ticks_ns) // 1_000)


def sent_and_collected(
    created: datetime, published: Moment, now: Moment, collected: datetime
) -> tuple[datetime, datetime]:
    """Return when an event is sent, by the clock that it was created with, and by the platform's.

    `collected` is the platform's time now; a difference that says nothing is left out of it.
    """
    sent = now.at
    if published.boot and published.boot == now.boot and now.ticks_ns >= published.ticks_ns:
        sent = published.at + timedelta(microseconds=(now.ticks_ns - published.ticks_ns) // 1_000)
    sent = max(sent, created)
    return sent, sent if abs(collected - sent) <= TOLERANCE else collected
