"""Commands on alerts about no case over HTTP: taken up, put off, passed on, and told of again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio

from events.envelope import CustomerId
from events.money import Money
from events.touchpoints.contact import CallbackPromised
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from events.touchpoints.payment import (
    CreditLimitSet,
    InvoiceIssued,
    PaymentReceived,
    PaymentReversed,
)
from events.touchpoints.policy import StaffSet
from services.audit.verify import verify
from services.console.app import create_console
from tests.support.casework import (
    BRANCH,
    CALLER,
    CUSTOMER,
    MONDAY,
    OWNER,
    Desk,
    Json,
    desk_on_chosen_log,
)
from tests.support.modes import EITHER, catch_up
from tests.support.proving import proven

pytestmark = pytest.mark.postgres

MONEY, CREDIT = "money-1", "credit-1"
OTHER = CustomerId("C-2")


@pytest_asyncio.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


async def owes(desk: Desk, invoice: str, *, days: int = 5, customer: str = CUSTOMER) -> None:
    """Let a customer be overdue for some days with an invoice."""
    data = InvoiceIssued(
        invoice_id=invoice, amount=Money(100_00, "CNY"), due_on=MONDAY.date() - timedelta(days=days)
    )
    await desk.publish(data, f"{invoice} of {customer}", customer=customer)


async def pays(desk: Desk, payment: str, invoice: str) -> None:
    data = PaymentReceived(payment_id=payment, amount=Money(100_00, "CNY"), invoice_ids=(invoice,))
    await desk.publish(data, payment)


async def alert(desk: Desk, kind: str = "overdue", customer: str = CUSTOMER) -> str:
    """Return the alert of a kind that stands, once all is projected."""
    await catch_up(desk.platform, desk.settings)
    found = await desk.platform.pool.fetchval(
        "SELECT alert_id::text FROM alerts WHERE kind = $1 AND customer_id = $2", kind, customer
    )
    assert found is not None, f"no {kind} stands of {customer}"
    return cast("str", found)


async def state(desk: Desk, alert_id: str) -> Mapping[str, object]:
    """Return what rows say of an alert, once all is projected and held against the events."""
    await catch_up(desk.platform, desk.settings)
    found = await verify(desk.platform, lambda done: None, processes=1)
    assert (found.named, found.parked) == ([], 0)
    row = await desk.platform.pool.fetchrow(
        "SELECT state, state_by, state_at, until, delegate FROM alerts "
        "WHERE alert_id = $1::text::uuid",
        alert_id,
    )
    return dict(row) if row is not None else {}


async def journal(desk: Desk, alert_id: str) -> Sequence[str]:
    rows = await desk.platform.pool.fetch(
        "SELECT action FROM alert_journal WHERE alert_id = $1::text::uuid ORDER BY ordinal",
        alert_id,
    )
    return [row["action"] for row in rows]


async def gives(
    desk: Desk,
    alert_id: str,
    word: str,
    body: Mapping[str, object] | None = None,
    *,
    by: str = MONEY,
    key: str | None = None,
    seen: int | None = None,
) -> httpx2.Response:
    await catch_up(desk.platform, desk.settings)
    return await desk.give(alert_id, word, body, by=by, key=key, seen=seen, of="alerts")


async def done(
    desk: Desk,
    alert_id: str,
    word: str,
    body: Mapping[str, object] | None = None,
    *,
    by: str = MONEY,
) -> Json:
    answer = await gives(desk, alert_id, word, body, by=by)
    assert answer.status_code == 200, answer.text
    return cast("Json", answer.json())


async def refused(
    desk: Desk,
    alert_id: str,
    word: str,
    body: Mapping[str, object] | None = None,
    *,
    by: str = MONEY,
) -> tuple[int, str]:
    answer = await gives(desk, alert_id, word, body, by=by)
    assert answer.json()["detail"], answer.text
    assert answer.json()["remedy"]
    return answer.status_code, answer.json()["rule"]


def instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def test_an_alert_that_is_taken_up_stands_and_says_who_and_since_when(desk: Desk) -> None:
    await owes(desk, "I-1")
    one = await alert(desk)
    answer = await gives(desk, one, "acknowledge")
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["touchstone-position"]
    told = answer.json()
    assert (told["state"], told["by"], told["customer_id"]) == ("acknowledged", MONEY, CUSTOMER)
    assert [event["type"] for event in told["events"]] == ["alert.acknowledged"]
    assert await state(desk, one) == {
        "state": "acknowledged", "state_by": MONEY, "state_at": MONDAY, "until": None,
        "delegate": None,
    }  # fmt: skip
    assert await journal(desk, one) == ["raised", "acknowledged"]
    desk.clock.move(timedelta(days=3))
    assert (await state(desk, one))["state"] == "acknowledged"


async def test_what_is_put_off_is_open_again_at_its_instant_by_itself(desk: Desk) -> None:
    await owes(desk, "I-1")
    one = await alert(desk)
    until = MONDAY + timedelta(days=2)
    told = await done(desk, one, "snooze", {"until": instant(until)})
    assert (told["state"], told["until"]) == ("snoozed", instant(until))
    assert (await state(desk, one))["until"] == until
    desk.clock.move(timedelta(days=2) - timedelta(seconds=1))
    assert (await state(desk, one))["state"] == "snoozed"
    desk.clock.move(timedelta(seconds=1))
    assert await state(desk, one) == {
        "state": "open", "state_by": None, "state_at": None, "until": None, "delegate": None,
    }  # fmt: skip
    assert await journal(desk, one) == ["raised", "snoozed", "raised"]


async def test_what_is_put_off_and_paid_is_not_told_again(desk: Desk) -> None:
    await owes(desk, "I-1")
    one = await alert(desk)
    await done(desk, one, "snooze", {"until": instant(MONDAY + timedelta(days=2))})
    assert (await state(desk, one))["state"] == "snoozed"
    desk.clock.move(timedelta(days=1))
    await pays(desk, "P-1", "I-1")
    desk.clock.move(timedelta(days=3))
    assert await state(desk, one) == {}
    assert await journal(desk, one) == ["raised", "snoozed", "withdrawn"]


async def test_a_delegate_is_told_and_may_act_while_he_or_she_works_here(desk: Desk) -> None:
    await owes(desk, "I-1")
    one = await alert(desk)
    assert await refused(desk, one, "acknowledge", by=OWNER) == (409, "alert_not_yours")
    body = {"to": OWNER, "personal": {"note": "knows the buyer"}}
    told = await done(desk, one, "delegate", body)
    assert (told["state"], told["delegate"]) == ("open", OWNER)
    assert "buyer" not in str(told), "it is sealed"
    assert await journal(desk, one) == ["raised"], "until it is projected"
    assert (await state(desk, one))["delegate"] == OWNER
    assert await journal(desk, one) == ["raised", "delegated"]
    shown = await desk.client.get(
        f"/api/v1/alerts/{one}",
        headers={"authorization": f"Bearer {await desk.token(OWNER)}"},
    )
    assert shown.headers["etag"] == '"1"'
    assert shown.json()["told"] == [{"role": "delegate", "agent": OWNER}]
    left = StaffSet(effective_from=MONDAY, staff_id=OWNER, branch_id=BRANCH, active=False)
    token = await desk.token(MONEY)
    await done(desk, one, "acknowledge", by=OWNER)
    await desk.publish(left, "left", customer=None, till="policy")
    desk.clock.move(timedelta(minutes=1))
    await catch_up(desk.platform, desk.settings)
    shown = await desk.client.get(
        f"/api/v1/alerts/{one}", headers={"authorization": f"Bearer {token}"}
    )
    assert shown.json()["told"] == [{"role": "receivables", "agent": None}]
    assert (await done(desk, one, "acknowledge"))["by"] == MONEY, "who took it up has left"


async def test_who_takes_care_of_it_is_named_to_others_and_passes_it_on_alone(desk: Desk) -> None:
    await owes(desk, "I-1")
    one = await alert(desk)
    await done(desk, one, "delegate", {"to": OWNER})
    await done(desk, one, "acknowledge", by=OWNER)
    answer = await gives(desk, one, "acknowledge")
    assert (answer.status_code, answer.json()["rule"]) == (409, "taken_up")
    assert OWNER in answer.json()["detail"]
    later = {"until": instant(MONDAY + timedelta(days=9))}
    assert await refused(desk, one, "snooze", later) == (409, "taken_up")
    assert (await done(desk, one, "snooze", later, by=OWNER))["state"] == "snoozed"


async def test_of_rivals_one_wins_and_the_others_hear_who(desk: Desk) -> None:
    await owes(desk, "I-1")
    one = await alert(desk)
    await done(desk, one, "delegate", {"to": CALLER})
    await catch_up(desk.platform, desk.settings)
    rivals = [MONEY, CALLER] * 3
    answers = await asyncio.gather(
        *(desk.give(one, "acknowledge", by=by, of="alerts") for by in rivals)
    )
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.status_code for answer in answers} <= {200, 409, 503}
    assert all(
        won[0].json()["by"] in answer.json()["detail"]
        for answer in answers
        if answer.status_code == 409
    )


async def test_a_repeat_has_its_answer_and_the_key_serves_for_nothing_else(desk: Desk) -> None:
    await owes(desk, "I-1")
    one = await alert(desk)
    first = await gives(desk, one, "acknowledge", key="once")
    again = await gives(desk, one, "acknowledge", key="once")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = await gives(desk, one, "delegate", {"to": OWNER}, key="once")
    assert (other.status_code, other.json()["rule"]) == (422, "key_reused")
    assert len(await desk.platform.log.stream(f"/customers/{CUSTOMER}")) == 1
    stale = await gives(desk, one, "delegate", {"to": OWNER}, seen=0)
    assert (stale.status_code, stale.json()["changed"][0]["by"]) == (412, MONEY)
    keyless = await desk.client.post(
        f"/api/v1/alerts/{one}/acknowledge",
        headers={"authorization": f"Bearer {await desk.token(MONEY)}"},
    )
    assert keyless.status_code == 400


async def test_what_cannot_be_done_is_refused_with_its_rule(desk: Desk) -> None:
    await owes(desk, "I-1")
    one = await alert(desk)
    past = {"until": instant(MONDAY - timedelta(hours=1))}
    assert await refused(desk, one, "snooze", past) == (409, "in_the_past")
    assert await refused(desk, one, "delegate", {"to": "nobody"}) == (409, "unknown_staff")
    assert await refused(desk, str(uuid4()), "acknowledge") == (404, "unknown_alert")
    assert await refused(desk, "no-uuid", "acknowledge") == (404, "unknown_alert")
    case_id = await desk.case()
    desk.clock.move(timedelta(days=3))
    of_case = await alert(desk, "case_response")
    answer = await gives(desk, of_case, "acknowledge", by="service-head")
    assert (answer.status_code, answer.json()["rule"]) == (409, "of_a_case")
    assert case_id in answer.json()["detail"]
    await pays(desk, "P-1", "I-1")
    if desk.settings.kafka is None:  # there nobody decides before the mirror has it
        paid = await desk.give(one, "acknowledge", by=MONEY, of="alerts")
        assert (paid.status_code, paid.json()["rule"]) == (409, "withdrawn"), "rows lag behind"
    assert await refused(desk, one, "acknowledge") == (409, "withdrawn")


async def test_what_becomes_true_again_is_another_alert_that_nobody_took_up(desk: Desk) -> None:
    await owes(desk, "I-1")
    one = await alert(desk)
    await done(desk, one, "acknowledge")
    desk.clock.move(timedelta(hours=1))
    await pays(desk, "P-1", "I-1")
    desk.clock.move(timedelta(hours=1))
    await desk.publish(PaymentReversed(payment_id="P-1"), "reversed")
    again = await alert(desk)
    assert again != one
    assert (await state(desk, again))["state"] == "open"


async def test_a_word_about_an_alert_goes_with_its_customer_into_a_merge_and_out(
    desk: Desk,
) -> None:
    await owes(desk, "I-1", customer=OTHER)
    await owes(desk, "I-2", customer=OTHER, days=40)
    await owes(desk, "I-3")

    async def of(customer: str) -> dict[str, tuple[str, str]]:
        await catch_up(desk.platform, desk.settings)
        verified = await verify(desk.platform, lambda done: None, processes=1)
        assert (verified.named, verified.parked) == ([], 0)
        rows = await desk.platform.pool.fetch(
            "SELECT subject, alert_id::text, state FROM alerts "
            "WHERE kind = 'overdue' AND customer_id = $1",
            customer,
        )
        return {row["subject"]: (row["alert_id"], row["state"]) for row in rows}

    before = await of(OTHER)
    await done(desk, before["I-1"][0], "acknowledge")
    desk.clock.move(timedelta(minutes=1))
    await desk.publish(CustomerMerged(into=CUSTOMER), "merge", customer=OTHER)
    merged = await of(CUSTOMER)
    assert {name: told for name, (_, told) in merged.items()} == {
        "I-1": "acknowledged", "I-2": "open", "I-3": "open",
    }  # fmt: skip
    assert await journal(desk, merged["I-1"][0]) == ["acknowledged"], "nobody is alarmed again"
    told = await done(desk, before["I-2"][0], "acknowledge")  # by the id it had before
    assert told["customer_id"] == OTHER, "it lies with whose debt it is"
    assert await refused(desk, merged["I-2"][0], "acknowledge") == (409, "taken_up")
    await done(desk, merged["I-3"][0], "acknowledge")
    assert {told for _, told in (await of(CUSTOMER)).values()} == {"acknowledged"}
    desk.clock.move(timedelta(minutes=1))
    await desk.publish(CustomerUnmerged(out_of=CUSTOMER), "unmerge", customer=OTHER)
    parted, alone = await of(OTHER), await of(CUSTOMER)
    assert {name: told for name, (_, told) in parted.items()} == {
        "I-1": "acknowledged", "I-2": "acknowledged",
    }  # fmt: skip
    assert {name: told for name, (_, told) in alone.items()} == {"I-3": "acknowledged"}


async def test_limits_and_promised_calls_are_taken_up_by_whom_they_reach(desk: Desk) -> None:
    await owes(desk, "I-1", days=-9)
    await desk.publish(CreditLimitSet(limit=Money(50_00, "CNY")), "limit")
    called = CallbackPromised(
        callback_id="B-1", purpose="price", due_at=MONDAY + timedelta(hours=1)
    )
    await desk.publish(called, "call")
    desk.clock.move(timedelta(hours=2))
    limit, call = await alert(desk, "limit_exceeded"), await alert(desk, "callback_overdue")
    assert await refused(desk, limit, "acknowledge", by=MONEY) == (409, "alert_not_yours")
    await done(desk, limit, "acknowledge", by=CREDIT)
    later = {"until": instant(MONDAY + timedelta(hours=5))}
    await done(desk, call, "snooze", later, by=CALLER)
    assert (await state(desk, limit))["state_by"] == CREDIT
    assert (await state(desk, call))["state"] == "snoozed"
    desk.clock.move(timedelta(hours=3))
    assert (await state(desk, call))["state"] == "open"
    assert await journal(desk, call) == ["raised", "snoozed", "raised"]


async def test_tried_it_changes_nothing_and_says_what_it_would(desk: Desk) -> None:
    await owes(desk, "I-1")
    one = await alert(desk)
    until = instant(MONDAY + timedelta(days=2))
    answer = await gives(desk, one, "snooze?try=true", {"until": until})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert [event["type"] for event in told["events"]] == ["alert.snoozed"]
    assert told["changes"]["rows"] == []
    assert [
        (change["raised"], change["kind"], {f["field"]: f["after"] for f in change["fields"]})
        for change in told["changes"]["alerts"]
    ] == [
        (
            None,
            "overdue",
            {"state": "snoozed", "state_by": MONEY, "state_at": instant(MONDAY), "until": until},
        )
    ]
    assert told["changes"]["next_change_at"] <= until
    assert not await desk.platform.log.stream(f"/customers/{CUSTOMER}")
    assert (await state(desk, one))["state"] == "open"


async def test_a_build_from_nothing_has_the_same_and_tells_nobody_again(desk: Desk) -> None:
    await owes(desk, "I-1")
    await owes(desk, "I-2", days=-2)
    overdue, soon = await alert(desk), await alert(desk, "due_soon")
    await done(desk, overdue, "acknowledge")
    await done(desk, soon, "snooze", {"until": instant(MONDAY + timedelta(hours=9))})
    desk.clock.move(timedelta(minutes=1))
    if desk.settings.kafka is None:
        await proven(desk.platform)
    assert (await state(desk, overdue))["state"] == "acknowledged"
    assert (await state(desk, soon))["until"] == MONDAY.astimezone(UTC) + timedelta(hours=9)


async def listed(desk: Desk, **asked: str) -> list[tuple[str, str]]:
    """Return the subjects and states of the alerts that the console lists."""
    await catch_up(desk.platform, desk.settings)
    app = create_console(desk.platform)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/api/v1/alerts", params={"kind": "overdue", **asked})
        assert answer.status_code == 200, answer.text
        page = await client.get("/alerts", params={"lang": "en", "kind": "overdue", **asked})
        assert page.status_code == 200
        found = answer.json()["alerts"]
        assert answer.json()["count"] == len(found)
        for one in found:
            for who in (one["by"], one["delegate"]):
                assert who is None or who in page.text
    return sorted((one["subject"], one["state"]) for one in found)


async def test_the_list_says_who_cares_and_finds_what_is_somebodys_own(desk: Desk) -> None:
    for name in ("open", "taken", "later", "passed"):
        await owes(desk, name)
    await catch_up(desk.platform, desk.settings)
    rows = await desk.platform.pool.fetch("SELECT subject, alert_id::text FROM alerts")
    alerts = {row["subject"]: row["alert_id"] for row in rows}
    await done(desk, alerts["taken"], "acknowledge")
    until = instant(MONDAY + timedelta(hours=1))
    await done(desk, alerts["later"], "snooze", {"until": until})
    await done(desk, alerts["passed"], "delegate", {"to": OWNER})
    still, taken, later, passed = (
        ("open", "open"), ("taken", "acknowledged"), ("later", "snoozed"), ("passed", "open"),
    )  # fmt: skip
    assert await listed(desk) == sorted([still, taken, later, passed])
    assert await listed(desk, state="open") == sorted([still, passed])
    assert await listed(desk, state="acknowledged") == [taken]
    assert await listed(desk, state="snoozed") == [later]
    assert await listed(desk, staff=MONEY) == sorted([still, taken, later])
    assert await listed(desk, staff=MONEY, state="open") == [still]
    assert await listed(desk, staff=OWNER) == [passed]
    assert await listed(desk, staff=CREDIT) == []
    assert await listed(desk, staff="nobody") == []
    colleague = StaffSet(
        effective_from=MONDAY, staff_id="money-2", branch_id=BRANCH, roles=("receivables",)
    )
    gone = [
        StaffSet(effective_from=MONDAY, staff_id=one, branch_id=BRANCH, active=False)
        for one in (MONEY, OWNER)
    ]
    for number, data in enumerate((colleague, *gone)):
        await desk.publish(data, f"staff {number}", customer=None, till="policy")
    desk.clock.move(timedelta(hours=1))
    assert await listed(desk, state="snoozed") == []
    everything = sorted([still, taken, ("later", "open"), passed])
    assert await listed(desk, staff="money-2") == everything, "who had them has left"
