"""The generic call webhook: a new call, an answer, a hang-up, as exchanges and providers send them.

Names are those of the widely used generic door (newCall, answer, hangup), sipgate's, and Placetel's
(IncomingCall, OutgoingCall, CallAccepted, HungUp), as JSON or as a form. None bears a time: a
signal happened when it came in. An answer or a hang-up without a new call is taken as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from msgspec.structs import replace

from events.touchpoints.contact import CallOutcome, Direction
from services.connectors.formats.calls import (
    Call,
    Ends,
    PhoneSettings,
    Rings,
    Sign,
    Takes,
    number_of,
    staff_of,
)

SignalKind = Literal["new", "answer", "hangup"]

_KINDS: Mapping[str, SignalKind] = {
    "newcall": "new", "incomingcall": "new", "outgoingcall": "new",
    "answer": "answer", "callaccepted": "answer",
    "hangup": "hangup", "hungup": "hangup",
}  # fmt: skip
_DIRECTIONS: Mapping[str, Direction] = {
    "in": "in", "inbound": "in", "incoming": "in", "out": "out", "outbound": "out",
    "outgoing": "out",
}  # fmt: skip
_CALL_ID = ("callId", "call_id", "callid", "origCallId")
_USERS = ("fullUserId", "userId", "user", "answeringNumber", "peer")
_GIVEN_UP = frozenset({"cancel", "missed", "canceled", "cancelled"})
_VOICEMAIL = "voicemail"
_LONGEST = 200


class Signal(NamedTuple):
    """One signal of a call, as a provider sent it."""

    kind: SignalKind
    call_id: str
    direction: Direction | None
    caller: str | None
    called: str | None
    users: tuple[str, ...]  # whom it rings, or who answered
    cause: str


class UnknownSignal(ValueError):
    """A kind of signal that no one here knows: it is counted, and nothing else."""


class UnreadableSignal(ValueError):
    """No signal of a call: the text names the field and the remedy."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


def signal_in(body: bytes, content_type: str) -> Signal:
    """Return the signal in a request's body. Raises: UnknownSignal, UnreadableSignal."""
    fields = _json(body) if "json" in content_type or body[:1] == b"{" else _form(body)
    event = _one(fields, ("event",))
    if not event:
        raise UnreadableSignal("event", "is missing; send newCall, answer or hangup")
    kind = _KINDS.get(event.lower())
    if kind is None:
        raise UnknownSignal(event[:60])
    call_id = _one(fields, _CALL_ID)
    if not call_id:
        raise UnreadableSignal("callId", "is missing; send the number that all of a call share")
    if len(call_id) > _LONGEST:
        raise UnreadableSignal("callId", f"is longer than {_LONGEST} characters")
    said = _DIRECTIONS.get((_one(fields, ("direction",)) or "").lower())
    of_name: Mapping[str, Direction] = {"incomingcall": "in", "outgoingcall": "out"}
    return Signal(
        kind,
        call_id,
        said or of_name.get(event.lower()),
        _one(fields, ("from", "from_number")),
        _one(fields, ("to", "to_number")),
        tuple(dict.fromkeys(one for name in _USERS for one in _all(fields, name))),
        (_one(fields, ("cause", "type")) or "").lower(),
    )


def _json(body: bytes) -> Mapping[str, Sequence[str]]:
    try:
        told = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.MsgspecError as error:
        raise UnreadableSignal("body", "is no JSON object") from error
    found: dict[str, list[str]] = {}
    for name, value in told.items():
        some = value if isinstance(value, list) else [value]
        found[name.removesuffix("[]")] = [
            str(one) for one in some if isinstance(one, str | int) and not isinstance(one, bool)
        ]
    return found


def _form(body: bytes) -> Mapping[str, Sequence[str]]:
    try:
        pairs = parse_qsl(body.decode("utf-8"), max_num_fields=200, strict_parsing=True)
    except (UnicodeDecodeError, ValueError) as error:
        raise UnreadableSignal("body", "is neither a JSON object nor a form") from error
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name.removesuffix("[]"), []).append(value)
    return found


