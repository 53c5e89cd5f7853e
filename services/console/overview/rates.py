"""Events per second and branch over the last two minutes, counted as they come.

Each call counts only what was recorded since the one before. After a longer pause it starts
anew, walking each partition back to where the window begins.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from events.envelope import PositionVector
from services.console.shared.reading import Reader

WINDOW_S = 120
_LATEST_S = 10
_PAUSE_S = 15


class Rates(Struct, frozen=True):
    """What came in lately."""

    by_second: tuple[int, ...]  # WINDOW_S counts, the oldest first; the last second is complete
    by_branch: tuple[tuple[str, int], ...]  # over the window, the busiest first

    @property
    def latest(self) -> int:
        """Return how many events came in the last ten seconds."""
        return sum(self.by_second[-_LATEST_S:])


class RateMeter:
    """A ring of counts per second and branch; of one process, shared by its viewers."""

    def __init__(self) -> None:
        self._seconds: dict[int, Counter[str]] = {}
        self._upto: PositionVector | None = None
        self._looked_at = datetime.min.replace(tzinfo=UTC)

    async def count(self, reader: Reader) -> Rates:
        """Count what was recorded since the last call and return the window."""
        heads = reader.progress.heads
        oldest = reader.at.replace(microsecond=0) - timedelta(seconds=WINDOW_S)
        partitions = list(range(len(heads.counts)))
        if self._is_stale(heads, reader.at):
            self._seconds = {}
            rows = await reader.ask(
                "overview/recorded_since", heads.generation, partitions, list(heads.counts), oldest
            )
            since = [row["since"] for row in rows]
        else:
            assert self._upto is not None
            since = list(self._upto.counts)
        for row in await reader.ask(
            "overview/event_rates", heads.generation, partitions, since, list(heads.counts), oldest
        ):
            self._seconds.setdefault(row["second"], Counter())[row["branch_id"]] += row["events"]
        self._upto, self._looked_at = heads, reader.at
        return self._window(int(oldest.timestamp()))

    def _is_stale(self, heads: PositionVector, at: datetime) -> bool:
        return (
            self._upto is None
            or not heads.reaches(self._upto)
            or at - self._looked_at > timedelta(seconds=_PAUSE_S)
        )

    def _window(self, oldest: int) -> Rates:
        """Forget what is too old; the second that is under way is not counted yet."""
        self._seconds = {s: c for s, c in self._seconds.items() if s >= oldest}
        window = range(oldest, oldest + WINDOW_S)
        branches: Counter[str] = Counter()
        for second in window:
            branches.update(self._seconds.get(second, {}))
        return Rates(
            tuple(self._seconds[s].total() if s in self._seconds else 0 for s in window),
            tuple(sorted(branches.items(), key=lambda pair: (-pair[1], pair[0]))),
        )
