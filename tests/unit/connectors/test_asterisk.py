"""Calls of a real exchange: its event log in any order and its manager's events as they came."""

from __future__ import annotations

import csv
import io
import random
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from services.connectors.formats.asterisk import (
    Incomplete,
    Internal,
    Record,
    UnreadableRecord,
    call_of,
    phone_of,
    records_in,
)
from services.connectors.formats.asterisk_live import Switchboard
from services.connectors.formats.calls import (
    Call,
    Ends,
    Leaves,
    PhoneSettings,
    Rings,
    Sign,
    Takes,
    call_ended,
    number_of,
)

DATA = Path(__file__).parent / "data"
BLIND = (DATA / "cel-blind.jsonl").read_bytes()
CUSTOMER = "+8613800138000"
CALL = "1795980241.7"
SETTINGS = PhoneSettings(
    trunks=("SIP/trunk",),
    agents={"SIP/agent1": "A-1", "SIP/agent2": "A-2"},
    lines={"4000": "hotline", "4100": "queue support"},
    departments={"4100": "SUPPORT"},
)


def manager_events(name: str) -> list[dict[str, str]]:
    lines = (DATA / f"manager-{name}.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=dict[str, str]) for line in lines]


def log_of(events: list[dict[str, str]]) -> tuple[Record, ...]:
    lines = [msgspec.json.encode(one) for one in events if one["Event"] == "CEL"]
    return records_in(b"\n".join(lines), UTC)


def blind() -> Call:
    call = call_of(records_in(BLIND, UTC), SETTINGS)
    assert isinstance(call, Call)
    return call


def test_a_call_that_was_handed_on_is_one_call_of_both_agents() -> None:
    data, personal = call_ended(blind(), "pbx-1", SETTINGS)
    assert (data.call_id, data.direction, data.outcome) == (f"pbx-1:{CALL}", "in", "answered")
    assert (data.agents, data.line, data.transfer) == (("A-1", "A-2"), "hotline", "blind")
    assert (data.waited_seconds, data.talked_seconds) == (0, 4)
    assert personal == {"phone": CUSTOMER}
    assert blind().started_at == datetime(2026, 11, 29, 19, 24, 1, tzinfo=UTC)


def test_order_and_repetition_of_the_records_change_nothing() -> None:
    records = list(records_in(BLIND, UTC))
    for seed in range(20):
        shuffled = [*records, *random.Random(seed).sample(records, 9)]
        random.Random(seed).shuffle(shuffled)
        assert call_of(shuffled, SETTINGS) == blind()


def test_the_manager_tells_the_same_call_as_the_log() -> None:
    assert call_of(log_of(manager_events("blind")), SETTINGS) == blind()


def test_a_caller_who_gave_up_in_the_queue_is_lost_once_though_the_greeting_answered() -> None:
    call = call_of(log_of(manager_events("abandon")), SETTINGS)
    assert isinstance(call, Call)
    assert (call.outcome, call.talked_s, call.waited_s, call.agents) == ("abandoned", 0, 3, ())
    data, _ = call_ended(call, "pbx-1", SETTINGS)
    assert (data.line, data.department) == ("queue support", "SUPPORT")


def test_a_log_with_any_record_of_a_bridge_or_channel_missing_is_told_as_incomplete() -> None:
    records = records_in(BLIND, UTC)
    for i, gone in enumerate(records):
        rest = [one for j, one in enumerate(records) if j != i]
        if gone.name in ("CHAN_START", "CHAN_END", "BRIDGE_ENTER", "BRIDGE_EXIT", "LINKEDID_END"):
            found = call_of(rest, SETTINGS)
            same_bridge = gone.name.startswith("BRIDGE") and gone.channel_id == CALL
            assert same_bridge or isinstance(found, Incomplete), gone
            assert not isinstance(found, Call) or found == blind(), gone


def test_the_log_as_a_csv_file_reads_as_its_json() -> None:
    rows = [msgspec.json.decode(line, type=dict[str, str]) for line in BLIND.splitlines()]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    assert records_in(text.getvalue().encode(), UTC) == records_in(BLIND, UTC)


def test_event_times_are_the_exchanges_clock_and_the_beginning_is_not() -> None:
    call = call_of(records_in(BLIND, ZoneInfo("Asia/Shanghai")), SETTINGS)
    assert isinstance(call, Call)
    assert (call.started_at, call.talked_s) == (blind().started_at, 4)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"EventName": "CHAN_START"}', "line 1: has no event name, unique id or linked id"),
        (b'{"EventName": 1', "line 1: is no object of texts"),
        (b"\xff", "is not UTF-8"),
        (BLIND.replace(b"2026-11-29 19:24:02", b"yesterday", 1), "line 8: 'yesterday' is no"),
    ],
)
def test_what_is_no_log_is_refused_with_its_line(body: bytes, why: str) -> None:
    with pytest.raises(UnreadableRecord, match=why):
        records_in(body, UTC)


