"""Halves of surrogate pairs: JSON can spell one alone, but no database, log or page can hold it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from events.texts import worded
from services.intake.answers import EventRefused
from services.intake.characters import HALF_PAIR

_REMEDY = worded("encode the text as UTF-8, or spell both halves of each pair")


def refuse_half_pairs(event: Mapping[str, object]) -> None:
    """Let an event pass that is Unicode text everywhere, names included. Raises: EventRefused."""
    try:
        msgspec.json.encode(event, enc_hook=lambda _: None)  # the quickest way to look everywhere
        return
    except UnicodeEncodeError:
        pass
    except (ValueError, RecursionError, OverflowError):  # other faults, which are told later
        pass
    for path in _halves("", event):
        raise EventRefused(
            "malformed",
            path or "event",
            worded("holds a control character: half of a pair, which is no Unicode text"),
            _REMEDY,
            kept_field="event",
        )


def _halves(path: str, value: object) -> Iterator[str]:
    """Yield where halves stand: the path of a text, or of what holds a name with one."""
    todo: list[tuple[str, object]] = [(path, value)]
    while todo:
        where, one = todo.pop()
        if isinstance(one, str) and HALF_PAIR.search(one):
            yield where
        elif isinstance(one, list):
            todo += [(f"{where}[{i}]", inner) for i, inner in enumerate(one)]
        elif isinstance(one, dict):
            for name, inner in one.items():
                if HALF_PAIR.search(name):
                    yield f"{where}.{name[:80]}".lstrip(".")
                todo.append((f"{where}.{name[:80]}".lstrip("."), inner))
