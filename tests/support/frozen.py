"""Facts as they come back from a snapshot: frozen and thawed, on pages of three."""

from __future__ import annotations

from unittest.mock import patch

from events.policy import Reference
from projections import freezing
from projections.protocol import Facts, Projection


async def _turn() -> None:
    """Wait for nobody."""


def through_ice(
    facts: Facts, stamp: object, projection: Projection, reference: Reference
) -> tuple[Facts, object]:
    """Return facts with their memo, and the stamp of the last assessment, frozen and thawed."""
    with patch.object(freezing, "PAGE", 3):
        freeze = freezing.freeze((facts, stamp), projection.anatomy, reference, _turn)
        try:
            freeze.send(None)
        except StopIteration as done:
            (thawed, mark), _ = freezing.thaw(done.value, projection.anatomy, reference)
            return thawed, mark
    raise AssertionError("nobody was waited for")
