"""Cuts a history into what is committed together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from services.simulator.devices import Recording

_BATCH = 500
# One transaction has one record time: what the platform knew is told to this precision.
_BATCH_SPAN = timedelta(hours=4)


def batches(recordings: Iterable[Recording]) -> Iterator[list[Recording]]:
    """Yield the recordings in runs that are short in number and in time."""
    batch: list[Recording] = []
    for recording in recordings:
        if batch and (
            len(batch) >= _BATCH or recording.recorded_at - batch[0].recorded_at > _BATCH_SPAN
        ):
            yield batch
            batch = []
        batch.append(recording)
    if batch:
        yield batch
