"""The named SQL: one statement per file, in the folder `sql` of the room that owns it."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_TOPICS_OF_THEIR_OWN = frozenset({"console"})
"""Rooms whose statements hold names of tables to be filled in, and are read by the room itself."""


@cache
def sql(name: str) -> str:
    """Return the statement kept in a room's `sql/<name>.sql`; a name stands once in all rooms."""
    return _statements()[name].read_text("utf-8")


@cache
def _statements() -> dict[str, Traversable]:
    found: dict[str, Traversable] = {}
    for room in files("services").iterdir():
        if room.is_dir() and room.name not in _TOPICS_OF_THEIR_OWN:
            _collect(room, found)
    return found


def _collect(folder: Traversable, found: dict[str, Traversable]) -> None:
    for entry in folder.iterdir():
        if not entry.is_dir() or entry.name.startswith("_"):
            continue
        if entry.name == "sql":
            for file in entry.iterdir():
                name = file.name.removesuffix(".sql")
                if name in found:
                    raise ValueError(f"two statements are named {name}")
                found[name] = file
        else:
            _collect(entry, found)
