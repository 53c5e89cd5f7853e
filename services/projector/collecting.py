"""Collecting cyclic garbage seldom, where many objects are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY = 2_000_000
"""Containers made and not freed since the last collection: some hundred megabytes, if garbage."""


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Have this process collect cyclic garbage only where `collect_if_many` is called.

    Left to itself the collector walks all young objects each time some more were made, and of
    a batch or a long dossier nearly all of them stay: that took a fifth of a batch's time and
    half of a long dossier's.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def collect_if_many() -> None:
    """Collect cyclic garbage, such as memos of forgotten customers, once enough was made."""
    if gc.get_count()[0] > _MANY:
        gc.collect()
