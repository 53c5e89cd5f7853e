"""Standard Webhooks: another system tells touchpoints by their names, under its signature.

A message is `{"type", "timestamp", "data"}` as the specification has it; the type is that of a
touchpoint, and the data are its fields, with `customer` for whom it is about. Its `webhook-id`,
which stays the same when it is sent again, tells it from others. A type that is no touchpoint's is
left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from events.derived_ids import derived_id
from events.texts import worded
from events.touchpoints import CATALOGUE, PersonalTouchpoint, ReferenceTouchpoint, Touchpoint
from services.connectors.document import Document, DocumentRefused, Feed
from services.connectors.formats.orders import OTHER_TOPIC, SAYS_IT, SEEN
from services.connectors.identity import event_of
from services.connectors.ports import Directory, Made, MadeEvent, NotMade, Questions

_BLOCK = "told"
_COMMANDED = ("case.", "alert.", "customer.merged", "customer.unmerged", "customer.erased")
"""What is decided here, and no other system's to tell."""


class StandardSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """There is nothing to set."""


class _Message(Struct):
    type: str
    timestamp: datetime
    data: dict[str, object] = {}


class StandardReading:
    """One message; None: it tells no touchpoint."""

    controls = ()
    lines = 1

    def __init__(
        self,
        feed: Feed,
        message_id: str,
        told: tuple[Touchpoint, Mapping[str, str], str | None, datetime] | None,
    ) -> None:
        self._feed = feed
        self._key = (message_id,)
        self._told = told

    def asks(self, start: int, stop: int) -> Questions:
        """Return the id under which it may have been recorded before."""
        return Questions(ids=frozenset({self._id}))

    def made(self, start: int, stop: int, directory: Directory) -> Made:
        """Return its touchpoint."""
        if self._told is None:
            return Made(ignored=[NotMade(key=self._key, why=OTHER_TOPIC)])
        if self._id in directory.seen:
            return Made(seen=[NotMade(key=self._key, why=SEEN)])
        data, personal, customer, at = self._told
        event = event_of(
            self._feed, self._key, _BLOCK, data, at=at, subject=customer, personal=dict(personal)
        )
        return Made(events=[MadeEvent(key=self._key, block=_BLOCK, event=event, because=SAYS_IT)])

    @property
    def _id(self) -> str:
        return derived_id(self._feed.source, self._key, _BLOCK)


class Standard:
    """Reads messages by Standard Webhooks."""

    format = "standard"
    title = worded("touchpoints of another system, by Standard Webhooks")
    settings: type[Struct] = StandardSettings

    def read(self, document: Document, feed: Feed) -> StandardReading:
        """Return what a message tells. Raises: DocumentRefused."""
        message_id = document.headers.get("webhook-id", "")
        if not 1 <= len(message_id) <= 200:
            raise DocumentRefused("webhook-id: is missing; the sender's id of the message")
        try:
            message = msgspec.json.decode(document.body, type=_Message)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DocumentRefused(f"{document.name}: {error}") from error
        kind = CATALOGUE.get(message.type)
        if (
            kind is None
            or issubclass(kind, ReferenceTouchpoint)
            or message.type.startswith(_COMMANDED)
        ):
            return StandardReading(feed, message_id, None)
        if message.timestamp.tzinfo is None:
            raise DocumentRefused("timestamp: says no offset from UTC; write 2026-03-02T09:00:00Z")
        return StandardReading(feed, message_id, (*_told(kind, message), message.timestamp))


def _told(
    kind: type[Touchpoint], message: _Message
) -> tuple[Touchpoint, Mapping[str, str], str | None]:
    fields = dict(message.data)
    customer, personal = fields.pop("customer", None), fields.pop("personal", {})
    if not (customer is None or isinstance(customer, str)):
        raise DocumentRefused("data.customer: is no text")
    fields.pop("sealed", None)
    try:
        data = msgspec.convert(fields, kind)
        named = msgspec.convert(personal, dict[str, str])
    except msgspec.ValidationError as error:
        raise DocumentRefused(f"data: {error}") from error
    if named and not issubclass(kind, PersonalTouchpoint):
        raise DocumentRefused(f"data.personal: {message.type} has no personal fields")
    return data, named, customer
