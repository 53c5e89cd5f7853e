"""The named SQL: one statement per file, in the folder `sql` of the room that owns it."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_TOPICS_OF_THEIR_OWN = frozenset({"console"})
"""Rooms whose statements hold names of tables to be filled in, and are read by the room itself."""


Value = int | Sequence[int] | Sequence[str]
"""What may be written into a statement."""

_PARAMETER = re.compile(r"\$(\d+)")


@cache
def sql(name: str) -> str:
    """Return the statement kept in a room's `sql/<name>.sql`; a name stands once in all rooms."""
    return _statements()[name].read_text("utf-8")


def filled_in(statement: str, *values: Value) -> str:
    """Return a statement with values in place of its parameters: COPY takes none."""
    written = [_written(value) for value in values]
    return _PARAMETER.sub(lambda found: written[int(found[1]) - 1], _without_notes(statement))


def _written(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    return f"ARRAY[{', '.join(_literal(one) for one in value)}]"


def _literal(value: int | str) -> str:
    """Return an SQL literal; a text as one that no setting of the server reads in another way."""
    if isinstance(value, int):
        return str(value)
    return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _without_notes(statement: str) -> str:
    return "\n".join(line for line in statement.splitlines() if not line.startswith("--"))


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
