"""A digest of the code that decides what a projection's rows are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from projections.protocol import Projection


def code_digest(projection: Projection) -> str:
    """Return a digest over the projection's folder, its protocol, the events and the schemas.

    What another program kept (a snapshot, a rebuild half done) is not to be trusted by this one.
    """
    return _code_digest(type(projection).__module__.rpartition(".")[0])


@cache
def _code_digest(package: str) -> str:
    digest = sha256()
    for name in (package, "projections", "events", "schemas"):
        for source in _sources(files(name), deep=name != "projections"):
            digest.update(source.name.encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()


def _sources(folder: Traversable, *, deep: bool) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            if deep and not entry.name.startswith(("_", ".")):
                yield from _sources(entry, deep=deep)
        elif entry.name.endswith((".py", ".avsc")):
            yield entry
