"""JSON that means one thing: what is ambiguous or no number is marked, never guessed.

A key given twice, NaN, or a number out of all range makes its own event unusable and leaves
the other events of the batch alone; only broken syntax refuses a body as a whole.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter

from events.texts import N_, worded
from services.errors import TouchstoneError

_DIGITS = 40
"""Longer integers are no number that anybody counts, and converting them takes long."""


_FAULTS = (
    N_("Expecting value"),
    N_("Expecting ',' delimiter"),
    N_("Expecting ':' delimiter"),
    N_("Expecting property name enclosed in double quotes"),
    N_("Extra data"),
    N_("Illegal trailing comma before end of array"),
    N_("Illegal trailing comma before end of object"),
    N_("Invalid \\escape"),
    N_("Invalid \\uXXXX escape"),
    N_("Invalid control character at"),
    N_("Unterminated string starting at"),
)
"""What the json module calls what it meets, for the catalogues."""

_ESCAPE = re.compile(rb"\\.", re.DOTALL)


class MalformedBody(TouchstoneError):
    """The bytes are no JSON text in UTF-8; the reason names the place."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooManyValues(TouchstoneError):
    """A text has more values than are taken."""

    def __init__(self) -> None:
        self.reason = worded("there are more values in it than events need")
        super().__init__(self.reason)


class Tally:
    """Counts the values of a JSON text while it arrives, before anything is made of them.

    It counts what begins or parts values (`[`, `{` and `,`) outside texts: as many as there are
    values, give or take one, where the text is JSON.
    """

    def __init__(self, most: int) -> None:
        """Take at most so many values."""
        self._left = most
        self._within = False  # a text
        self._escaping = False  # the next byte belongs to a backslash

    def add(self, chunk: bytes) -> None:
        """Count on. Raises: TooManyValues."""
        if not chunk:
            return
        if self._escaping:
            chunk = chunk[1:]
        self._escaping = (len(chunk) - len(chunk.rstrip(b"\\"))) % 2 == 1
        parts = _ESCAPE.sub(b"", chunk).split(b'"')
        outside = b"".join(parts[1::2] if self._within else parts[::2])
        self._within ^= len(parts) % 2 == 0
        self._left -= outside.count(b",") + outside.count(b"[") + outside.count(b"{")
        if self._left < 0:
            raise TooManyValues


class Unusable:
    """Stands where a value was that cannot be used; `reason` says why.

    `told` says it to the sender, who may hear again what was sent.
    """

    __slots__ = ("reason", "told")

    def __init__(self, reason: str, told: str | None = None) -> None:
        self.reason = reason
        self.told = told or reason


def parse(body: bytes) -> object:
    """Return the value of a JSON text. Raises: MalformedBody."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedBody(
            worded("byte %(start)s is no UTF-8; encode the text as UTF-8", start=error.start)
        ) from error
    try:
        parsed: object = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        at = len(text[: error.pos].encode("utf-8", "surrogatepass"))
        raise MalformedBody(
            worded(
                "no JSON at byte %(at)s (line %(lineno)s, column %(colno)s): %(msg)s",
                at=at,
                lineno=error.lineno,
                colno=error.colno,
                msg=worded(error.msg),
            )
        ) from error
    except RecursionError as error:
        raise MalformedBody(
            worded("nested too deep; an event has no more than a few levels")
        ) from error
    return parsed


def _object(pairs: list[tuple[str, object]]) -> object:
    parsed = dict(pairs)
    if len(parsed) == len(pairs):
        return parsed
    counts = Counter(key for key, _ in pairs)
    twice = next(key for key, count in counts.items() if count > 1)
    return Unusable(
        worded("has a key twice"), worded("has the key %(twice)s twice", twice=repr(twice[:80]))
    )


def _integer(digits: str) -> int | Unusable:
    return (
        int(digits) if len(digits) <= _DIGITS else Unusable(worded("is a number out of all range"))
    )


def _number(digits: str) -> float | Unusable:
    number = float(digits)
    return number if math.isfinite(number) else Unusable(worded("is a number out of all range"))


def _constant(name: str) -> Unusable:
    return Unusable(worded("is %(name)s, which is no number", name=name))
