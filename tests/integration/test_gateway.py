"""What a branch meets at the gateway: honest answers, once, and only about itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio
from msgspec.structs import replace

from events.codec import decode
from events.envelope import BranchId, PositionVector
from events.money import Money
from events.touchpoints import PersonalTouchpoint
from events.touchpoints.payment import PaymentReceived
from services.intake.draft import Draft, Scope
from services.intake.parsing import draft_of
from services.intake.quarantine import Quarantine, Waiting
from services.ports import StoredEvent
from tests.contract.event_log_suite import accepted_events
from tests.support.gateway import (
    BATCH,
    BRANCH,
    Gateway,
    Json,
    complaint_event,
    event_id,
    gateway_on_chosen_log,
    payment_event,
)
from tests.support.log import START
from tests.support.modes import EITHER

pytestmark = pytest.mark.postgres


@pytest_asyncio.fixture(params=EITHER)
async def gateway(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Gateway]:
    async with gateway_on_chosen_log(request, database) as gateway:
        yield gateway


def sealed_fields(event: StoredEvent) -> bytes:
    data = decode(event.payload)
    assert isinstance(data, PersonalTouchpoint)
    assert data.sealed
    return data.sealed


async def test_one_event_is_created_and_its_repeat_is_a_duplicate(gateway: Gateway) -> None:
    first = await gateway.post(payment_event())
    again = await gateway.post(payment_event())
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["status"] == "accepted"
    assert again.json()["status"] == "duplicate"
    assert first.json()["position"] == again.json()["position"]
    assert len(await accepted_events(gateway.log)) == 1


async def test_an_accepted_event_is_in_the_log_as_it_was_meant(gateway: Gateway) -> None:
    sent = payment_event(
        time="2026-03-06T17:12:00+08:00",
        senttime="2026-03-09T09:12:00+08:00",
        collectedtime="2026-03-09T09:00:00+08:00",
        correlationid="visit-7",
        sourceepoch=2,
    )
    gateway.clock.at = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
    answer = await gateway.post(sent)
    [event] = await accepted_events(gateway.log)
    envelope = event.envelope
    assert envelope.effective_at == datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
    assert (envelope.subject, envelope.branch_id, envelope.epoch) == ("C-1001", BRANCH, 2)
    assert envelope.correlation_id == "visit-7"
    assert event.recorded_at == gateway.clock.at
    assert PositionVector.from_token(answer.json()["position"]).covers(event.position)


async def test_each_event_of_a_batch_is_answered_on_its_own(gateway: Gateway) -> None:
    await gateway.post(payment_event(1))
    wrong = payment_event(2, data={"payment_id": "P-2", "amount": {"minor": "x"}})
    rival = payment_event(1, sequence=9)
    answer = await gateway.post([payment_event(1), wrong, 7, rival, payment_event(3)], BATCH)
    reply = answer.json()
    statuses = [result["status"] for result in reply["results"]]
    assert statuses == ["duplicate", "refused", "refused", "refused", "accepted"]
    assert (reply["accepted"], reply["duplicate"], reply["refused"]) == (1, 1, 3)
    assert [r.get("code") for r in reply["results"][1:4]] == ["malformed", "malformed", "conflict"]
    heads = await gateway.log.heads()
    assert heads.reaches(PositionVector.from_token(reply["position"]))


async def test_an_honest_retry_is_no_conflict(gateway: Gateway) -> None:
    """Sent and collected differ from attempt to attempt, and so may trace and spelling."""
    event = payment_event(senttime="2026-03-01T09:00:00Z", collectedtime="2026-03-01T09:00:00Z")
    retry = event | {
        "senttime": "2026-03-02T08:00:00Z",
        "collectedtime": "2026-03-02T08:01:00Z",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "time": "2026-02-27T09:12:00Z",
        "id": str(event["id"]).upper(),
        "data": {"amount": {"currency": "CNY", "minor": 40_000}, "payment_id": "P-1"}
        | {"invoice_ids": [], "method": None},
    }
    statuses = [(await gateway.post(e)).json()["status"] for e in (event, retry)]
    assert statuses == ["accepted", "duplicate"]


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "C-2"},
        {"time": "2026-02-27T17:12:01+08:00"},
        {"correlationid": "other"},
        {"type": "complaint.filed", "data": {"severity": "low"}},
        {"data": {"payment_id": "P-1", "amount": {"minor": 40_001, "currency": "CNY"}}},
        {"data": {"payment_id": "P-1", "amount": {"minor": 40_000, "currency": "EUR"}}},
    ],
    ids=["subject", "time", "correlation", "type", "amount", "currency"],
)
async def test_an_id_with_other_content_is_a_conflict(gateway: Gateway, change: Json) -> None:
    await gateway.post(payment_event())
    answer = await gateway.post(payment_event() | change)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["field"], answer.json()["quarantined"]) == ("id", True)


async def test_other_personal_data_under_the_same_id_is_a_conflict(gateway: Gateway) -> None:
    await gateway.post(complaint_event())
    assert (await gateway.post(complaint_event())).json()["status"] == "duplicate"
    other = complaint_event(data={"severity": "high", "personal": {"text": "另一件事"}})
    assert (await gateway.post(other)).status_code == 409


async def test_a_taken_sequence_number_is_a_conflict(gateway: Gateway) -> None:
    await gateway.post(payment_event(1))
    answer = await gateway.post(payment_event(2, sequence=1))
    assert (answer.status_code, answer.json()["field"]) == (409, "sequence")


async def test_personal_data_lies_nowhere_in_clear(gateway: Gateway, database: str) -> None:
    await gateway.post(complaint_event())
    await gateway.post(complaint_event(1, subject="C-2"))  # a conflict: goes to quarantine
    await gateway.post(complaint_event(2, sequence=0))  # refused: goes to quarantine too
    [event] = await accepted_events(gateway.log)
    sealed = sealed_fields(event)
    assert (await gateway.vault.open("C-1001", event.envelope.id, sealed)) == {
        "text": "王小明说电视坏了",
        "callback_phone": "138",
    }
    connection = await asyncpg.connect(database)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in tables:
        for row in await connection.fetch(f'SELECT t::text AS row FROM "{table[0]}" t'):
            assert "王小明" not in row["row"]
            assert "王小明".encode().hex() not in row["row"]
    await connection.close()


async def test_what_was_refused_waits_in_quarantine_and_a_retry_is_counted(
    gateway: Gateway,
) -> None:
    wrong = complaint_event(5, sequence=0)
    for _ in range(3):
        await gateway.post(wrong)
    await gateway.results([wrong, wrong])
    quarantine = Quarantine(gateway.pool, gateway.vault, gateway.clock)
    [entry] = await quarantine.latest(10)
    assert (entry.event_id, entry.field, entry.code) == (event_id(5), "sequence", "out_of_range")
    assert entry.type == "complaint.filed"
    assert (entry.times, await quarantine.count()) == (5, Waiting(1, 5, 0))
    [shown] = await quarantine.show(event_id(5))
    assert shown.event is not None
    assert json.loads(shown.event) == wrong
    assert [one.event_id for one in await quarantine.latest(10, "other")] == []


async def test_a_refused_event_may_be_mended_and_sent_again(gateway: Gateway) -> None:
    assert (await gateway.post(payment_event(1, time="2026-02-30T10:00:00Z"))).status_code == 422
    assert (await gateway.post(payment_event(1))).status_code == 201


async def test_an_erased_customers_personal_data_is_refused_and_facts_are_kept(
    gateway: Gateway,
) -> None:
    await gateway.pool.execute(
        "INSERT INTO subject_keys (subject, destroyed_at) VALUES ('C-1001', now())"
    )
    refused, kept = await gateway.results([complaint_event(1), payment_event(2)])
    assert (refused["code"], refused["field"]) == ("erased", "data.personal")
    assert kept["status"] == "accepted"


async def test_a_complaint_of_a_stranger_belongs_to_its_branch(gateway: Gateway) -> None:
    event = {k: v for k, v in complaint_event(1).items() if k != "subject"}
    assert (await gateway.post(event)).status_code == 201
    [stored] = await accepted_events(gateway.log)
    sealed = sealed_fields(stored)
    assert stored.envelope.subject is None
    assert await gateway.vault.open(f"branch:{BRANCH}", stored.envelope.id, sealed)


async def test_only_headquarters_publishes_rules(gateway: Gateway) -> None:
    data = {"effective_from": "2026-01-01T00:00:00+08:00", "policy": {"due_soon_days": 5}}
    event = payment_event(subject=..., type="policy.alerts_published", data=data)
    refused = await gateway.post(event)
    assert (refused.status_code, refused.json()["field"]) == (422, "type")
    _, token = await gateway.keys.create(BRANCH, headquarters=True)
    assert (await gateway.post(event, token=token)).status_code == 201


async def test_a_branch_asks_for_its_own_events_only(gateway: Gateway) -> None:
    await gateway.post(payment_event())
    mine = {"authorization": f"Bearer {gateway.token}"}
    _, other = await gateway.keys.create("BJ-02")
    path = f"/api/v1/events/{event_id(1)}"
    found = await gateway.client.get(path, headers=mine)
    assert (found.status_code, found.json()["status"]) == (200, "accepted")
    for headers, where, status in (
        ({"authorization": f"Bearer {other}"}, path, 404),
        (mine, f"/api/v1/events/{event_id(2)}", 404),
        (mine, "/api/v1/events/nonsense", 404),
        ({}, path, 401),
    ):
        answer = await gateway.client.get(where, headers=headers)
        assert answer.status_code == status
        assert answer.json()["remedy"]


async def test_a_revoked_key_is_out_of_force_at_once(gateway: Gateway) -> None:
    key_id, token = await gateway.keys.create(BRANCH, "till 3")
    assert (await gateway.post(payment_event(), token=token)).status_code == 201
    await gateway.keys.revoke(key_id)
    assert (await gateway.post(payment_event(), token=token)).status_code == 401
    listed = {key.key_id: key for key in await gateway.keys.all(BRANCH)}
    assert listed[key_id].revoked_at is not None
    assert len(listed) == 2


async def test_a_key_of_a_member_of_staff_publishes_nothing(gateway: Gateway) -> None:
    key_id, token = await gateway.keys.create_for_staff("SH-S4")
    answer = await gateway.post(payment_event(), token=token)
    assert (answer.status_code, answer.json()["code"]) == (403, "staff_key")
    assert await accepted_events(gateway.log) == []

    await gateway.keys.revoke(key_id)
    assert (await gateway.post(payment_event(), token=token)).status_code == 401


async def test_no_key_lies_in_the_database(gateway: Gateway) -> None:
    rows = await gateway.pool.fetch("SELECT k::text AS row FROM branch_keys k")
    assert rows
    assert not any(gateway.token in row["row"] for row in rows)


async def test_a_database_that_is_away_acknowledges_nothing(gateway: Gateway) -> None:
    gateway.pool.terminate()
    answer = await gateway.post(payment_event())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["code"] == "unavailable"


async def test_the_same_batch_from_many_tills_at_once_is_taken_once(gateway: Gateway) -> None:
    batch = [payment_event(n, subject=f"C-{n % 9}") for n in range(1, 101)]
    answers = await asyncio.gather(*(gateway.results(batch) for _ in range(6)))
    statuses = [result["status"] for results in answers for result in results]
    assert (statuses.count("accepted"), statuses.count("duplicate")) == (100, 500)


async def test_drafts_of_this_process_obey_the_same_rules(gateway: Gateway) -> None:
    scope = Scope(BranchId(BRANCH))
    good, early = (draft_of(payment_event(n), scope) for n in (1, 2))
    far = replace(early.envelope, effective_at=START + timedelta(days=3))
    drafts = [good, Draft(far, early.data), _unchecked(3, scope)]
    answers = await gateway.intake.submit_validated(scope, drafts)
    said = [(answer.status, answer.field) for answer in answers]
    assert said == [("accepted", None), ("refused", "time"), ("refused", "data")]
    [again] = await gateway.intake.submit(scope, [payment_event(1)])
    assert again.status == "duplicate"


def _unchecked(number: int, scope: Scope) -> Draft:
    """A draft whose data was only constructed, with an amount that no schema allows."""
    envelope = draft_of(payment_event(number), scope).envelope
    return Draft(envelope, PaymentReceived(payment_id="P", amount=Money(-1, "CNY")))


async def test_a_gateway_whose_clock_is_far_ahead_records_nothing(gateway: Gateway) -> None:
    """One stamp of next year would hide the order of all that follows."""
    now = datetime.now(UTC)
    gateway.clock.at = now + timedelta(minutes=11)
    answer = await gateway.post(payment_event(1))
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    gateway.clock.at = now + timedelta(minutes=5)
    assert (await gateway.post(payment_event(1))).status_code == 201
    gateway.clock.at = now
    assert (await gateway.post(payment_event(2))).status_code == 201
    stamps = [event.recorded_at for event in await accepted_events(gateway.log)]
    assert stamps == [now + timedelta(minutes=5)] * 2, "never decreasing, and never far ahead"
