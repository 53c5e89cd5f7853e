"""The lines of the answer to a bulk: JSON, one to a line, as each is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from services.casework.comparing import Changes
from services.casework.problems import Change
from services.casework.undoing import Undo

MEDIA_TYPE = "application/x-ndjson"

Outcome = Literal[
    "would_be_done", "done", "done_before", "refused", "stale", "unreadable", "unavailable"
]


class Begin(Struct, frozen=True, kw_only=True, tag_field="line", tag="begin"):
    """The first line: how many items there are, and what would undo the command.

    `position` says by which events the rows were found, where a filter found them.
    """

    tried: bool
    count: int
    position: str | None
    undo: Undo


class ItemLine(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="line", tag="item"):
    """What became, or would become, of one item; `version` is its stream's, then.

    Of what was not done `rule` says why not, `detail` tells it and `remedy` what would help; what
    is stale says in `changed` what came since, the winner first.
    """

    id: str
    version: int
    outcome: Outcome
    events: Sequence[str] = ()
    rule: str | None = None
    detail: str | None = None
    remedy: str | None = None
    changed: Sequence[Change] = ()


class Decided(Struct, frozen=True, kw_only=True, tag_field="line", tag="decided"):
    """Every item was decided: how many came to what, and of how many customers rows may change."""

    outcomes: Mapping[str, int]
    customers: int


class ChangesLine(Struct, frozen=True, kw_only=True, tag_field="line", tag="changes"):
    """What would change of a customer, or of all whom merges connect, by these items together.

    `changes` is None where an event of the customer cannot be read, or a projection fails on it.
    """

    items: Sequence[str]
    changes: Changes | None


class Progress(Struct, frozen=True, kw_only=True, tag_field="line", tag="progress"):
    """How many of the items, or of the customers, are through."""

    done: int
    count: int


class End(Struct, frozen=True, kw_only=True, tag_field="line", tag="end"):
    """The last line; without it, or where it is not complete, send the same again.

    A reader that is asked for `at_least=` the position has taken in all that was done.
    """

    complete: bool
    outcomes: Mapping[str, int]
    position: str | None = None


Line = Begin | ItemLine | Decided | ChangesLine | Progress | End

_ENCODER = msgspec.json.Encoder()


def encoded(lines: Sequence[Line]) -> bytes:
    """Return lines as they are sent."""
    return _ENCODER.encode_lines(lines)
