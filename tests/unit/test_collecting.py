"""Garbage waits while a projector works, and not for ever."""

import gc
import weakref

import pytest

from services.projector.collecting import collect_if_many, collecting_seldom


class Round:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_nothing_is_collected_before_enough_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.projector.collecting._MANY", 10_000)
    with collecting_seldom():
        gone = weakref.ref(Round())
        collect_if_many()
        kept = [[number] for number in range(5_000)]
        collect_if_many()
        assert gone() is not None
        kept += [[number] for number in range(10_000)]
        collect_if_many()
        assert gone() is None
    assert len(kept) == 15_000
    assert gc.isenabled()
