"""Commands on accounts over HTTP: credit before goods leave, and what is settled by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import cast

import httpx2
import pytest
import pytest_asyncio

from events.cases.staff import Staff
from events.customers.account_commands import CheckCredit
from events.envelope import CustomerId
from events.money import MAX_MINOR, Money
from events.touchpoints.customer import CustomerMerged
from events.touchpoints.payment import (
    CreditChecked,
    CreditLimitSet,
    InvoiceIssued,
    PaymentReceived,
)
from services.casework.accounts import Accounts
from services.casework.customers import Customers, Group
from services.casework.executing import Done, Streams
from services.casework.ordering import CommandOn
from services.casework.rulebook import Rulebook
from services.log.readable import readable
from tests.support.casework import CUSTOMER, MONDAY, Desk, Json, desk_on_chosen_log
from tests.support.modes import EITHER, catch_up

pytestmark = pytest.mark.postgres

DUE_LATER = MONDAY.date() + timedelta(days=30)


@pytest_asyncio.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


def cny(minor: int) -> Mapping[str, object]:
    return {"minor": minor, "currency": "CNY"}


async def gives(
    desk: Desk,
    word: str,
    body: Mapping[str, object],
    *,
    by: str = "money-1",
    key: str | None = None,
    seen: int | None = None,
    customer: str = CUSTOMER,
) -> httpx2.Response:
    """Give a command on an account, once what was recorded before is readable."""
    await catch_up(desk.platform, desk.settings)
    return await desk.give(customer, word, body, by=by, key=key, seen=seen, of="customers")


async def done(desk: Desk, word: str, body: Mapping[str, object], *, by: str = "money-1") -> Json:
    answer = await gives(desk, word, body, by=by)
    assert answer.status_code == 200, answer.text
    return cast("Json", answer.json())


async def checked(desk: Desk, minor: int, **more: object) -> Json:
    body = {"purpose": "order", "amount": cny(minor), **more}
    told = await done(desk, "check-credit", body, by="orders-1")
    return cast("Json", told["credit"])


async def limited(desk: Desk, minor: int) -> None:
    await desk.publish(CreditLimitSet(limit=Money(minor, "CNY")), "limit")


async def owes(desk: Desk, invoice: str, minor: int, *, overdue: int = -30) -> None:
    data = InvoiceIssued(
        invoice_id=invoice,
        amount=Money(minor, "CNY"),
        due_on=MONDAY.date() - timedelta(days=overdue),
    )
    await desk.publish(data, invoice)


async def test_an_approval_reserves_its_room_and_the_next_request_sees_it(desk: Desk) -> None:
    await limited(desk, 100_00)
    first = await checked(desk, 70_00)
    assert (first["approved"], first["exposure"], first["rule"]) == (True, cny(0), None)
    assert first["reserved_until"] == "2026-03-10T01:00:00Z"
    second = await checked(desk, 40_00)
    assert (second["approved"], second["rule"]) == (False, "limit_exceeded")
    assert (second["exposure"], second["limit"]) == (cny(70_00), cny(100_00))
    assert "70.00 CNY" in str(second["detail"])
    assert second["remedy"]
    assert second["reserved_until"] is None
    desk.clock.move(timedelta(hours=25))
    assert (await checked(desk, 40_00))["approved"] is True, "the room was kept for a day"


async def test_the_check_of_an_order_is_found_by_its_order(desk: Desk) -> None:
    await limited(desk, 100_00)
    for order_id, minor in (("O-1", 70_00), ("O-2", 40_00), (None, 10_00)):
        await checked(desk, minor, **({} if order_id is None else {"order_id": order_id}))
    stored = await desk.platform.log.stream(f"/customers/{CUSTOMER}")
    told = [readable(one).data for one in stored]
    found = [
        (one.order_id, one.approved, one.reason) for one in told if isinstance(one, CreditChecked)
    ]
    assert found == [("O-1", True, None), ("O-2", False, "limit_exceeded"), (None, True, None)]


async def test_rivals_cannot_both_take_the_last_of_a_limit(desk: Desk) -> None:
    await limited(desk, 100_00)
    await catch_up(desk.platform, desk.settings)
    body = {"purpose": "order", "amount": cny(60_00)}
    answers = await asyncio.gather(
        *(
            desk.give(CUSTOMER, "check-credit", body, by="orders-1", of="customers")
            for _ in range(4)
        )
    )
    told = [answer.json()["credit"]["approved"] for answer in answers if answer.status_code == 200]
    assert told.count(True) == 1
    assert {answer.status_code for answer in answers} <= {200, 503}


async def test_a_repeat_gets_the_same_answer_and_reserves_nothing_more(desk: Desk) -> None:
    await limited(desk, 100_00)
    body = {"purpose": "order", "amount": cny(70_00)}
    first = await gives(desk, "check-credit", body, by="orders-1", key="one")
    again = await gives(desk, "check-credit", body, by="orders-1", key="one")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = {"purpose": "order", "amount": cny(71_00)}
    assert (await gives(desk, "check-credit", other, by="orders-1", key="one")).status_code == 422
    assert len(await desk.platform.log.stream(f"/customers/{CUSTOMER}")) == 1


async def test_what_is_overdue_too_long_shuts_the_gate_and_an_override_opens_it(
    desk: Desk,
) -> None:
    await owes(desk, "I-1", 10_00, overdue=31)
    shut = await checked(desk, 5_00, order_id="O-1")
    assert (shut["approved"], shut["rule"]) == (False, "overdue_too_long")
    assert "I-1" in str(shut["detail"])
    assert "31" in str(shut["detail"])
    override = {"reason": "pays on delivery", "order_id": "O-1"}
    refused = await gives(desk, "override-credit", override, by="orders-1")
    assert (refused.status_code, refused.json()["rule"]) == (409, "no_role")
    await done(desk, "override-credit", override, by="credit-1")
    assert (await checked(desk, 5_00, order_id="O-1"))["approved"] is True
    assert (await checked(desk, 5_00, order_id="O-2"))["approved"] is False


async def test_a_limit_is_set_by_credit_control_alone(desk: Desk) -> None:
    await owes(desk, "I-1", 10_00)
    refused = await gives(desk, "set-credit-limit", {"limit": cny(20_00)})
    assert refused.json()["rule"] == "no_role"
    await done(desk, "set-credit-limit", {"limit": cny(20_00)}, by="credit-1")
    assert (await checked(desk, 11_00))["rule"] == "limit_exceeded"
    assert (await checked(desk, 10_00))["approved"] is True


async def test_a_dispute_holds_until_it_is_settled(desk: Desk) -> None:
    await owes(desk, "I-1", 10_00)
    others = await gives(desk, "dispute-invoice", {"invoice_id": "I-1"}, by="sales-1")
    assert others.json()["rule"] == "no_role"
    unknown = await gives(desk, "dispute-invoice", {"invoice_id": "I-9"})
    assert unknown.json()["rule"] == "nothing_open"
    assert "I-1" in unknown.json()["remedy"]
    await done(desk, "dispute-invoice", {"invoice_id": "I-1", "reason": "broken"})
    again = await gives(desk, "dispute-invoice", {"invoice_id": "I-1"})
    assert again.json()["rule"] == "disputed"
    await done(desk, "settle-dispute", {"invoice_id": "I-1", "outcome": "ours"})
    over = await gives(desk, "settle-dispute", {"invoice_id": "I-1"})
    assert over.json()["rule"] == "none_disputed"


async def test_a_promise_is_about_what_is_open_and_lies_ahead(desk: Desk) -> None:
    await owes(desk, "I-1", 10_00)
    promise: Json = {"amount": cny(10_00), "promised_on": "2026-03-20", "invoice_ids": ["I-1"]}
    changes: tuple[tuple[Json, str], ...] = (
        ({"promised_on": "2026-03-08"}, "in_the_past"),
        ({"invoice_ids": ["I-9"]}, "nothing_open"),
        ({"amount": {"minor": 10_00, "currency": "EUR"}}, "currency"),
        ({"amount": cny(0)}, "no_amount"),
    )
    for change, rule in changes:
        refused = await gives(desk, "record-promise", promise | change)
        assert (refused.status_code, refused.json()["rule"]) == (409, rule)
    told = await done(desk, "record-promise", promise)
    [event] = cast("list[Json]", told["events"])
    assert (event["type"], event["by"]) == ("payment.promise_made", "money-1")


async def test_a_suspected_double_report_is_confirmed_or_rejected(desk: Desk) -> None:
    await owes(desk, "I-1", 50_00)
    for payment in ("P-1", "P-2", "P-3"):
        data = PaymentReceived(
            payment_id=payment, amount=Money(10_00, "CNY"), bank_reference="BANK 7"
        )
        await desk.publish(data, payment)
    first = await gives(desk, "confirm-payment", {"payment_id": "P-1"})
    assert first.json()["rule"] == "not_suspected"
    assert "P-2" in first.json()["remedy"]
    await done(desk, "confirm-payment", {"payment_id": "P-2"})
    await done(desk, "reject-payment", {"payment_id": "P-3"})
    again = await gives(desk, "reject-payment", {"payment_id": "P-3"})
    assert again.json()["rule"] == "none_suspected"


async def test_who_is_unknown_and_who_was_faster_are_told(desk: Desk) -> None:
    nobody = await gives(
        desk, "set-credit-limit", {"limit": cny(1)}, by="credit-1", customer="C-404"
    )
    assert (nobody.status_code, nobody.json()["rule"]) == (404, "unknown_customer")
    await owes(desk, "I-1", 10_00)
    await done(desk, "set-credit-limit", {"limit": cny(1)}, by="credit-1")
    late = await gives(desk, "set-credit-limit", {"limit": cny(2)}, by="credit-1", seen=0)
    assert late.status_code == 412
    [winner] = late.json()["changed"]
    assert (winner["type"], winner["by"]) == ("payment.credit_limit_set", "credit-1")


async def test_who_was_merged_has_the_account_of_the_root(desk: Desk) -> None:
    await limited(desk, 100_00)
    await owes(desk, "I-1", 50_00)
    await desk.publish(
        InvoiceIssued(invoice_id="I-2", amount=Money(30_00, "CNY"), due_on=DUE_LATER),
        "I-2",
        customer="C-2",
    )
    await desk.publish(CustomerMerged(into=CUSTOMER), "merged", customer="C-2")
    desk.clock.move(timedelta(minutes=1))
    body = {"purpose": "order", "amount": cny(15_00)}
    told = (await gives(desk, "check-credit", body, by="orders-1", customer="C-2")).json()
    assert told["customer_id"] == CUSTOMER
    assert (told["credit"]["approved"], told["credit"]["exposure"]) == (True, cny(80_00))
    assert (await checked(desk, 10_00))["approved"] is False, "one limit, one room"


async def test_a_repeat_gets_the_same_answer_whoever_is_the_root_by_then(desk: Desk) -> None:
    await owes(desk, "I-1", 10_00)
    await desk.publish(CreditLimitSet(limit=Money(1_000_00, "CNY")), "limit 2", customer="C-2")
    body = {"purpose": "order", "amount": cny(15_00)}

    async def asks(key: str, minor: int = 15_00) -> httpx2.Response:
        desk.clock.move(timedelta(minutes=1))
        given = {**body, "amount": cny(minor)}
        return await gives(desk, "check-credit", given, by="orders-1", customer="C-2", key=key)

    async def says(word: str, told: Mapping[str, object]) -> None:
        desk.clock.move(timedelta(minutes=1))
        answer = await gives(desk, word, told, by="hq-1", customer="C-2")
        assert answer.status_code == 200, answer.text

    alone = await asks("alone")
    assert alone.json()["customer_id"] == "C-2"
    await says("merge", {"into": CUSTOMER})
    again = await asks("alone")
    assert (again.status_code, again.json()) == (200, alone.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert (await asks("alone", 16_00)).status_code == 422
    together = await asks("together")
    assert together.json()["customer_id"] == CUSTOMER
    await says("unmerge", {})
    assert (await asks("together")).json() == together.json()
    assert len(await desk.platform.log.stream("/customers/C-2")) == 3
    assert len(await desk.platform.log.stream(f"/customers/{CUSTOMER}")) == 1


async def test_who_paid_too_much_owes_nothing_and_may_order(desk: Desk) -> None:
    await limited(desk, 100_00)
    await owes(desk, "I-1", 10_00)
    paid = PaymentReceived(payment_id="P-1", amount=Money(50_00, "CNY"), method="bank_transfer")
    await desk.publish(paid, "P-1")
    told = await checked(desk, 20_00)
    assert (told["approved"], told["exposure"]) == (True, cny(0))
    assert (await checked(desk, 20_00))["approved"] is True


async def test_an_exposure_beyond_any_amount_is_no_exposure(desk: Desk) -> None:
    for name in ("I-1", "I-2"):
        await owes(desk, name, MAX_MINOR)
    body = {"purpose": "order", "amount": cny(1)}
    refused = await gives(desk, "check-credit", body, by="orders-1")
    assert (refused.status_code, refused.json()["code"]) == (422, "out_of_range"), refused.text
    assert refused.json()["field"] == "amount"


@pytest.mark.parametrize("name", ["%00", "%E2%80%AE", "%20a", ".%0A"])
async def test_what_cannot_name_anybody_is_refused(desk: Desk, name: str) -> None:
    for of, word, body in (
        ("cases", "reply", {}),
        ("customers", "check-credit", {"purpose": "order", "amount": cny(1)}),
        ("customers", "unmerge", {}),
    ):
        refused = await desk.give(name, word, body, by="hq-1", of=of)
        assert (refused.status_code, refused.json()["code"]) == (422, "malformed"), refused.text
    assert (await desk.get(name)).status_code == 422


class _PartedMeanwhile(Customers):
    """Customers of whom one is parted from the others as soon as they were read."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.platform.log, desk.platform.pool)
        self._desk = desk
        self._reads = 0

    async def group(self, customer: CustomerId) -> Group:
        found = await super().group(customer)
        self._reads += 1
        if self._reads == 1:
            parted = await self._desk.give("C-2", "unmerge", by="hq-1", of="customers")
            assert parted.status_code == 200, parted.text
            await catch_up(self._desk.platform, self._desk.settings)
        return found