def _one(fields: Mapping[str, Sequence[str]], names: Sequence[str]) -> str | None:
    return next((fields[name][0].strip() for name in names if fields.get(name)), None) or None


def _all(fields: Mapping[str, Sequence[str]], name: str) -> Sequence[str]:
    parts = [part.strip() for one in fields.get(name, ()) for part in one.split(",")]
    return [part for part in parts if part]


def direction_of(signals: Sequence[Signal]) -> Direction:
    """Return a call's direction, as far as any signal says; most that say nothing come in."""
    return next((one.direction for one in signals if one.direction is not None), "in")


def customer_of(signals: Sequence[Signal], settings: PhoneSettings) -> str | None:
    """Return the customer's number of a call; None: no signal says it, or it was withheld."""
    comes_in = direction_of(signals) == "in"
    said = (one.caller if comes_in else one.called for one in signals)
    found = (number_of(one, settings.region) for one in said if one)
    return next((one for one in found if one is not None), None)


def line_of(signals: Sequence[Signal]) -> str | None:
    """Return which of our numbers a call came in at."""
    if direction_of(signals) == "out":
        return None
    return next((one.called for one in signals if one.called), None)


def signs_of(signal: Signal, before: Sequence[Signal], settings: PhoneSettings) -> tuple[Sign, ...]:
    """Return what a signal means for those at the telephones, after those that came before."""
    known = (*before, signal)
    agents = [one for one in signal.users if one in settings.agents]
    match signal.kind:
        case "new":
            phone, line = customer_of(known, settings), line_of(known)
            direction = direction_of(known)
            return tuple(Rings(signal.call_id, one, phone, line, direction) for one in agents[:20])
        case "answer":
            rings = Rings(
                signal.call_id,
                "",
                customer_of(known, settings),
                line_of(known),
                direction_of(known),
            )
            return tuple(
                sign
                for one in agents[:1]
                for sign in (replace(rings, agent=one), Takes(signal.call_id, one))
            )
        case "hangup":
            return (Ends(signal.call_id),)


def call_of(heard: Sequence[tuple[datetime, Signal]], settings: PhoneSettings) -> Call | None:
    """Return what a call was, of its signals and when each first came; None: it goes on."""
    told = sorted(heard, key=lambda one: (one[0], _ORDER[one[1].kind]))
    signals = [signal for _, signal in told]
    over = [(at, one) for at, one in told if one.kind == "hangup"]
    if not over:
        return None
    answers = [(at, one) for at, one in told if one.kind == "answer" and not _is_voicemail(one)]
    began, (ended, hangup) = told[0][0], over[0]
    taken = next((at for at, _ in answers if at <= ended), None)
    outcome: CallOutcome = "unanswered"
    if taken is not None or hangup.cause == "accepted":
        outcome = "answered"
    elif direction_of(signals) == "in" and hangup.cause in _GIVEN_UP:
        outcome = "abandoned"
    spoke = [one for _, answer in answers for one in answer.users]
    return Call(
        call_id=signals[0].call_id,
        started_at=began.replace(microsecond=0),
        direction=direction_of(signals),
        outcome=outcome,
        waited_s=int(((taken or ended) - began).total_seconds()),
        talked_s=int((ended - taken).total_seconds()) if taken is not None else 0,
        agents=staff_of(settings, spoke),
        line=line_of(signals),
        transfer="blind" if len({one.users for _, one in answers}) > 1 else None,
        phone=customer_of(signals, settings),
    )


_ORDER: Mapping[SignalKind, int] = {"new": 0, "answer": 1, "hangup": 2}


def _is_voicemail(answer: Signal) -> bool:
    return any(_VOICEMAIL in one.lower() for one in answer.users)
