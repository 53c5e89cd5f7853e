"""From an exchange's log to touchpoints: whose call it was, told once, under lasting ids."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from events.envelope import BranchId, CustomerId
from services.connectors.document import Document, DocumentRefused, Feed, Setting
from services.connectors.formats.telephone import (
    AsteriskConnector,
    CtiConnector,
    Heard,
    heard_together,
)
from services.connectors.ports import Directory, Made

BLIND = (Path(__file__).parent / "data" / "cel-blind.jsonl").read_bytes()
BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ID = "9d789597-7852-59bd-b81e-9c0743254793"
SETTINGS: dict[str, Setting] = {
    "region": "CN",
    "trunks": ["SIP/trunk"],
    "agents": {"SIP/agent1": "A-1", "SIP/agent2": "A-2"},
    "lines": {"4000": "hotline", "4100": "queue support"},
}
FEED = Feed(name="pbx-1", format="asterisk", branch=BranchId("B-01"), zone="UTC", settings=SETTINGS)


def made(body: bytes, directory: Directory) -> Made:
    document = Document(feed="pbx-1", name="cel.jsonl", body=body, received_at=BEGAN)
    reading = AsteriskConnector().read(document, FEED)
    return reading.made(0, reading.lines, directory)


def callers(*customers: str) -> Directory:
    return Directory(callers={"8613800138000": frozenset(map(CustomerId, customers))})


def test_a_call_becomes_its_customers_touchpoint() -> None:
    [one] = made(BLIND, callers("C-6001")).events
    assert one.event == {
        "specversion": "1.0",
        "id": ID,
        "source": "/branches/B-01/connect-pbx-1",
        "type": "contact.call_ended",
        "time": "2026-11-29T19:24:01+00:00",
        "subject": "C-6001",
        "data": {
            "call_id": "pbx-1:1795980241.7",
            "direction": "in",
            "outcome": "answered",
            "waited_seconds": 0,
            "talked_seconds": 4,
            "agents": ["A-1", "A-2"],
            "line": "hotline",
            "transfer": "blind",
            "personal": {"phone": "+8613800138000"},
        },
    }


def test_a_number_of_several_or_of_nobody_is_no_ones_call() -> None:
    for directory in (callers("C-1", "C-2"), Directory()):
        [one] = made(BLIND, directory).events
        assert "subject" not in one.event
        assert one.event["id"] == ID


def test_customers_who_are_merged_are_one() -> None:
    merged = Directory(
        callers=callers("C-1", "C-2").callers, heads={CustomerId("C-1"): CustomerId("C-2")}
    )
    [one] = made(BLIND, merged).events
    assert one.event["subject"] == "C-2"


def test_what_was_recorded_before_is_not_made_again_whoevers_the_number_is_now() -> None:
    found = made(BLIND, Directory(seen=frozenset({ID}), callers=callers("C-9").callers))
    assert found.events == []
    assert [one.key for one in found.seen] == [("1795980241.7",)]


def test_half_a_log_makes_nothing_and_says_so() -> None:
    lines = BLIND.splitlines()
    for half in (lines[:12], lines[12:]):
        found = made(b"\n".join(half), callers("C-6001"))
        assert found.events == []
        assert [one.key for one in found.refused] == [("1795980241.7",)]
    [one] = made(b"\n".join([*lines[12:], *lines[:12]]), callers("C-6001")).events
    assert one.event["id"] == ID


def test_what_is_no_log_is_refused_as_a_whole() -> None:
    with pytest.raises(DocumentRefused, match=r"cel\.jsonl: line 2: has no event name"):
        made(BLIND.splitlines()[0] + b"\n{}\n", Directory())


def test_signals_of_a_webhook_become_a_call_once_it_is_over() -> None:
    new = "event=newCall&callId=7&direction=in&from=13800138000&to=4000"
    heard = [Heard(BEGAN, "form", new), Heard(BEGAN, "form", "event=dtmf&callId=7")]
    over = [*heard, Heard(BEGAN, "form", "event=hangup&callId=7&cause=cancel")]
    feed = Feed(
        name="door", format="cti", branch=BranchId("B-01"), zone="UTC",
        settings={"lines": {"4000": "hotline"}},
    )  # fmt: skip
    found = []
    for some in (heard, over):
        document = Document(feed="door", name="calls", body=heard_together(some), received_at=BEGAN)
        reading = CtiConnector().read(document, feed)
        found.append(reading.made(0, reading.lines, callers("C-6001")))
    assert [one.key for one in found[0].ignored] == [("7",)]
    [call] = found[1].events
    assert call.event["subject"] == "C-6001"
    data = call.event["data"]
    assert isinstance(data, dict)
    assert (data["outcome"], data["line"]) == ("abandoned", "hotline")
