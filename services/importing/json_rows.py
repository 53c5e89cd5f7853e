"""Reads JSON lines: an object per line, nested values as columns with dotted names.

What means two things, or nothing, is refused with its line: a name that stands twice, NaN, a
number that would cost memory to write out, an object nested beyond any export's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import cast

from events.texts import worded
from services.importing.cells import Row
from services.importing.columns import MAX_COLUMNS, too_many
from services.importing.compiling import RowRefused
from services.importing.conversions import Cell
from services.importing.lines import decoded_lines
from services.importing.mapping import Source
from services.wording import cut, quoted

_DIGITS = 100
_DEEPEST = 32


class _Ambiguous(Exception):
    """A line that is JSON and yet cannot be used."""

    def __init__(self, reason: str, remedy: str, column: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.column = column


def json_rows(path: Path, source: Source) -> Iterator[Row | RowRefused]:
    """Yield the file's rows. Raises: FileRefused."""
    for line, text in enumerate(decoded_lines(path, source.encoding), start=1):
        if not text.strip():
            continue
        try:
            cells = _cells(text)
        except _Ambiguous as why:
            yield RowRefused(line, None, why.column, why.reason, why.remedy)
        except json.JSONDecodeError as error:
            reason = worded(
                "no valid JSON: %(why)s at column %(column)s", why=error.msg, column=error.colno
            )
            yield RowRefused(line, None, None, reason, worded("mend or drop the line"))
        except RecursionError:
            yield RowRefused(line, None, None, _TOO_DEEP, _ONE_OBJECT)
        else:
            if cells is not None:
                yield Row(line, cells)


_TOO_DEEP = worded("nested too deep")
_ONE_OBJECT = worded("write one object of columns per line")


_Tree = dict[str, object]
"""What a JSON object holds: cells, and objects within it."""


def _cells(text: str) -> dict[str, Cell] | None:
    """Return a line's cells, None where it is null. Raises: _Ambiguous, JSONDecodeError."""
    value = _DECODER.decode(text)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _Ambiguous(worded("the line is no JSON object"), worded("write one object per line"))
    if _is_flat(value):
        return cast(dict[str, Cell], value)
    cells: dict[str, Cell] = {}
    _flatten(value, "", 1, cells)
    return cells


def _is_flat(value: _Tree) -> bool:
    if len(value) > MAX_COLUMNS:
        raise _Ambiguous(too_many(len(value)), worded("write only what the mapping reads"))
    return not any(isinstance(part, dict) for part in value.values())


def _flatten(value: _Tree, prefix: str, depth: int, cells: dict[str, Cell]) -> None:
    """Add nested objects as columns with dotted names: {"a": {"b": 1}} is `a.b`."""
    if depth > _DEEPEST:
        raise _Ambiguous(_TOO_DEEP, _ONE_OBJECT)
    for name, part in value.items():
        column = f"{prefix}{name}"
        if isinstance(part, dict):
            _flatten(part, f"{column}.", depth + 1, cells)
        elif column in cells:
            raise _twice(column)
        else:
            cells[column] = cast(Cell, part)
    if len(cells) > MAX_COLUMNS:
        raise _Ambiguous(too_many(len(cells)), worded("write only what the mapping reads"))


def _object(pairs: list[tuple[str, object]]) -> _Tree:
    parsed = dict(pairs)
    if len(parsed) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _twice(name)
            seen.add(name)
    return parsed


def _twice(name: str) -> _Ambiguous:
    return _Ambiguous(
        worded(
            "the name %(name)s stands twice, and one of the two would be lost", name=quoted(name)
        ),
        worded("write it once"),
        cut(name),
    )


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise _Ambiguous(
            worded("a number of %(count)s digits", count=format(len(digits), ",")),
            worded("correct the number"),
        )
    return int(digits)


def _number(digits: str) -> Decimal:
    number = Decimal(digits) if len(digits) <= _DIGITS else Decimal("Infinity")
    if abs(number.adjusted()) > _DIGITS or not number.is_finite():
        raise _Ambiguous(
            worded("%(digits)s is a number out of all range", digits=quoted(digits)),
            worded("correct the number"),
        )
    return number


def _no_number(word: str) -> Cell:
    raise _Ambiguous(worded("%(word)s is no number", word=word), worded("write a number, or null"))


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_number, parse_constant=_no_number
)