def test_a_call_between_our_own_telephones_is_no_customers() -> None:
    inside = PhoneSettings(agents={"SIP/agent1": "A-1", "SIP/agent2": "A-2", "SIP/trunk": "A-3"})
    assert call_of(records_in(BLIND, UTC), inside) == Internal(CALL)


def test_without_trunks_named_whoever_is_no_agent_is_outside() -> None:
    bare = PhoneSettings(agents=SETTINGS.agents)
    assert call_of(records_in(BLIND, UTC), bare) == blind()


def test_an_agent_who_calls_a_customer_is_a_call_out_to_the_number_dialled() -> None:
    turned = BLIND.replace(b"SIP/trunk", b"SIP/x").replace(b"SIP/agent1", b"SIP/trunk")
    turned = turned.replace(b"SIP/x", b"SIP/agent1").replace(b'"4000"', b'"0013800138000"')
    settings = PhoneSettings(trunks=SETTINGS.trunks, agents=SETTINGS.agents, outside="00")
    call = call_of(records_in(turned, UTC), settings)
    assert isinstance(call, Call)
    assert (call.direction, call.outcome, call.phone) == ("out", "answered", CUSTOMER)
    assert call.line is None


def signs(events: list[dict[str, str]]) -> list[Sign]:
    switchboard = Switchboard(SETTINGS)
    return [sign for event in events for sign in switchboard.hear(event)]


def test_each_agent_is_shown_the_customer_of_the_call_also_after_it_was_handed_on() -> None:
    assert signs(manager_events("blind")) == [
        Rings(CALL, "SIP/agent1", CUSTOMER, "4000"),
        Takes(CALL, "SIP/agent1"),
        Rings(CALL, "SIP/agent2", CUSTOMER, "4000"),
        Leaves(CALL, "SIP/agent1"),
        Takes(CALL, "SIP/agent2"),
        Ends(CALL),
        Leaves(CALL, "SIP/agent2"),
    ]


def test_a_queue_rings_at_both_and_leaves_both_when_the_caller_gives_up() -> None:
    told = signs(manager_events("abandon"))
    call = "1795980307.15"
    assert told[:2] == [
        Rings(call, "SIP/agent2", CUSTOMER, "4100"),
        Rings(call, "SIP/agent1", CUSTOMER, "4100"),
    ]
    assert Takes(call, "SIP/agent1") not in told
    assert {Leaves(call, "SIP/agent1"), Leaves(call, "SIP/agent2")} <= set(told)
    assert told[-1] == Ends(call)


def test_a_number_that_comes_after_the_channel_is_the_one_shown() -> None:
    events = manager_events("blind")
    for one in events[:3]:
        one["CallerIDNum"] = "<unknown>"
    events.insert(3, {**events[2], "Event": "NewCallerid", "CallerIDNum": "13800138000"})
    assert signs(events)[0] == Rings(CALL, "SIP/agent1", CUSTOMER, "4000")


def test_calls_that_ended_unheard_end_when_the_exchange_has_no_channel_of_them() -> None:
    switchboard = Switchboard(SETTINGS)
    for event in manager_events("blind")[:20]:
        switchboard.hear(event)
    assert switchboard.forget_but({CALL}) == ()
    assert switchboard.forget_but(set()) == (Ends(CALL),)
    assert switchboard.forget_but(set()) == ()


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("13800138000", CUSTOMER),
        ("013800138000", CUSTOMER),
        ("8613800138000", CUSTOMER),
        ("+86 138-0013-8000", CUSTOMER),
        ("010-12345678", "+861012345678"),
        ("95588", "95588"),
        ("106575551234", "106575551234"),
        ("4912347114711", "4912347114711"),
        ("493055571600", "+493055571600"),
        ("anonymous", None),
        ("<unknown>", None),
        ("", None),
        ("42", None),
        ("sip:13800138000@10.0.0.1", CUSTOMER),
    ],
)
def test_numbers_are_the_worlds_or_the_digits_as_they_are(written: str, number: str | None) -> None:
    assert number_of(written, "CN") == number


@pytest.mark.parametrize(
    ("channel", "phone"),
    [
        ("SIP/agent1-0000002a", "SIP/agent1"),
        ("PJSIP/wang-li-00000001", "PJSIP/wang-li"),
        ("Local/4001@transfer-00000003;1", "Local/4001@transfer"),
        ("SIP/no-suffix", "SIP/no-suffix"),
    ],
)
def test_a_channel_belongs_to_a_telephone(channel: str, phone: str) -> None:
    assert phone_of(channel) == phone
