"""Putting off the collection of cyclic garbage while many objects are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG = 1
"""The young generations. Python itself then looks at the old one now and then, as it has grown."""


@contextmanager
def collecting_later() -> Iterator[None]:
    """Collect cyclic garbage only at the end of this block, also of what runs while it waits.

    The collector walks all young objects each time some more were made, and of a batch or of a
    long dossier nearly all of them stay: that took a fifth of a batch's time and half of a
    long dossier's. Of blocks that overlap the first to begin ends it for all.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
            gc.collect(_YOUNG)
