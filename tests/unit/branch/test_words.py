"""What a branch may answer while nobody can be asked."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from touchstone_branch import Branch, ReceiptUnsound, Verdict
from touchstone_branch.clocks import Moment
from touchstone_branch.notes import Verifier
from touchstone_branch.testing import ORIGIN, FakePlatform, opened
from touchstone_branch.words import Words, read_words

NOW = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
RULES = {
    "zone": "Asia/Shanghai", "max_days_overdue": 30, "capital_per_day": 200,
    "default_limit": {"minor": 5_000, "currency": "CNY"},
    "interest_per_year": 50_000, "interest_free_days": 10,
}  # fmt: skip


def account(
    exposure: int, limit: int | None, due: str | None = None, gate: str | None = None
) -> dict[str, object]:
    return {
        "currency": "CNY", "exposure": exposure, "limit": limit, "gate": gate, "oldest_due": due
    }  # fmt: skip


CUSTOMERS = [
    {"id": "room", "tier": "gold", "accounts": [account(6_000, 10_000, "2026-02-20")]},
    {"id": "late", "tier": "iron", "accounts": [account(10, None, "2026-02-06")]},
    {"id": "new", "tier": None, "accounts": []},
    {"id": "shut", "tier": None, "accounts": [account(0, None, None, "limit_exceeded")]},
]


def note(platform: FakePlatform, branch: str = "SH-01", issued: datetime = NOW) -> str:
    lines = [
        ORIGIN, "touchstone words v1", f"branch {branch}", "a-later-word 7",
        f"through {issued - timedelta(hours=1):%Y-%m-%dT%H:%M:%S.%fZ}",
        f"issued {issued:%Y-%m-%dT%H:%M:%S.%fZ}", f"rules {json.dumps(RULES)}",
        *(f"customer {json.dumps(one)}" for one in CUSTOMERS),
    ]  # fmt: skip
    return platform.note("".join(f"{line}\n" for line in lines))


def words(platform: FakePlatform) -> Words:
    return read_words(note(platform), Verifier.read(platform.verifier), "SH-01")


@pytest.mark.parametrize(
    ("customer", "amount", "ordered", "verdict"),
    [
        ("room", 4_000, 0, "yes"),
        ("room", 4_001, 0, "no"),
        ("room", 4_000, 1, "no"),
        ("late", 1, 0, "no"),  # the 31st day since it was due, in Shanghai
        ("new", 5_000, 0, "yes"),
        ("new", 5_001, 0, "no"),
        ("shut", 1, 0, "no"),
        ("elsewhere", 1, 0, "unknown"),
    ],
)
def test_the_rule_of_the_credit_gate(
    platform: FakePlatform, customer: str, amount: int, ordered: int, verdict: str
) -> None:
    word = words(platform).may_deliver(customer, amount, "CNY", ordered, NOW)
    assert (word.verdict.value, word.age) == (verdict, timedelta(hours=1))
    assert bool(word) == (verdict == "yes")


def test_the_day_after_the_last_one_it_is_late(platform: FakePlatform) -> None:
    """Due 20 February: 30 days overdue on 22 March, in Shanghai."""
    found = words(platform)
    evening = datetime(2026, 3, 22, 15, 59, tzinfo=UTC)
    assert found.may_deliver("room", 1, "CNY", 0, evening)
    assert not found.may_deliver("room", 1, "CNY", 0, evening + timedelta(minutes=1))


def test_the_price_of_a_promise(platform: FakePlatform) -> None:
    """1,000.00 for 30 days: 0.02% a day of capital; 5% a year for the 20 days that are not free."""
    assert words(platform).price_of_promise(100_000, 30) == (600, 274)


def test_words_of_others_are_not_believed(platform: FakePlatform) -> None:
    verifier = Verifier.read(platform.verifier)
    with pytest.raises(ReceiptUnsound, match="SH-02"):
        read_words(note(platform, "SH-02"), verifier, "SH-01")
    with pytest.raises(ReceiptUnsound):
        read_words(note(FakePlatform()), verifier, "SH-01")
    with pytest.raises(ReceiptUnsound):
        read_words(note(platform).replace("10000", "90000"), verifier, "SH-01")
    with pytest.raises(ReceiptUnsound, match="no words"):
        read_words(platform.receipt("/branches/SH-01/till-3"), verifier, "SH-01")


class Device:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.moment = Moment(NOW, "first", 0)

    def now(self) -> Moment:
        return self.moment


def test_old_words_answer_nothing_and_a_clock_does_not_make_them_young(
    directory: Path, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device()
    with Branch(directory, clock=device) as branch:
        assert branch.may_deliver("room", 1, "CNY").verdict is Verdict.UNKNOWN
        monkeypatch.setattr(branch.platform, "words", lambda: note(platform))
        branch.fetch_words()
        assert branch.may_deliver("room", 4_000, "CNY").verdict is Verdict.YES
        data: dict[str, object] = {"order_id": "O", "amount": {"minor": 1, "currency": "CNY"}}
        branch.publish("order.placed", data, subject="room")
        assert branch.may_deliver("room", 4_000, "CNY").verdict is Verdict.NO

        hour_ns = 3_600 * 10**9
        device.moment = Moment(NOW - timedelta(days=400), "first", 22 * hour_ns)
        assert branch.may_deliver("new", 1, "CNY").age == timedelta(hours=23)
        device.moment = Moment(NOW - timedelta(days=400), "first", 24 * hour_ns)
        assert branch.may_deliver("new", 1, "CNY").verdict is Verdict.UNKNOWN
        device.moment = Moment(NOW + timedelta(hours=22), "second", 0)
        assert branch.may_deliver("new", 1, "CNY").verdict is Verdict.YES
        device.moment = Moment(NOW - timedelta(hours=1), "second", 0)
        assert "set back" in branch.may_deliver("new", 1, "CNY").reason


def test_orders_count_until_words_do_that_are_younger(
    directory: Path, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that was delivered after the words were fetched is in them no more than before."""
    platform.now = lambda: NOW
    with opened(directory, platform) as branch:
        monkeypatch.setattr(branch, "_clock", Device())
        said = note(platform)
        monkeypatch.setattr(branch.platform, "words", lambda: said)
        branch.fetch_words()
        data: dict[str, object] = {"order_id": "O", "amount": {"minor": 3, "currency": "CNY"}}
        branch.publish("order.placed", data, subject="room")
        branch.publish("visit.made", {}, subject="room")
        assert branch.deliver().covered == 2
        assert branch.may_deliver("room", 1, "CNY").exposure_minor == 6_003
        assert branch.may_deliver("room", 3_998, "CNY").verdict is Verdict.NO

        branch.fetch_words()  # the same once more: their rows were an hour behind
        assert branch.may_deliver("room", 1, "CNY").exposure_minor == 6_003
        said = note(platform, issued=NOW + timedelta(hours=2))
        branch.fetch_words()
        assert branch.may_deliver("room", 1, "CNY").exposure_minor == 6_000


def test_what_some_take_for_a_line_end_ends_no_line(platform: FakePlatform) -> None:
    text = note(platform).rpartition("\n\n")[0].replace('"gold"', '"go\u2028ld\x85"') + "\n"
    found = read_words(platform.note(text), Verifier.read(platform.verifier), "SH-01")
    assert found.may_deliver("room", 1, "CNY", 0, NOW).tier == "go\u2028ld\x85"
