"""Refused events: sealed with whom they are about, nothing personal in clear, room for so many."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from events.envelope import BranchId
from services.errors import UsageError
from services.intake.intake import Intake
from services.intake.mending import discard, resubmit
from services.intake.quarantine import Quarantine, Room, Waiting
from services.postgres.migrate import migrate
from services.postgres.pool import open_pool
from services.web.languages import told
from tests.support.chinese import assert_chinese
from tests.support.gateway import (
    BATCH,
    BRANCH,
    Gateway,
    Json,
    complaint_event,
    event_id,
    open_gateway,
    payment_event,
)
from tests.support.log import SetClock

pytestmark = pytest.mark.postgres

DAY = timedelta(days=1)
ROOM = Room(events=3, megabytes=1, days=10)


@pytest.fixture
async def gateway(database: str) -> AsyncIterator[Gateway]:
    async with await open_pool(database) as pool:
        await migrate(pool)
    async with open_gateway(database, SetClock()) as gateway:
        yield gateway


def kept_by(gateway: Gateway, room: Room | None = None) -> Quarantine:
    return Quarantine(gateway.pool, gateway.vault, gateway.clock, room)


def small(gateway: Gateway, room: Room = ROOM) -> Intake:
    """The way in of the same platform, with little room for what is refused."""
    return Intake(gateway.log, gateway.vault, gateway.clock, gateway.pool, room)


def wrong(number: int, **changes: object) -> dict[str, object]:
    return complaint_event(number, sequence=0) | changes


async def test_what_is_refused_goes_with_its_customers_key(gateway: Gateway) -> None:
    await gateway.post(complaint_event(1))  # the customer has a key from now on
    await gateway.results([wrong(2), wrong(3, subject="NOBODY")])
    quarantine = kept_by(gateway)
    [entry] = await quarantine.show(event_id(2))
    assert entry.event is not None
    assert json.loads(entry.event) == wrong(2)

    await gateway.pool.execute(
        "UPDATE subject_keys SET wrapped_key = NULL, destroyed_at = now() WHERE subject = 'C-1001'"
    )
    restarted = Quarantine(gateway.pool, type(gateway.vault)(gateway.pool, bytes(range(32))),
                           gateway.clock)  # fmt: skip
    [entry] = await restarted.show(event_id(2))
    assert entry.event is None
    [other] = await restarted.show(event_id(3))
    assert other.event is not None
    assert not await gateway.pool.fetchval(
        "SELECT count(*) FROM subject_keys WHERE subject = 'NOBODY'"
    ), "a refused event makes nobody a customer"


async def test_why_is_told_in_another_language_on_another_day(gateway: Gateway) -> None:
    await gateway.results([wrong(2, time="yesterday")])
    quarantine = kept_by(gateway)
    [entry] = await quarantine.show(event_id(2))
    for text, english in ((entry.why, entry.reason), (entry.mended_by, entry.remedy)):
        assert text == english
        assert_chinese(told(text, "zh-CN"))

    await gateway.pool.execute("UPDATE quarantine SET reason_worded = NULL, remedy_worded = NULL")
    [earlier] = await quarantine.show(event_id(2))
    assert (earlier.why, earlier.mended_by) == (entry.reason, entry.remedy), "kept before"


async def test_of_somebody_erased_only_the_reason_is_kept(gateway: Gateway) -> None:
    await gateway.pool.execute(
        "INSERT INTO subject_keys (subject, destroyed_at) VALUES ('C-1001', now())"
    )
    await gateway.post(complaint_event(1))
    [entry] = await kept_by(gateway).show(event_id(1))
    assert (entry.code, entry.event) == ("erased", None)


async def test_no_key_of_the_platforms_own_is_lent_to_what_is_refused(gateway: Gateway) -> None:
    await gateway.results([wrong(1, subject=f"branch:{BRANCH}"), wrong(2, subject="vault:check")])
    sealed_for = await gateway.pool.fetch("SELECT sealed_for FROM quarantine")
    assert [row["sealed_for"] for row in sealed_for] == [f"branch:{BRANCH}"] * 2


NAME = "王小明"
DIGITS = "13800138000"
SECRETS: list[Json] = [
    {"type": f"{NAME} {DIGITS}"},
    {"source": f"/branches/BJ-02/{NAME}{DIGITS}"},
    {"time": f"{NAME}{DIGITS}"},
    {"sequence": f"{NAME}{DIGITS}"},
    {"subject": f"/{NAME}{DIGITS}"},
    {"branchid": f"{NAME}{DIGITS}"},
    {"datacontenttype": f"{NAME}{DIGITS}"},
    {f"{NAME}{DIGITS}": 1},
    {f"x{DIGITS}": {"name": NAME}},
    {f"x{DIGITS}": "\udc00"},
    {"data": f"{NAME}{DIGITS}"},
    {"data": {"severity": f"{NAME}{DIGITS}"}},
    {"data": {"severity": "low", f"{NAME}{DIGITS}": 1}},
    {"data": {"severity": "low", "personal": {f"{NAME}{DIGITS}": "x"}}},
    {"data": {"severity": "low", "personal": {f"{NAME}{DIGITS}": {"deep": "\udc00"}}}},
    {
        "type": "payment.payment_received",
        "data": {"payment_id": "1", "amount": {"minor": 1, "currency": DIGITS}},
    },
    {
        "type": "payment.payment_received",
        "data": {"payment_id": f"{NAME}\u200b{DIGITS}", "amount": {"minor": 1, "currency": "CNY"}},
    },
]


async def test_nothing_that_was_sent_lies_in_clear(gateway: Gateway, database: str) -> None:
    events = [complaint_event(n + 1) | change for n, change in enumerate(SECRETS)]
    raw = json.dumps(events[:-1]).encode()[:-1]  # one more, with a name twice
    raw += b", " + json.dumps(complaint_event(99)).encode().replace(
        b'"severity": "high"', f'"{NAME}{DIGITS}": 1, "{NAME}{DIGITS}": 2'.encode()
    )
    answer = await gateway.post(raw + b", " + json.dumps(events[-1]).encode() + b"]", BATCH)
    results = answer.json()["results"]
    assert [one["status"] for one in results] == ["refused"] * (len(events) + 1)
    assert len(await kept_by(gateway).latest(100)) == len(events) + 1
    connection = await asyncpg.connect(database)
    for row in await connection.fetch("SELECT q::text AS row FROM quarantine q"):
        for secret in (NAME, DIGITS):
            assert secret not in row["row"]
            assert secret.encode().hex() not in row["row"]
    await connection.close()


async def test_a_branch_has_so_much_room_and_others_theirs(gateway: Gateway) -> None:
    intake, quarantine = small(gateway), kept_by(gateway, ROOM)
    first = await intake.submit(BranchId(BRANCH), [wrong(n) for n in range(1, 6)])
    assert [one.quarantined for one in first] == [True, True, True, False, False]
    again = await intake.submit(BranchId(BRANCH), [wrong(1), wrong(5)])
    assert [one.quarantined for one in again] == [True, False]
    assert await quarantine.count() == Waiting(events=3, times=4, overflow=3)
    [other] = await intake.submit(BranchId("BJ-02"), [wrong(9)])
    assert other.quarantined


async def test_room_is_counted_in_bytes_too(gateway: Gateway) -> None:
    long = [wrong(n, anything="x" * 200_000) for n in range(1, 9)]
    intake = small(gateway, Room(events=100, megabytes=1))
    answers = await intake.submit(BranchId(BRANCH), long)
    assert [one.quarantined for one in answers] == [True] * 5 + [False] * 3


async def test_what_finds_no_room_takes_none_from_what_is_smaller(gateway: Gateway) -> None:
    sizes = [200_000] * 6 + [1_000]
    events = [wrong(n, anything="x" * size) for n, size in enumerate(sizes, start=1)]
    answers = await small(gateway, Room(events=6, megabytes=1)).submit(BranchId(BRANCH), events)
    assert [one.quarantined for one in answers] == [True] * 5 + [False, True]


async def test_what_is_settled_makes_room(gateway: Gateway) -> None:
    intake, quarantine = small(gateway), kept_by(gateway, ROOM)
    await intake.submit(BranchId(BRANCH), [wrong(1), wrong(2), wrong(3)])
    await discard(quarantine, event_id(2), "a till of last year")
    answers = await intake.submit(BranchId(BRANCH), [wrong(4), wrong(5)])
    assert [one.quarantined for one in answers] == [True, False]


async def test_what_nobody_asked_about_is_let_go_of_after_its_time(gateway: Gateway) -> None:
    intake, quarantine = small(gateway), kept_by(gateway, ROOM)
    await intake.submit(BranchId(BRANCH), [wrong(1), wrong(2), wrong(3)])
    gateway.clock.at += 6 * DAY
    await intake.submit(BranchId(BRANCH), [wrong(3)])
    gateway.clock.at += 5 * DAY  # the first two are 11 days old
    [answer] = await intake.submit(BranchId(BRANCH), [wrong(4)])
    assert answer.quarantined
    assert {one.event_id for one in await quarantine.latest(9)} == {event_id(3), event_id(4)}
    gateway.clock.at += 11 * DAY
    await quarantine.expire()
    assert await quarantine.latest(9) == []


async def test_a_corrected_event_is_taken_as_its_branchs(gateway: Gateway) -> None:
    await gateway.post(wrong(1))
    quarantine = kept_by(gateway)
    answer = await resubmit(gateway.intake, quarantine, event_id(1), changes=["sequence=7"])
    assert (answer.status, answer.id) == ("accepted", event_id(1))
    again = await gateway.post(complaint_event(1, sequence=7))
    assert again.json()["status"] == "duplicate"
    [entry] = await quarantine.show(event_id(1))
    assert (entry.state, entry.event) == ("resubmitted", None)
    with pytest.raises(UsageError, match="resubmitted before"):
        await resubmit(gateway.intake, quarantine, event_id(1), changes=["sequence=8"])


async def test_an_event_that_is_refused_again_waits_on_alone(gateway: Gateway) -> None:
    await gateway.post(wrong(1))
    quarantine = kept_by(gateway)
    answer = await resubmit(gateway.intake, quarantine, event_id(1), changes=["sequence=-1"])
    assert answer.status == "refused"
    assert not answer.quarantined
    assert (await quarantine.count()).events == 1
    whole = json.dumps(payment_event(1)).encode()
    answer = await resubmit(gateway.intake, quarantine, event_id(1), corrected=whole)
    assert answer.status == "accepted"


async def test_rules_refused_to_headquarters_go_again_as_headquarters(gateway: Gateway) -> None:
    _, token = await gateway.keys.create(BRANCH, headquarters=True)
    data = {"effective_from": "2026-01-01T00:00:00+08:00", "policy": {"due_soon_days": 5}}
    rules = payment_event(1, subject="C-1", type="policy.alerts_published", data=data)
    for number, given in enumerate((gateway.token, token), 1):
        assert (await gateway.post(rules | {"id": event_id(number)}, token=given)).is_error
    quarantine = kept_by(gateway)
    told = [
        (await resubmit(gateway.intake, quarantine, event_id(n), changes=["subject"])).status
        for n in (1, 2)
    ]
    assert told == ["refused", "accepted"]


@pytest.mark.parametrize("change", ["data.nothing", "nowhere.at=1", "data.severity.x=1", "=1", ""])
async def test_a_correction_of_no_place_is_refused(gateway: Gateway, change: str) -> None:
    await gateway.post(wrong(1))
    with pytest.raises(UsageError, match="no place in the event"):
        await resubmit(gateway.intake, kept_by(gateway), event_id(1), changes=[change])


async def test_what_was_cut_is_only_sent_again_whole(gateway: Gateway) -> None:
    await gateway.post(wrong(1, anything="x" * 300_000))
    quarantine = kept_by(gateway)
    with pytest.raises(UsageError, match="give all of it, corrected"):
        await resubmit(gateway.intake, quarantine, event_id(1), changes=["sequence=1"])
    whole = json.dumps(complaint_event(1)).encode()
    assert (await resubmit(gateway.intake, quarantine, event_id(1), whole)).status == "accepted"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 401, "two\nlines"])
async def test_nothing_is_discarded_without_a_reason(gateway: Gateway, reason: str) -> None:
    await gateway.post(wrong(1))
    quarantine = kept_by(gateway)
    with pytest.raises(UsageError, match="reason: say in 1 to 400"):
        await discard(quarantine, event_id(1), reason)
    await discard(quarantine, event_id(1), "a till of last year")
    assert (await quarantine.count()).events == 0
    await gateway.post(wrong(1))
    assert (await quarantine.count()).events == 0, "sent once more, it stays discarded"
