"""What an event costs, of what works cost on two companies."""

from __future__ import annotations

from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from tests.bench.figures import SideFigures
from tests.bench.processor import Cost


class Runs(Struct):
    """What a work cost a side, round by round: whole, and where nearly only the start cost."""

    events: int
    fewer_events: int  # of the second
    whole: list[Cost] = []
    start: list[Cost] = []

    def us_per_event(self) -> list[float]:
        """Return microseconds by event, by round, the start taken off: the median of all rounds'.

        A start depends on nothing that rounds differ in, and an odd one would tell twice.
        """
        start_s = median(one.cpu_s for one in self.start)
        return [self._us(one.cpu_s - start_s) for one in self.whole]

    def figures(self, side: str) -> SideFigures:
        """Return the medians."""
        each = self.us_per_event()
        client_s = median(one.client_s for one in self.start)
        postgres_s = median(one.postgres_s for one in self.start)
        return SideFigures(
            side=side,
            us_per_event=round(median(each), 1),
            least_us=round(min(each), 1),
            most_us=round(max(each), 1),
            client_us=round(median(self._us(one.client_s - client_s) for one in self.whole), 1),
            postgres_us=round(
                median(self._us(one.postgres_s - postgres_s) for one in self.whole), 1
            ),
            whole_us=round(1e6 * median(one.cpu_s for one in self.whole) / self.events, 1),
            events_per_s=round(median(self.events / one.wall_s for one in self.whole)),
            peak_mb=round(max(one.peak_mb for one in self.whole)),
        )

    def beside(self, side: str, earlier: Runs, target: float | None) -> SideFigures:
        """Return the medians, and how many times as cheap it was as the earlier build."""
        pairs = zip(earlier.us_per_event(), self.us_per_event(), strict=True)
        ratios = [before / now for before, now in pairs]
        wholes = zip(earlier.whole, self.whole, strict=True)
        ratio = median(ratios)
        return replace(
            self.figures(side),
            ratio=round(ratio, 2),
            least_ratio=round(min(ratios), 2),
            most_ratio=round(max(ratios), 2),
            whole_ratio=round(median(before.cpu_s / now.cpu_s for before, now in wholes), 2),
            target=target,
            reached=None if target is None else ratio >= target,
        )

    def _us(self, seconds: float) -> float:
        return 1e6 * seconds / (self.events - self.fewer_events)
