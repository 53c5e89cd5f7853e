"""Commands from pages: forms filled in, refused, tried and done as the visitor's own."""

import re
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from events.money import Money
from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from tests.support.acting import Counter, hidden_of, open_counter
from tests.support.casework import COLLEAGUE, CUSTOMER, HEAD, OWNER

pytestmark = pytest.mark.postgres


@pytest.fixture
async def counter(database: str) -> AsyncIterator[Counter]:
    async with open_counter(database) as counter:
        yield counter


async def owes(counter: Counter, *invoices: str) -> None:
    """Let the customer owe 100 yuan on each invoice."""
    registered = CustomerRegistered(home_branch="SH-01")
    await counter.desk.publish(registered, "registered")
    for name in invoices:
        issued = InvoiceIssued(
            invoice_id=name,
            amount=Money(10_000, "CNY"),
            due_on=date(2026, 3, 1),
        )
        await counter.desk.publish(issued, name)
    await counter.catch_up()


def differences(page: str) -> dict[str, tuple[str, str]]:
    """Return what a page says would change, by field."""
    found = re.findall(
        r'<tr data-field="(\w+)">.*?<td class="before">(.*?)</td><td class="after"><b>(.*?)</b>', page
    )
    return {field: (before, after) for field, before, after in found}


async def test_a_case_is_worked_on_from_pages_alone(counter: Counter) -> None:
    case = await counter.desk.case()
    await counter.catch_up()
    where = f"/do/cases/{case}"
    back = await counter.done(f"{where}/reply", {"personal.note": "said sorry"})
    assert back.startswith(f"/cases/{case}?at_least=")
    hand_off = {"department": "logistics", "owes": "pick it up", "due_minutes": "240"}
    await counter.done(f"{where}/hand-off", hand_off)
    page = await counter.get(f"{where}/fulfil", by="logistics-1")
    [owed] = re.findall(r'<option value="([^"]{36})"[^>]*>logistics: pick it up<', page)
    await counter.done(f"{where}/fulfil", {"obligation_id": owed}, by="logistics-1")
    await counter.done(f"{where}/wait", {"reason": "serial_number"})
    await counter.done(f"{where}/resume")
    await counter.done(f"{where}/set-priority", {"priority": "high"}, by=HEAD)
    await counter.done(f"{where}/resolve", {"channel": "phone"})
    assert [one for one in await counter.desk.events(case) if one != "case.customer_told"] == [
        "case.opened",
        "case.replied",
        "case.handed_off",
        "case.obligation_fulfilled",
        "case.waiting_started",
        "case.waiting_ended",
        "case.priority_set",
        "case.resolved",
        "callback.promised",
    ]


async def test_a_refusal_stands_beside_the_form_and_what_was_typed_stays(counter: Counter) -> None:
    case = await counter.desk.case()
    answer = await counter.sends(
        f"/do/cases/{case}/decline", {"reason": "no warranty"}, by=OWNER
    )
    assert answer.status_code == 409
    assert "service-1 may not do that with this case" in answer.text
    assert 'value="no warranty"' in answer.text
    assert await counter.desk.version(case) == 2


async def test_who_was_faster_is_told_and_then_it_is_done_on_what_is_there(
    counter: Counter,
) -> None:
    case = await counter.desk.case()
    await counter.catch_up()
    path = f"/do/cases/{case}/assign"
    page = await counter.get(path)
    await counter.done(f"/do/cases/{case}/take", by=COLLEAGUE)
    await counter.done(f"/do/cases/{case}/assign", {"agent": OWNER}, by=COLLEAGUE)
    late = await counter.sends(path, {"agent": "sales-1"}, page=page)
    assert late.status_code == 412
    assert "Somebody was faster" in late.text
    assert COLLEAGUE in late.text
    assert '<option value="sales-1" selected>' in late.text
    again = await counter.sends(path, {"agent": "sales-1"}, page=late.text)
    assert again.status_code == 303
    assert (await counter.desk.events(case))[-1] == "case.assigned"


async def test_the_same_form_sent_twice_is_done_once(counter: Counter) -> None:
    case = await counter.desk.case()
    await counter.catch_up()
    page = await counter.get(f"/do/cases/{case}/note")
    for _ in range(2):
        answer = await counter.sends(
            f"/do/cases/{case}/note", {"personal.note": "called"}, page=page
        )
        assert answer.status_code == 303
    assert (await counter.desk.events(case)).count("case.noted") == 1


