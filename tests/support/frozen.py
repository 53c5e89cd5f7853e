"""Graphs that are frozen, and come back, on pages of three."""

from __future__ import annotations

from collections.abc import Iterable
from unittest.mock import patch

from events.policy import Reference
from projections.frozen import freezing
from projections.frozen.thawing import thaw
from projections.protocol import Anatomy, Facts, Projection


async def _turn() -> None:
    """Wait for nobody."""


def frozen(
    root: object, anatomy: Anatomy, reference: Reference, long: Iterable[object] = ()
) -> bytes:
    """Return a graph as bytes."""
    with patch.object(freezing, "PAGE", 3):
        freezer = freezing.freeze(root, anatomy, reference, _turn, long)
        try:
            freezer.send(None)
        except StopIteration as done:
            found: bytes = done.value
            return found
    raise AssertionError("nobody was waited for")


def through_ice(
    facts: Facts, stamp: object, projection: Projection, reference: Reference
) -> tuple[Facts, object]:
    """Return facts with their memo, and the stamp of the last assessment, frozen and thawed."""
    content = frozen((facts, stamp), projection.anatomy, reference)
    root: tuple[Facts, object] = thaw(content, projection.anatomy, reference).root
    return root
