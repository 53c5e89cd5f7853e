"""A clerk's whole path at the gateway, on both logs, while no worker follows the log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest
import pytest_asyncio

from events.cases.terms import native_case_id
from events.envelope import CustomerId
from events.money import Money
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.customer import (
    CustomerMerged,
    CustomerProfileChanged,
    CustomerRegistered,
    CustomerUnmerged,
)
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from events.touchpoints.policy import BranchSet
from services.casework.customers import Customers
from tests.support.casework import (
    BRANCH,
    CALLER,
    CLERK,
    CUSTOMER,
    MONDAY,
    Desk,
    desk_on_chosen_log,
    staff_record,
)
from tests.support.given import event_id
from tests.support.modes import EITHER, catch_up

pytestmark = pytest.mark.postgres

OTHER, OTHERS_BRANCH = "C-2", "NY-01"
PROMISED = {
    "amount": {"minor": 30_00, "currency": "CNY"},
    "promised_on": str(MONDAY.date() + timedelta(days=3)),
}


@pytest_asyncio.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    """The company, known to the rows; of what comes after it the rows know nothing."""
    async with desk_on_chosen_log(request, database) as desk:
        elsewhere = BranchSet(effective_from=MONDAY, branch_id=OTHERS_BRANCH, name="New York")
        await desk.publish(elsewhere, "elsewhere", customer=None, till="policy")
        await catch_up(desk.platform, desk.settings)
        for customer, home in ((CUSTOMER, BRANCH), (OTHER, OTHERS_BRANCH)):
            registered = CustomerRegistered(home_branch=home)
            await desk.publish(registered, f"registered {customer}", customer=customer)
        yield desk


async def opened(desk: Desk, customer: str = CUSTOMER) -> str:
    """Return a case of a customer that the clerk has in hand."""
    filed = ComplaintFiled(severity="medium", agent=CLERK)
    complaint = await desk.publish(filed, f"complaint of {customer}", customer=customer)
    while await desk.by_itself.openings.step():
        pass
    return native_case_id(complaint)


async def rule(desk: Desk, on: str, word: str, body: Mapping[str, object], of: str) -> str:
    """Return by which rule the clerk is refused."""
    answer = await desk.give(on, word, body, by=CLERK, of=of)
    assert answer.status_code == 404, answer.text
    found: str = answer.json()["rule"]
    return found


async def test_a_clerk_works_on_the_own_branchs_customers_and_sees_what_was_noted(
    desk: Desk,
) -> None:
    case = await opened(desk)
    noted = {"personal": {"note": "王小明下周二在家"}}
    done = await desk.give(case, "note", noted, by=CLERK)
    assert done.status_code == 200, done.text
    shown = await desk.get(case, by=CLERK)
    assert shown.status_code == 200, shown.text
    assert shown.json()["events"][-1]["personal"] == noted["personal"]
    owed = InvoiceIssued(
        invoice_id="I-1", amount=Money(30_00, "CNY"), due_on=MONDAY.date() - timedelta(days=9)
    )
    await desk.publish(owed, "owed")
    by = "money-1"  # a clerk may not, but what it is decided on must be there all the same
    promised = await desk.give(CUSTOMER, "record-promise", PROMISED, by=by, of="customers")
    assert promised.status_code == 200, promised.text
    moved = {"personal": {"phone": "13800138000"}}
    changed = await desk.give(CUSTOMER, "change-profile", moved, by=CLERK, of="customers")
    assert changed.status_code == 200, changed.text


async def test_what_is_another_branchs_is_to_a_clerk_as_what_there_is_not(desk: Desk) -> None:
    case = await opened(desk, OTHER)
    assert await rule(desk, case, "note", {}, "cases") == "unknown_case"
    assert await rule(desk, OTHER, "record-promise", PROMISED, "customers") == "unknown_customer"
    assert (await desk.get(case, by=CLERK)).status_code == 404
    assert (await desk.get(case, by=CALLER)).status_code == 200


async def test_whoever_has_just_moved_is_seen_where_it_is_at_home_now(desk: Desk) -> None:
    case = await opened(desk, OTHER)
    desk.clock.move(timedelta(minutes=1))
    moved = CustomerProfileChanged(home_branch=BRANCH)
    await desk.publish(moved, "moved", customer=OTHER)
    assert (await desk.give(case, "note", by=CLERK)).status_code == 200
    desk.clock.move(timedelta(minutes=1))
    merged = CustomerMerged(into="C-3")
    await desk.publish(CustomerRegistered(home_branch=OTHERS_BRANCH), "third", customer="C-3")
    await desk.publish(merged, "merged", customer=OTHER)
    assert (await desk.give(case, "note", by=CLERK)).status_code == 404
    desk.clock.move(timedelta(minutes=1))
    await desk.publish(CustomerUnmerged(out_of="C-3"), "parted", customer=OTHER)
    assert (await desk.give(case, "note", by=CLERK)).status_code == 200


async def test_who_is_not_registered_is_at_home_where_it_was_first_heard_of(desk: Desk) -> None:
    paid = PaymentReceived(payment_id="P-1", amount=Money(5_00, "CNY"))
    await desk.publish(paid, "paid", customer="C-4")
    case = await opened(desk, "C-4")
    assert (await desk.give(case, "note", by=CLERK)).status_code == 200


@pytest.mark.parametrize("caught_up", [0, 3, 6])
async def test_a_customer_is_read_the_same_wherever_its_events_are(
    desk: Desk, caught_up: int
) -> None:
    """Some are in the table and some in the log alone; between its own lie many of others."""
    sent = []
    for number in range(6):
        if number == caught_up:
            await catch_up(desk.platform, desk.settings)
        name = f"payment {number}"
        paid = PaymentReceived(payment_id=name, amount=Money(1_00, "CNY"))
        await desk.publish(paid, name)
        sent.append(event_id(name))
        await desk.publish(paid, f"of another {number}", customer=f"C-{number + 10}")
    customers = Customers(desk.platform.log, desk.platform.pool)
    group = await customers.group(CustomerId(CUSTOMER))
    known = [fact.id for fact in group.facts.own(CustomerId(CUSTOMER))]
    assert known == [event_id(f"registered {CUSTOMER}"), *sent]


async def test_who_was_hired_just_now_is_asked_to_try_again_and_not_sent_away(desk: Desk) -> None:
    case = await opened(desk)
    await desk.publish(staff_record("clerk-9", None), "hired", customer=None, till="policy")
    answer = await desk.get(case, by="clerk-9")
    assert answer.status_code == (200 if desk.settings.kafka is None else 503), answer.text
    await catch_up(desk.platform, desk.settings)
    assert (await desk.get(case, by="clerk-9")).status_code == 200
    assert (await desk.get(case, by="clerk-10")).status_code == 403
