"""Cuts a history into what is committed together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.simulator.devices import Recording

_BATCH = 500
# One transaction has one record time, so what the platform knew is told to half a day: from
# midnight to noon and from noon to midnight of Asia/Shanghai, which is eight hours ahead.
_BATCH_S = 12 * 3600
_AHEAD_S = 8 * 3600


def batches(recordings: Iterable[Recording]) -> Iterator[list[Recording]]:
    """Yield the recordings in runs that are short in number and in time.

    What came of one order stays together.
    """
    batch: list[Recording] = []
    window = 0
    for recording in recordings:
        within = recording.order is not None and batch and batch[-1].order is recording.order
        now = (int(recording.recorded_at.timestamp()) + _AHEAD_S) // _BATCH_S
        if batch and not within and (len(batch) >= _BATCH or now != window):
            yield batch
            batch = []
        batch.append(recording)
        window = now
    if batch:
        yield batch
