"""A digest of the code that decides what a projection's rows are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from services.native import choose


@cache
def code_digest() -> str:
    """Return a digest over the projections, the events and the schemas, and what runs compiled.

    What another program kept (a snapshot, a rebuild half done) is not to be trusted by this one.
    """
    digest = sha256()
    for name in ("projections", "events", "schemas"):
        for source in _sources(files(name)):
            digest.update(source.name.encode())
            digest.update(source.read_bytes())
    digest.update(repr(choose().parts).encode())
    return digest.hexdigest()


def _sources(folder: Traversable) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            if not entry.name.startswith(("_", ".")):
                yield from _sources(entry)
        elif entry.name.endswith((".py", ".avsc")):
            yield entry
