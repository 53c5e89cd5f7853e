"""Which release of the console answers: what an upgrade changes, whatever its rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

_ROOMS = ("services.console", "projections", "events")
_KINDS = (".py", ".html", ".sql", ".mo", ".css", ".js")


@cache
def release() -> str:
    """Return a name of the code, templates, texts and styles that make an answer."""
    digest = sha256()
    for room in _ROOMS:
        for file in _files(files(room)):
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _files(folder: Traversable) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            if not entry.name.startswith(("__", ".")):
                yield from _files(entry)
        elif entry.name.endswith(_KINDS):
            yield entry
