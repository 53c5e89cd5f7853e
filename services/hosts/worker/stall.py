"""Notices partitions where events wait and none is taken in for too long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.errors import TouchstoneError


class Stalled(TouchstoneError):
    """Events wait and none was taken in for too long: the process must be started anew."""

    exit_code = 3


class StallWatch:
    """Remembers where each partition was last seen to move; it knows no clock of its own."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._last: dict[int, tuple[int, float]] = {}

    def compare(self, now_s: float, reached: Mapping[int, int], heads: Sequence[int]) -> None:
        """Compare how far each partition got with where it ends. Raises: Stalled.

        A partition that is not in `reached` is nobody's concern here just now.
        """
        waiting = {p: n for p, n in reached.items() if n < heads[p]}
        last = self._last
        self._last = {
            p: last[p] if p in last and last[p][0] == n else (n, now_s) for p, n in waiting.items()
        }
        stalled = {
            p: heads[p] - n
            for p, (n, since) in self._last.items()
            if now_s - since > self._patience_s
        }
        if stalled:
            lag = ", ".join(f"{events:,} in partition {p}" for p, events in sorted(stalled.items()))
            raise Stalled(
                f"events wait ({lag}) and none was taken in for {self._patience_s:.0f} s; the "
                "worker ends, so that its supervisor starts it anew"
            )
