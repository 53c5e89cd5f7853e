"""The call webhook: what providers send, in any order, and what a call was by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from urllib.parse import urlencode

import pytest

from services.connectors.formats.calls import Call, Ends, PhoneSettings, Rings, Takes
from services.connectors.formats.cti import (
    Signal,
    UnknownSignal,
    UnreadableSignal,
    call_of,
    signal_in,
    signs_of,
)

FORM = "application/x-www-form-urlencoded"
BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETTINGS = PhoneSettings(agents={"user 1": "A-1", "7777abc@fpbx.de": "A-2"}, region="DE")
NEW = {"event": "newCall", "direction": "in", "from": "4930600000000", "to": "022129191999"}


def form(**fields: str) -> Signal:
    return signal_in(urlencode(fields).encode(), FORM)


def heard(*signals: Signal, seconds: int = 10) -> list[tuple[datetime, Signal]]:
    return [(BEGAN + timedelta(seconds=i * seconds), one) for i, one in enumerate(signals)]


def test_the_three_dialects_say_the_same() -> None:
    generic = signal_in(b'{"event":"answer","callId":"7","direction":"in","from":"1","to":"2"}', "")
    sipgate = form(**{"event": "answer", "callId": "7", "direction": "in", "from": "1", "to": "2"})
    assert generic == sipgate
    placetel = form(**{"event": "CallAccepted", "call_id": "7", "from": "1", "to": "2"})
    assert placetel._replace(direction="in") == sipgate
    assert form(event="OutgoingCall", call_id="7").direction == "out"
    assert form(event="IncomingCall", call_id="7").direction == "in"


def test_users_are_named_one_by_one_or_together() -> None:
    body = b"event=newCall&callId=7&user%5B%5D=user+1&user%5B%5D=user+2,user+3"
    assert signal_in(body, FORM).users == ("user 1", "user 2", "user 3")
    assert signal_in(b'{"event":"newCall","callId":7,"user":["user 1","x"]}', "").users == (
        "user 1", "x",
    )  # fmt: skip


def test_a_call_is_the_same_in_whatever_order_its_signals_are_stored() -> None:
    told = heard(
        form(**NEW, callId="7", user="user 1"),
        form(event="answer", callId="7", user="user 1"),
        form(event="hangup", callId="7", cause="normalClearing"),
    )
    expected = Call(
        "7", BEGAN, "in", "answered", 10, 10, ("A-1",), "022129191999", None, "+4930600000000"
    )
    for some in permutations(told):
        assert call_of(some, SETTINGS) == expected


def test_a_call_goes_on_until_it_is_hung_up() -> None:
    assert call_of(heard(form(**NEW, callId="7")), SETTINGS) is None


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [("cancel", "abandoned"), ("missed", "abandoned"), ("noAnswer", "unanswered")],
)
def test_nobody_took_it(cause: str, outcome: str) -> None:
    told = heard(form(**NEW, callId="7"), form(event="hangup", callId="7", cause=cause))
    call = call_of(told, SETTINGS)
    assert call is not None
    assert (call.outcome, call.waited_s, call.talked_s) == (outcome, 10, 0)


def test_a_recorder_that_answers_is_nobody() -> None:
    told = heard(
        form(**NEW, callId="7"),
        form(event="answer", callId="7", user="voicemail"),
        form(event="hangup", callId="7", cause="normalClearing"),
    )
    call = call_of(told, SETTINGS)
    assert call is not None
    assert (call.outcome, call.talked_s, call.agents) == ("unanswered", 0, ())


def test_an_answer_or_a_hang_up_without_a_new_call_is_taken_as_it_is() -> None:
    answer = form(**NEW | {"event": "CallAccepted", "peer": "7777abc@fpbx.de"}, call_id="7")
    hangup = form(event="HungUp", call_id="7", type="accepted")
    call = call_of(heard(answer, hangup), SETTINGS)
    assert call is not None
    assert (call.outcome, call.talked_s, call.agents) == ("answered", 10, ("A-2",))
    alone = call_of(heard(form(**NEW | {"event": "HungUp"}, call_id="7", type="missed")), SETTINGS)
    assert alone is not None
    assert (alone.outcome, alone.phone) == ("abandoned", "+4930600000000")


def test_a_call_out_is_to_whom_it_goes() -> None:
    fields = NEW | {"direction": "out", "from": "022129191999", "to": "4930600000000"}
    told = heard(form(**fields, callId="7"), form(event="hangup", callId="7", cause="noAnswer"))
    call = call_of(told, SETTINGS)
    assert call is not None
    assert (call.direction, call.outcome, call.phone) == ("out", "unanswered", "+4930600000000")
    assert call.line is None


def test_it_rings_at_those_named_and_the_one_who_answers_takes_it() -> None:
    new = form(**NEW, callId="7", user="user 1,stranger")
    assert signs_of(new, (), SETTINGS) == (Rings("7", "user 1", "+4930600000000", "022129191999"),)
    answer = form(event="answer", callId="7", user="user 1")
    assert signs_of(answer, (new,), SETTINGS) == (
        Rings("7", "user 1", "+4930600000000", "022129191999"),
        Takes("7", "user 1"),
    )
    assert signs_of(form(event="hangup", callId="7"), (new, answer), SETTINGS) == (Ends("7"),)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"callId": "7"}', "event"),
        (b'{"event": "newCall"}', "callId"),
        (b'{"event": "newCall", "callId": "' + b"7" * 300 + b'"}', "callId"),
        (b"[1]", "body"),
        (b"\xff=1", "body"),
        (b"", "event"),
    ],
)
def test_what_is_no_signal_is_refused_by_its_field(body: bytes, field: str) -> None:
    with pytest.raises(UnreadableSignal) as refused:
        signal_in(body, FORM)
    assert refused.value.field == field


def test_a_kind_that_nobody_knows_is_told_apart() -> None:
    with pytest.raises(UnknownSignal, match="dtmf"):
        form(event="dtmf", callId="7")
