"""Columns of a file: none may stand twice, none that is read may be missing, and not too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from events.texts import worded
from services.importing.lines import FileRefused
from services.wording import cut, nearest, quoted

MAX_COLUMNS = 5_000
"""Columns of a file, or keys of a JSON line: more are no export of a system."""

_FEWER = worded("export only the columns that the mapping reads")


def check_columns(path: Path, names: Sequence[str], wanted: Sequence[str], line: int = 0) -> None:
    """Let a header pass that names each column once, and all wanted. Raises: FileRefused."""
    place = worded(", line %(line)s", line=line) if line else ""
    if len(names) > MAX_COLUMNS:
        raise FileRefused(
            worded(
                "%(file)s%(place)s: %(too_many)s; %(fewer)s",
                file=path,
                place=place,
                too_many=too_many(len(names)),
                fewer=_FEWER,
            )
        )
    twice = next((name for name, count in Counter(names).items() if name and count > 1), None)
    if twice is not None:
        raise FileRefused(
            worded(
                "%(file)s%(place)s: the column %(twice)s appears twice; rename or drop one",
                file=path,
                place=place,
                twice=quoted(twice),
            )
        )
    require_columns(path, wanted, names)


def too_many(count: int) -> str:
    """Return what is wrong with so many columns."""
    return worded(
        "%(count)s columns, and no more than %(most)s are read",
        count=format(count, ","),
        most=format(MAX_COLUMNS, ","),
    )


def require_columns(path: Path, wanted: Sequence[str], present: Collection[str]) -> None:
    """Let columns pass that hold all wanted ones. Raises: FileRefused."""
    for column in wanted:
        if column not in present:
            unread = [name for name in present if name and name not in wanted]
            hint = nearest(column, unread)
            raise FileRefused(
                worded(
                    "%(file)s has no column %(column)s that the mapping reads%(hint)s Name the "
                    "file's column so, or say in the mapping what the file calls it",
                    file=path,
                    column=repr(cut(column)),
                    hint=hint if hint.endswith("?") else worded("%(hint)s.", hint=hint),
                )
            )
