"""The formats of telephone exchanges as connectors: Asterisk's, and the call webhook's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from events.texts import worded
from services.connectors.document import Document, DocumentRefused, Feed
from services.connectors.formats import asterisk, cti
from services.connectors.formats.asterisk import Incomplete, Internal, UnreadableRecord
from services.connectors.formats.call_reading import INTERNAL, CallReading
from services.connectors.formats.calls import Call, PhoneSettings
from services.connectors.formats.cti import UnknownSignal, UnreadableSignal
from services.connectors.ports import NotMade


class AsteriskSettings(PhoneSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An exchange's telephones, and how its manager is reached."""

    manager: str = ""  # host:port; without one its log comes by files alone
    user: str = ""
    tls: bool = False
    log_file: str = ""  # where this machine can read its event log, for calls with a gap


class CtiSettings(PhoneSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider's telephones, and from where it may call."""

    allow: tuple[str, ...] = ()  # networks that it calls from; none: any
    answer_to: str = ""  # the address to which a provider that asks sends answers and hang-ups


class AsteriskConnector:
    """Reads Asterisk's channel event log: JSON lines, or the CSV file of cel_custom."""

    format = "asterisk"
    title = worded("calls of an Asterisk exchange: its channel event log, and its manager")
    settings: type[Struct] = AsteriskSettings

    def read(self, document: Document, feed: Feed) -> CallReading:
        """Return the calls of a log. Raises: DocumentRefused, UsageError."""
        settings = feed.settings_as(AsteriskSettings)
        try:
            records = asterisk.records_in(document.body, feed.tz)
        except UnreadableRecord as error:
            raise DocumentRefused(f"{document.name}: {error}") from error
        by_call: dict[str, list[asterisk.Record]] = {}
        for one in records:
            by_call.setdefault(one.call_id, []).append(one)
        found = [asterisk.call_of(some, settings) for some in by_call.values()]
        return CallReading(
            feed,
            settings,
            [one for one in found if isinstance(one, Call)],
            [
                NotMade(key=(one.call_id,), why=INTERNAL)
                for one in found
                if isinstance(one, Internal)
            ],
            [_incomplete(one) for one in found if isinstance(one, Incomplete)],
        )


def _incomplete(call: Incomplete) -> NotMade:
    why = worded(
        "the log does not hold the whole call (%(why)s); send the exchange's log of that time",
        why=call.why,
    )
    return NotMade(key=(call.call_id,), why=why)


class Heard(Struct, frozen=True):
    """A signal as it came in: what the webhook keeps until the call is over."""

    at: datetime
    content_type: str
    body: str


class CtiConnector:
    """Reads call signals that came in by webhook: one JSON line each, with when it came."""

    format = "cti"
    title = worded("calls by webhook: newCall, answer, hangup")
    settings: type[Struct] = CtiSettings

    def read(self, document: Document, feed: Feed) -> CallReading:
        """Return the calls that are over. Raises: DocumentRefused, UsageError."""
        settings = feed.settings_as(CtiSettings)
        by_call: dict[str, list[tuple[datetime, cti.Signal]]] = {}
        for at, signal in _signals(document):
            by_call.setdefault(signal.call_id, []).append((at, signal))
        found = {call_id: cti.call_of(some, settings) for call_id, some in by_call.items()}
        going_on = worded("the call goes on")
        return CallReading(
            feed,
            settings,
            [one for one in found.values() if one is not None],
            [NotMade(key=(name,), why=going_on) for name, one in found.items() if one is None],
        )


def _signals(document: Document) -> Iterable[tuple[datetime, cti.Signal]]:
    for number, line in enumerate(document.body.splitlines(), start=1):
        try:
            heard = msgspec.json.decode(line, type=Heard)
            yield heard.at, cti.signal_in(heard.body.encode(), heard.content_type)
        except UnknownSignal:
            continue
        except (UnreadableSignal, msgspec.MsgspecError) as error:
            raise DocumentRefused(f"{document.name}, line {number}: {error}") from error


def heard_together(each: Sequence[Heard]) -> bytes:
    """Return signals as the document that the connector reads."""
    return b"\n".join(msgspec.json.encode(one) for one in each)
