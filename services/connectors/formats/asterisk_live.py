"""Calls while they run: what the manager's events mean for those at the telephones.

Everything goes by Linkedid: where a call is handed on, the caller id that is shown is ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from events.touchpoints.contact import Direction
from services.connectors.formats.asterisk import is_ours, is_outside, phone_of
from services.connectors.formats.calls import (
    Ends,
    Leaves,
    PhoneSettings,
    Rings,
    Sign,
    Takes,
    number_of,
)

_MOST_CALLS = 10_000
"""Of calls whose end was never told, those heard of first are forgotten."""

ManagerEvent = Mapping[str, str]


class _Running(NamedTuple):
    """What is known of a call that runs."""

    caller: str  # the telephone or trunk of its first channel
    phone: str | None
    line: str | None


class Switchboard:
    """Follows the calls of one exchange; the same events give the same signs."""

    def __init__(self, settings: PhoneSettings) -> None:
        self._settings = settings
        self._running: dict[str, _Running] = {}

    def hear(self, event: ManagerEvent) -> tuple[Sign, ...]:
        """Return what an event means; most mean nothing."""
        call_id = event.get("Linkedid", "")
        if not call_id:
            return ()
        self._learn(call_id, event)
        return tuple(self._signs(call_id, event))

    def forget_but(self, there: Collection[str]) -> tuple[Sign, ...]:
        """Return the ends of calls that the exchange has no channel of any more."""
        gone = [one for one in self._running if one not in there]
        for one in gone:
            del self._running[one]
        return tuple(Ends(one) for one in gone)

    def _learn(self, call_id: str, event: ManagerEvent) -> None:
        """Keep what the first channel of a call says of itself."""
        if event.get("Uniqueid") != call_id or "Channel" not in event:
            return
        caller = phone_of(event["Channel"])
        comes_in = is_outside(caller, self._settings)
        before = self._running.get(call_id)
        said = event.get("CallerIDNum") if comes_in else event.get("Exten")
        if said is not None and not comes_in:
            said = said.removeprefix(self._settings.outside)
        number = number_of(said, self._settings.region)
        dialled = event.get("Exten") or None
        self._running[call_id] = _Running(
            caller,
            (before.phone if before else None) or number,
            (before.line if before else None) or (dialled if comes_in else None),
        )
        if len(self._running) > _MOST_CALLS:
            del self._running[next(iter(self._running))]

    def _signs(self, call_id: str, event: ManagerEvent) -> Iterator[Sign]:
        name = event.get("Event", "")
        phone = phone_of(event.get("Channel", ""))
        there = phone_of(event.get("DestChannel", ""))
        match name:
            case "DialBegin":
                yield from self._rings(call_id, phone, there)
            case "BridgeEnter" if is_ours(phone, self._settings):
                yield Takes(call_id, phone)
            case "DialEnd" if event.get("DialStatus") != "ANSWER":
                if is_ours(there, self._settings):
                    yield Leaves(call_id, there)
            case "Hangup":
                if event.get("Uniqueid") == call_id:
                    self._running.pop(call_id, None)
                    yield Ends(call_id)
                elif is_ours(phone, self._settings):
                    yield Leaves(call_id, phone)

    def _rings(self, call_id: str, phone: str, there: str) -> Iterator[Sign]:
        """Yield at whose telephone a call shows up: who is called, or who calls a customer."""
        call = self._running.get(call_id)
        if call is None:  # it began before anybody listened
            return
        comes_in = is_outside(call.caller, self._settings)
        direction: Direction = "in" if comes_in else "out"
        at = there if comes_in else phone
        if comes_in == is_outside(there, self._settings) or not is_ours(at, self._settings):
            return
        yield Rings(call_id, at, call.phone, call.line, direction)
