"""What the gateway says to one event."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from msgspec import Struct

from events.envelope import Position, PositionVector
from events.partitioning import REFERENCE_PARTITION
from events.texts import worded
from services.errors import TouchstoneError
from services.intake.characters import shown
from services.web.languages import told

Code = Literal[
    "malformed",  # not of the shape or type that is asked for
    "missing",  # a required field is not there
    "unknown_field",
    "unknown_type",
    "out_of_range",
    "inconsistent",  # two fields contradict each other
    "not_allowed",  # this key may not say that
    "erased",  # personal data about somebody who was erased
    "conflict",  # the id or the sequence number is another event's
]


class EventRefused(TouchstoneError):
    """One event is not what the catalogue allows; its neighbours are not affected."""

    def __init__(
        self,
        code: Code,
        field: str,
        reason: str,
        remedy: str,
        *,
        kept_field: str | None = None,
        kept_reason: str | None = None,
    ) -> None:
        """Name the field by its path in the event, what is wrong, and how to mend it.

        What is kept in clear repeats nothing of what was sent: where `field` or `reason` does,
        it is told to the sender alone, and `kept_field` or `kept_reason` to everybody else.
        """
        self.code = code
        self.field = shown(field)
        self.kept_field = self.field if kept_field is None else kept_field
        self.reason = shown(worded(reason))
        self.kept_reason = self.reason if kept_reason is None else shown(worded(kept_reason))
        self.remedy = shown(worded(remedy))
        super().__init__(f"{self.field}: {self.reason}; {self.remedy}")


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to one event; accepted and duplicate mean that it is durable.

    `position` is a token: a reader that has reached it has taken the event in.
    """

    status: Literal["accepted", "duplicate", "refused"]
    id: str | None = None
    position: str | None = None
    recorded_at: datetime | None = None
    code: Code | None = None
    field: str | None = None
    reason: str | None = None
    remedy: str | None = None
    quarantined: bool = False


def refused(
    event_id: str | None, why: EventRefused, *, quarantined: bool, language: str | None = None
) -> Answer:
    """Return the answer to an event that was not accepted, in a language or to be told in any."""
    return Answer(
        status="refused",
        id=event_id,
        code=why.code,
        field=why.field,
        reason=why.reason if language is None else told(why.reason, language),
        remedy=why.remedy if language is None else told(why.remedy, language),
        quarantined=quarantined,
    )


def token_through(positions: Iterable[Position]) -> str | None:
    """Return the token of a reader that has taken in all these positions; None for none."""
    counts = [0] * (REFERENCE_PARTITION + 1)
    generation = 0
    for position in positions:
        generation = max(generation, position.generation)
        counts[position.partition] = max(counts[position.partition], position.n + 1)
    return PositionVector(generation, tuple(counts)).token() if generation else None
