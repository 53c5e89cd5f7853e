"""Putting off the collection of cyclic garbage while many objects are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting_later() -> Iterator[None]:
    """Collect no cyclic garbage in this block, which must not wait for anything.

    The collector walks all young objects each time some more were made, and of a long dossier
    nearly all of them stay: that took as long as assessing it.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
