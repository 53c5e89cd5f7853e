"""Calls of a document, each made a touchpoint of the one customer whose number it was."""

from __future__ import annotations

from collections.abc import Sequence

from events.derived_ids import derived_id
from events.texts import worded
from services.connectors.document import Feed
from services.connectors.formats.calls import Call, PhoneSettings, call_ended, digits_of
from services.connectors.identity import event_of
from services.connectors.ports import Directory, Made, MadeEvent, NotMade, Questions

BLOCK = "ended"

ONE = worded("the number is one customer's")
NOBODY = worded("the number is no customer's")
SEVERAL = worded("the number is several customers'")
WITHHELD = worded("the caller gave no number")
SEEN = worded("the call was recorded before")
INTERNAL = worded("a call between telephones of ours")


class CallReading:
    """Calls, and what of the document is none, each with the reason."""

    controls: Sequence[str] = ()

    def __init__(
        self,
        feed: Feed,
        settings: PhoneSettings,
        calls: Sequence[Call],
        ignored: Sequence[NotMade] = (),
        refused: Sequence[NotMade] = (),
    ) -> None:
        self._feed = feed
        self._settings = settings
        self._parts: Sequence[Call | tuple[str, NotMade]] = [
            *calls,
            *(("ignored", one) for one in ignored),
            *(("refused", one) for one in refused),
        ]

    @property
    def lines(self) -> int:
        """Return how many calls there are."""
        return len(self._parts)

    def asks(self, start: int, stop: int) -> Questions:
        """Return whose numbers these are, and what was recorded before."""
        calls = [one for one in self._parts[start:stop] if isinstance(one, Call)]
        return Questions(
            ids=frozenset(self._id(one) for one in calls),
            phones=frozenset(digits_of(one.phone) for one in calls if one.phone),
        )

    def made(self, start: int, stop: int, directory: Directory) -> Made:
        """Return the touchpoints of these calls."""
        parts = self._parts[start:stop]
        calls = [one for one in parts if isinstance(one, Call)]
        rest = [one for one in parts if not isinstance(one, Call)]
        seen = [one for one in calls if self._id(one) in directory.seen]
        return Made(
            events=[self._made(one, directory) for one in calls if one not in seen],
            ignored=[one for kind, one in rest if kind == "ignored"],
            refused=[one for kind, one in rest if kind == "refused"],
            seen=[NotMade(key=(one.call_id,), why=SEEN) for one in seen],
        )

    def _made(self, call: Call, directory: Directory) -> MadeEvent:
        data, personal = call_ended(call, self._feed.name, self._settings)
        whose, because = _whose(call, directory)
        event = event_of(
            self._feed,
            (call.call_id,),
            BLOCK,
            data,
            at=call.started_at,
            subject=whose,
            personal=dict(personal),
        )
        return MadeEvent(key=(call.call_id,), block=BLOCK, event=event, because=because)

    def _id(self, call: Call) -> str:
        return event_id_of(self._feed, call.call_id)


def event_id_of(feed: Feed, call_id: str) -> str:
    """Return the id of the event by which a feed's call is recorded."""
    return derived_id(feed.source, (call_id,), BLOCK)


def _whose(call: Call, directory: Directory) -> tuple[str | None, str]:
    """Return the customer of a call, and why; a number of several is nobody's until one says."""
    if call.phone is None:
        return None, WITHHELD
    heads = {directory.head(one) for one in directory.callers.get(digits_of(call.phone), ())}
    if len(heads) == 1:
        return next(iter(heads)), ONE
    return None, SEVERAL if heads else NOBODY
