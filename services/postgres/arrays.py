"""Arrays as PostgreSQL's text of them, which a statement casts: `$1::text::bigint[]`.

asyncpg asks of every element of a list whether it is itself a list, which takes longer than all
else that is done to write it. Format: PostgreSQL's documentation, "Array Input and Output Syntax".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID


def array_text(values: Sequence[object]) -> str:
    """Return a one-dimensional array of texts, numbers, days, instants, truths and nulls."""
    if not values:
        return "{}"
    try:
        return _texts(values) if type(values[0]) is str else _numbers(values)
    except TypeError:  # a null among them, or something else
        return f"{{{','.join(map(_element, values))}}}"


def _texts(values: Sequence[object]) -> str:
    together = "".join(values)  # type: ignore[arg-type]  # a TypeError is what is wanted
    if '"' in together or "\\" in together:
        return f"{{{','.join(map(_element, values))}}}"
    return '{"' + '","'.join(values) + '"}'  # type: ignore[arg-type]


def _numbers(values: Sequence[object]) -> str:
    if {*map(type, values)} != {int}:
        raise TypeError
    return f"{{{','.join(map(str, values))}}}"


def _element(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "t" if value else "f"
        case int():
            return str(value)
        case date():  # an instant is one, too
            return f'"{value.isoformat()}"'
        case str() | UUID():
            text = str(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{text}"'
        case _:
            raise AssertionError(f"no array is written of {type(value).__name__}")