async def test_who_is_parted_while_the_gate_is_asked_is_not_counted_any_more(desk: Desk) -> None:
    platform = desk.platform
    await owes(desk, "I-1", 50_00)
    other = InvoiceIssued(invoice_id="I-2", amount=Money(30_00, "CNY"), due_on=DUE_LATER)
    await desk.publish(other, "I-2", customer="C-2")
    merged = await gives(desk, "merge", {"into": CUSTOMER}, by="hq-1", customer="C-2")
    assert merged.status_code == 200, merged.text
    desk.clock.move(timedelta(minutes=1))
    accounts = Accounts(
        Streams(platform.streams, platform.vault, desk.clock), _PartedMeanwhile(desk)
    )
    await catch_up(platform, desk.settings)
    order = CommandOn(
        on=CUSTOMER,
        command=CheckCredit(purpose="order", amount=Money(1_00, "CNY")),
        by=Staff("orders-1", None, "SH-01", frozenset({"order_entry"})),
        key="asked",
    )
    reference = await Rulebook(platform.pool).reference()
    answer = await accounts.execute(order, reference, desk.clock.now())
    assert isinstance(answer, Done), answer
    [event] = answer.own
    assert isinstance(event.data, CreditChecked)
    assert event.data.exposure == Money(50_00, "CNY")