async def test_what_a_preview_says_is_what_comes_of_it(counter: Counter) -> None:
    await owes(counter, "INV-1", "INV-2")
    path, typed = f"/do/customers/{CUSTOMER}/dispute-invoice", {"invoice_id": "INV-1"}
    tried = await counter.sends(path, typed | {"then": "try"}, by="money-1")
    assert tried.status_code == 200
    said = differences(tried.text)
    assert said["disputed"] == ("no", "yes")
    rows = "SELECT item_id, disputed FROM receivables_items_v{} ORDER BY item_id"
    assert await items(counter, rows) == {"INV-1": False, "INV-2": False}
    await counter.done(path, typed, by="money-1")
    assert await items(counter, rows) == {"INV-1": True, "INV-2": False}
    account = await counter.get(f"/api/v1/customers/{CUSTOMER}/receivables")
    assert '"disputed":{"minor":10000' in account
    assert said["disputed_minor"] == ("CN¥0.00", "CN¥100.00")


async def items(counter: Counter, statement: str) -> dict[str, bool]:
    from projections.receivables.projection import Receivables

    rows = await counter.desk.platform.pool.fetch(statement.format(Receivables.version))
    return {row["item_id"]: row["disputed"] for row in rows}


async def test_a_promise_is_recorded_in_major_units_and_a_wrong_amount_is_told(
    counter: Counter,
) -> None:
    await owes(counter, "INV-1")
    path = f"/do/customers/{CUSTOMER}/record-promise"
    typed = {"amount.amount": "50.123", "amount.currency": "CNY", "promised_on": "2026-03-20"}
    wrong = await counter.sends(path, typed, by="money-1")
    assert wrong.status_code == 422
    assert "give an amount such as 1000.00" in wrong.text
    assert 'value="50.123"' in wrong.text
    typed |= {"amount.amount": "50.00", "invoice_ids": "INV-1"}
    back = await counter.done(path, typed, by="money-1")
    page = await counter.get(back, by="money-1")
    assert "CN¥50.00" in page


async def test_the_gate_answers_on_the_page(counter: Counter) -> None:
    await owes(counter, "INV-1")
    path = f"/do/customers/{CUSTOMER}/set-credit-limit"
    await counter.done(path, {"limit.amount": "120", "limit.currency": "CNY"}, by="credit-1")
    path = f"/do/customers/{CUSTOMER}/check-credit"
    typed = {"purpose": "order", "amount.amount": "50", "amount.currency": "CNY"}
    answer = await counter.sends(path, typed, by="credit-1")
    assert "The credit gate is shut." in answer.text
    assert "CN¥120.00" in answer.text


async def test_a_customer_is_registered_changed_merged_and_parted(counter: Counter) -> None:
    await owes(counter)
    typed = {"home_branch": "SH-01", "kind": "company", "personal.name": "海港贸易"}
    await counter.done("/do/customers/C-2/register", typed)
    assert "海港贸易" in await counter.get("/customers/C-2")
    await counter.done("/do/customers/C-2/change-profile", {"personal.name": "海港贸易公司"})
    assert "海港贸易公司" in await counter.get("/customers/C-2")
    refused = await counter.sends("/do/customers/C-2/merge", {"into": CUSTOMER})
    assert refused.status_code == 409
    await counter.done("/do/customers/C-2/merge", {"into": CUSTOMER}, by="hq-1")
    await counter.done("/do/customers/C-2/unmerge", by="hq-1")


async def test_an_alert_is_put_off_until_a_local_instant(counter: Counter) -> None:
    await owes(counter, "INV-1")
    rows = await counter.desk.platform.pool.fetch("SELECT alert_id, kind FROM alerts LIMIT 1")
    alert = rows[0]["alert_id"]
    by = "money-1" if rows[0]["kind"] != "overdue" else "money-1"
    answer = await counter.sends(
        f"/do/alerts/{alert}/snooze", {"until": "2026-03-10T09:00"}, by=by
    )
    assert answer.status_code == 303, answer.text


async def test_what_may_not_be_done_says_why_before_anybody_tries(counter: Counter) -> None:
    case = await counter.desk.case()
    page = await counter.get(f"/do/cases/{case}/resume")
    assert "The case waits on nobody." in page


async def test_whoever_may_only_look_is_refused(counter: Counter) -> None:
    case = await counter.desk.case()
    answer = await counter.client.get(f"/do/cases/{case}/take", headers={"x-staff": "nobody-9"})
    assert answer.status_code == 403


async def test_time_alone_is_no_conflict(counter: Counter) -> None:
    case = await counter.desk.case()
    await counter.catch_up()
    page = await counter.get(f"/do/cases/{case}/wait")
    counter.desk.clock.move(timedelta(hours=4))
    while await counter.desk.by_itself.deadlines.step():
        pass
    assert "case.escalated" in await counter.desk.events(case)
    answer = await counter.sends(f"/do/cases/{case}/wait", {}, page=page)
    assert answer.status_code == 303, answer.text


