"""Commands from pages: forms filled in, refused, tried and done as the visitor's own."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from datetime import date, timedelta
from html import unescape
from urllib.parse import parse_qs, quote, urlencode
from uuid import UUID

import pytest

from events.cases.terms import native_case_id
from events.money import Money
from events.touchpoints.complaint import ComplaintFiled
from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.payment import InvoiceIssued
from events.touchpoints.policy import StaffSet
from projections.receivables.projection import Receivables
from services.console.acting import many, triage
from tests.support import acting as support
from tests.support.acting import Counter, open_counter
from tests.support.casework import CLERK, COLLEAGUE, CUSTOMER, HEAD, MONDAY, OWNER
from tests.support.postgres import fresh_database

pytestmark = pytest.mark.postgres


counters = support.counters


@pytest.fixture
async def counter(postgres_server: str, counters: str) -> AsyncIterator[Counter]:
    async with fresh_database(postgres_server, counters) as dsn, open_counter(dsn) as counter:
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
        r'<tr data-field="(\w+)">.*?<td class="before">(.*?)</td><td class="after"><b>(.*?)</b>',
        page,
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
    await counter.catch_up()
    answer = await counter.sends(f"/do/cases/{case}/decline", {"reason": "no warranty"}, by=OWNER)
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
    rows = "SELECT item_id, disputed FROM receivables_v{}_items ORDER BY item_id"
    assert await items(counter, rows) == {"INV-1": False, "INV-2": False}
    await counter.done(path, typed, by="money-1")
    assert await items(counter, rows) == {"INV-1": True, "INV-2": False}
    account = await counter.get(f"/api/v1/customers/{CUSTOMER}/receivables")
    assert '"disputed":{"minor":10000' in account
    assert said["disputed_minor"] == ("CN¥0.00", "CN¥100.00")


async def items(counter: Counter, statement: str) -> dict[str, bool]:
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
    [row] = await counter.desk.platform.pool.fetch("SELECT alert_id FROM alerts")
    path = f"/do/alerts/{row['alert_id']}/snooze"
    answer = await counter.sends(path, {"until": "2026-03-10T09:00"}, by="money-1")
    assert answer.status_code == 303, answer.text


async def test_what_may_not_be_done_says_why_before_anybody_tries(counter: Counter) -> None:
    case = await counter.desk.case()
    await counter.catch_up()
    page = await counter.get(f"/do/cases/{case}/resume")
    assert "The case waits on nobody." in page


async def test_whoever_may_only_look_is_refused(counter: Counter) -> None:
    case = await counter.desk.case()
    answer = await counter.client.get(f"/do/cases/{case}/take", headers={"x-staff": "nobody-9"})
    assert answer.status_code == 403


async def test_time_alone_is_no_conflict(counter: Counter) -> None:
    await counter.desk.by_itself.deadlines.step()  # from now on
    case = await counter.desk.case()
    await counter.catch_up()
    page = await counter.get(f"/do/cases/{case}/wait")
    counter.desk.clock.move(timedelta(days=1))
    await counter.catch_up()
    while await counter.desk.by_itself.deadlines.step():
        pass
    assert "case.escalated" in await counter.desk.events(case)
    answer = await counter.sends(f"/do/cases/{case}/wait", {}, page=page)
    assert answer.status_code == 303, answer.text


async def test_a_case_page_has_all_that_was_said_and_what_may_be_done(counter: Counter) -> None:
    case = await counter.desk.case()
    await counter.catch_up()
    await counter.done(f"/do/cases/{case}/note", {"personal.note": "rang twice"})
    page = await counter.get(f"/cases/{case}")
    assert "rang twice" in page
    assert "Complaint filed" in page
    assert f'href="/do/cases/{case}/hand-off' in page
    assert f'href="/do/cases/{case}/resume' not in page
    assert "The case waits on nobody." in page
    back = await counter.done(f"/do/cases/{case}/wait")
    page = await counter.get(back)
    assert "Done: Wait on the customer." in page
    assert f'action="/do/cases/{case}/resume"' in page  # which undoes it


async def test_an_auditor_sees_the_case_and_neither_words_nor_buttons(counter: Counter) -> None:
    case = await counter.desk.case()
    await counter.catch_up()
    await counter.done(f"/do/cases/{case}/note", {"personal.note": "rang twice"})
    auditor = StaffSet(effective_from=MONDAY, staff_id="audit-1", roles=("auditor",))
    await counter.desk.publish(auditor, "auditor", customer=None, till="auditors")
    await counter.catch_up()
    page = await counter.get(f"/cases/{case}", by="audit-1")
    assert "rang twice" not in page
    assert f"/do/cases/{case}" not in page


async def test_next_and_previous_are_those_of_the_list_one_came_from(counter: Counter) -> None:
    cases = []
    for name in ("one", "two", "three"):
        cases.append(await counter.desk.case(name))
        counter.desk.clock.move(timedelta(minutes=10))
    await counter.catch_up()
    listed = await counter.get("/cases?department=service")
    links = [unescape(one) for one in re.findall(r'href="(/cases/[^"]+)" data-row', listed)]
    assert [link[7:43] for link in links] == cases  # the most urgent is the oldest
    page = await counter.get(links[1])
    before, after = (
        unescape(re.findall(rf'<a href="([^"]+)" rel="{rel}"', page)[0]) for rel in ("prev", "next")
    )
    assert (before, after) == (links[0], links[2])
    assert 'rel="prev"' not in await counter.get(links[0])
    assert 'rel="next"' not in await counter.get(links[2])
    told = await counter.client.get("/api/v1/cases?department=service&limit=1")
    page = await counter.get(f"{links[1]}{quote('&cursor=' + told.json()['next'])}")
    [before] = re.findall(r'<a href="([^"]+)" rel="prev"', page)
    assert before.startswith(f"/cases/{cases[0]}?")  # it ends the page before


async def test_a_clerk_records_a_complaint_and_hears_what_is_wrong_at_its_field(
    counter: Counter,
) -> None:
    await owes(counter)
    page = await counter.get(f"/create/complaint.filed?customer={CUSTOMER}", by=CLERK)
    typed = {"severity": "", "personal.text": "broken on arrival"}
    wrong = await counter.sends("/create/complaint.filed", typed, page=page, by=CLERK)
    assert wrong.status_code == 422
    assert "severity" in wrong.text
    assert "broken on arrival" in wrong.text
    typed |= {"severity": "high", "customer": CUSTOMER}
    told = await counter.sends("/create/complaint.filed", typed, page=page, by=CLERK)
    assert "Recorded." in told.text
    again = await counter.sends("/create/complaint.filed", typed, page=page, by=CLERK)
    assert "nothing was recorded twice" in again.text
    await counter.catch_up()
    [row] = await counter.desk.platform.pool.fetch(
        "SELECT source, branch_id, correlation_id FROM events WHERE type = 'complaint.filed'"
    )
    assert (row["source"], row["branch_id"]) == ("/branches/SH-01/console", "SH-01")
    assert row["correlation_id"] == CLERK


async def test_no_form_goes_round_a_command(counter: Counter) -> None:
    for name in (
        "payment.credit_limit_set",
        "customer.merged",
        "case.closed",
        "reference.staff_set",
    ):
        answer = await counter.client.get(f"/create/{name}", headers={"x-staff": CLERK})
        assert answer.status_code == 404, name


async def test_a_payment_is_recorded_in_major_units(counter: Counter) -> None:
    await owes(counter, "INV-1")
    page = await counter.get(f"/create/payment.payment_received?customer={CUSTOMER}", by=CLERK)
    typed = {
        "customer": CUSTOMER,
        "amount.amount": "100.00",
        "amount.currency": "CNY",
        "method": "bank_transfer",
        "payment_id": "P-1",
    }
    told = await counter.sends("/create/payment.payment_received", typed, page=page, by=CLERK)
    assert "Recorded." in told.text, told.text
    await counter.catch_up()
    rows = await items(
        counter, "SELECT item_id, status = 'open' AS disputed FROM receivables_v{}_items"
    )
    assert rows == {"INV-1": False}


async def test_what_ones_role_may_not_do_is_not_offered(counter: Counter) -> None:
    await owes(counter, "INV-1")
    promise, check = (
        f"/do/customers/{CUSTOMER}/{one}" for one in ("record-promise", "check-credit")
    )
    page = await counter.get(f"/customers/{CUSTOMER}", by="money-1")
    assert (promise in page, check in page) == (True, False)
    page = await counter.get(f"/customers/{CUSTOMER}", by="agent-1")
    assert (promise in page, check in page) == (False, False)
    assert "/record-promise?" not in await counter.get("/receivables", by="agent-1")


async def test_what_may_be_done_with_a_customer_is_on_one_page(counter: Counter) -> None:
    await owes(counter, "INV-1")
    page = await counter.get(f"/do/customers/{CUSTOMER}", by="money-1")
    assert f"/do/customers/{CUSTOMER}/record-promise?back=" in page
    assert f"/do/customers/{CUSTOMER}/set-credit-limit?back=" not in page
    assert f"/do/customers/{CUSTOMER}/merge?back=" in page


def outcomes(page: str) -> dict[str, int]:
    """Return what became of how many, as a bulk's page says it."""
    found = re.findall(r'<li data-outcome="(\w+)"><b>([\d,]+)</b>', page)
    return {name: int(number.replace(",", "")) for name, number in found}


async def test_all_that_a_list_finds_is_tried_then_done_and_who_is_refused_is_named(
    counter: Counter,
) -> None:
    cases = [await counter.desk.case(f"complaint {n}") for n in range(3)]
    await counter.catch_up()
    await counter.done(f"/do/cases/{cases[0]}/set-priority", {"priority": "high"}, by=HEAD)
    path = "/do/many/cases/set-priority?department=service"
    chosen = await counter.get("/do/many/cases?department=service", by=HEAD)
    assert path in unescape(chosen)
    tried = await counter.sends(path, {"priority": "high", "then": "try"}, by=HEAD)
    assert outcomes(tried.text) == {"would_be_done": 2, "refused": 1}
    assert "The case is high already." in tried.text
    assert differences(tried.text)["priority"] == ("medium", "high")
    assert await counter.desk.version(cases[1]) == 2
    [listed] = re.findall(r'name="items"[^>]*>([^<]*)<', tried.text)
    typed = {"priority": "high", "then": "do", "items": listed}
    done = await counter.sends(path, typed, by=HEAD, page=tried.text)
    assert outcomes(done.text) == {"done": 2}
    again = await counter.sends(path, typed, by=HEAD, page=tried.text)
    assert outcomes(again.text) == {"done_before": 2}
    for case in cases:
        assert (await counter.desk.events(case)).count("case.priority_set") == 1


async def tick(counter: Counter, listed: str, query: str, *, by: str) -> str:
    """Tick every row of a page of a list, and return the query that its form sends."""
    page = await counter.get(f"{listed}?{query}" if query else listed, by=by)
    ticked = re.findall(r'name="pick" value="([^"]+)" form="ticked"', page)
    [kept] = re.findall(
        r'id="ticked"[^>]*>\s*<input type="hidden" name="list" value="([^"]*)"', page
    )
    assert unescape(kept) == query
    return urlencode([("list", query), *(("pick", unescape(one)) for one in ticked)])


async def in_bulk(
    counter: Counter, path: str, typed: Mapping[str, str], *, by: str
) -> tuple[str, str]:
    """Try one command on many and do it on those of which it would be done; return both pages."""
    tried = await counter.sends(path, {**typed, "then": "try"}, by=by)
    assert tried.status_code == 200, tried.text
    [listed] = re.findall(r'name="items"[^>]*>([^<]*)<', tried.text)
    more = {**typed, "then": "do", "items": listed}
    done = await counter.sends(path, more, by=by, page=tried.text)
    await counter.catch_up()
    return tried.text, done.text


async def test_what_is_ticked_takes_a_command_and_the_rest_of_the_list_does_not(
    counter: Counter,
) -> None:
    cases = [await counter.desk.case(f"complaint {n}") for n in range(3)]
    await counter.catch_up()
    assert (await tick(counter, "/cases", "department=service", by=HEAD)).count("pick=") == 3
    where = urlencode([("list", "department=service"), ("pick", cases[0]), ("pick", cases[2])])
    chosen = unescape(await counter.get(f"/do/many/cases?{where}", by=HEAD))
    assert "2 cases" in chosen
    assert 'href="/cases?department=service"' in chosen
    path = f"/do/many/cases/set-priority?{where}"
    tried, done = await in_bulk(counter, path, {"priority": "high"}, by=HEAD)
    assert outcomes(tried) == {"would_be_done": 2}
    assert "tried: 2 of 2" in tried
    assert "compared: customers 1 of 1" in tried
    assert outcomes(done) == {"done": 2}
    for case, times in zip(cases, (1, 0, 1), strict=True):
        assert (await counter.desk.events(case)).count("case.priority_set") == times


async def test_where_nothing_is_ticked_nothing_is_offered(counter: Counter) -> None:
    answer = await counter.client.get(
        "/do/many/cases?list=status%3Dopen", headers={"x-staff": HEAD, "accept-language": "en"}
    )
    assert answer.status_code == 400
    assert "Nothing is ticked" in answer.text


async def test_alerts_are_put_off_together_and_those_of_clocks_say_where(counter: Counter) -> None:
    await owes(counter, "INV-1", "INV-2")
    await counter.desk.case()
    counter.desk.clock.move(timedelta(days=20))
    await counter.catch_up()
    rows = await counter.desk.platform.pool.fetch("SELECT kind FROM alerts")
    of_clocks = sum(row["kind"].startswith("case_") for row in rows)
    of_items = sum(row["kind"] in ("overdue", "dunning_due") for row in rows)
    assert of_clocks
    assert of_items > 1
    where = await tick(counter, "/alerts", "", by="money-1")
    assert where.count("pick=") == len(rows)
    until = {"until": "2026-04-10T09:00"}
    tried, done = await in_bulk(counter, f"/do/many/alerts/snooze?{where}", until, by="money-1")
    assert outcomes(tried) == {"would_be_done": of_items, "refused": len(rows) - of_items}
    assert "This alert is about a clock of a case" in tried
    assert differences(tried)["state"][1] == "put off"
    assert outcomes(done) == {"done": of_items}
    put_off = await counter.desk.platform.pool.fetchval(
        "SELECT count(*) FROM alerts WHERE state = 'snoozed'"
    )
    assert put_off == of_items


async def test_credit_work_takes_a_limit_for_all_whom_its_filter_finds(counter: Counter) -> None:
    await owes(counter, "INV-1", "INV-2")
    for query, count in (("phase=overdue", 1), ("phase=before", 0)):
        page = await counter.get(f"/do/many/credit?{query}", by="credit-1")
        assert f"{count} customer" in page, query
    path, limit = "/do/many/credit/set-credit-limit?phase=overdue", "limit"
    typed = {f"{limit}.amount": "500", f"{limit}.currency": "CNY"}
    tried, done = await in_bulk(counter, path, typed, by="credit-1")
    assert differences(tried)["limit_minor"] == ("–", "CN¥500.00")
    assert outcomes(done) == {"done": 1}


async def test_a_bulk_for_which_there_is_no_room_says_so(counter: Counter) -> None:
    await counter.desk.case()
    await counter.catch_up()
    path, typed = "/do/many/cases/note", {"personal.note": "called", "then": "try"}
    with ExitStack() as taken:
        for other in range(4):
            taken.enter_context(many._RUNNING.slot(f"other-{other}"))
        answer = await counter.sends(path, typed, by=HEAD)
        assert answer.status_code == 503
        assert "Too much is being done at once." in answer.text
    assert (await counter.sends(path, typed, by=HEAD)).status_code == 200


async def test_a_bulk_reaches_whom_the_list_shows_and_nobody_else(counter: Counter) -> None:
    await owes(counter, "INV-1")
    for query, count in (("overdue=true", 1), ("bucket=0", 0), ("branch=NY&branch=SH-01", 1)):
        page = await counter.get(f"/do/many/receivables?{query}", by="credit-1")
        assert f"{count} customer" in page, query
    answer = await counter.client.get(
        "/do/many/receivables?colour=red", headers={"x-staff": "credit-1", "accept-language": "en"}
    )
    assert answer.status_code == 400
    path = "/do/many/receivables/set-credit-limit?overdue=true"
    typed = {"limit.amount": "500", "limit.currency": "CNY"}
    tried = await counter.sends(path, typed | {"then": "try"}, by="credit-1")
    assert differences(tried.text)["limit_minor"] == ("–", "CN¥500.00")
    _, done = await in_bulk(counter, path, typed, by="credit-1")
    assert outcomes(done) == {"done": 1}


async def test_what_nobody_has_taken_is_gone_through_one_by_one(counter: Counter) -> None:
    cases = []
    for severity in ("urgent", "high", "medium"):
        filed = ComplaintFiled(severity=severity, department="service")
        cases.append(native_case_id(await counter.desk.publish(filed, severity)))
    await counter.desk.case("owned already")
    await counter.catch_up()
    page = await counter.get("/cases/triage?department=service", by=HEAD)
    assert "3 cases that nobody has taken" in page
    assert f'action="/do/cases/{cases[0]}/take"' in page
    back = await counter.done(
        f"/do/cases/{cases[0]}/put-off?back=/cases/triage", {"until": "2026-03-10T09:00"}, by=HEAD
    )
    page = await counter.get(back, by=HEAD)
    assert f'action="/do/cases/{cases[1]}/take"' in page
    assert "2 cases that nobody has taken" in page
    assert f'action="/do/cases/{cases[0]}/bring-back"' in page  # which undoes it
    assert "put off until" in await counter.get(f"/cases/{cases[0]}", by=HEAD)
    await counter.done(f"/do/cases/{cases[0]}/bring-back", by=HEAD)
    assert f'action="/do/cases/{cases[0]}/take"' in await counter.get("/cases/triage", by=HEAD)
    await counter.done(f"/do/cases/{cases[0]}/put-off", {"until": "2026-03-10T09:00"}, by=HEAD)
    back = await counter.done(f"/do/cases/{cases[1]}/take?back=/cases/triage", by=HEAD)
    assert back.startswith("/cases/triage?at_least=")
    await counter.done(f"/do/cases/{cases[2]}/decline", {"reason": "not ours"}, by=HEAD)
    page = await counter.get("/cases/triage?department=service", by=HEAD)
    assert "0 cases that nobody has taken" in page
    counter.desk.clock.move(timedelta(days=2))  # and its time comes, without another event
    page = await counter.get("/cases/triage?department=service", by=HEAD)
    assert f'action="/do/cases/{cases[0]}/take"' in page
    assert "1 case that nobody has taken" in page


async def test_of_very_many_both_those_that_wait_and_those_put_off_are_counted(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triage, "CAP", 1)
    cases = []
    for severity in ("urgent", "high", "medium", "low"):
        filed = ComplaintFiled(severity=severity, department="service")
        cases.append(native_case_id(await counter.desk.publish(filed, severity)))
    await counter.desk.case("owned already")
    await counter.catch_up()
    for case in cases[:2]:
        await counter.done(f"/do/cases/{case}/put-off", {"until": "2026-03-10T09:00"}, by=HEAD)
    page = await counter.get("/cases/triage", by=HEAD)
    assert "1+ cases that nobody has taken" in page
    assert "Put off <small>1+</small>" in page


async def test_what_cannot_be_an_entry_is_none_that_was_ticked(counter: Counter) -> None:
    urn = f"urn:uuid:{UUID(int=7)}"
    for listed in ("cases", "receivables", "credit", "alerts"):
        for pick in ("C-1%00", urn):
            path = f"/do/many/{listed}?list=&pick={pick}"
            answer = await counter.client.get(path, headers={"x-staff": HEAD})
            assert answer.status_code == 200, path


async def test_lists_and_pages_lead_to_the_forms(counter: Counter) -> None:
    await owes(counter, "INV-1")
    assert "/record-promise?invoice_ids=INV-1" in await counter.get("/receivables", by="money-1")
    assert "/snooze" in await counter.get("/alerts", by="money-1")
    page = await counter.get(f"/customers/{CUSTOMER}", by="money-1")
    assert f'href="/do/customers/{CUSTOMER}"' in page
    promise = f"/do/customers/{CUSTOMER}/record-promise?invoice_ids=INV-1"
    assert 'value="INV-1" checked' in await counter.get(promise, by="money-1")


async def undone_by(counter: Counter, back: str, by: str) -> tuple[str, dict[str, list[str]]]:
    """Return which command a customer's page offers after an act, and what is filled in."""
    page = await counter.get(back, by=by)
    [address] = re.findall(
        r'<a class="button second" href="(/do/[^"]+)"[^>]*>[^<]*</a> <span', page
    )
    path, _, query = unescape(address).partition("?")
    return path, {name: given for name, given in parse_qs(query).items() if name != "back"}


async def test_what_undoes_an_act_is_offered_on_the_page_after_it(counter: Counter) -> None:
    await owes(counter, "INV-1")
    home = f"/do/customers/{CUSTOMER}"
    limit = {"limit.amount": "120", "limit.currency": "CNY"}
    await counter.done(f"{home}/set-credit-limit", limit, by="credit-1")
    back = await counter.done(
        f"{home}/set-credit-limit", limit | {"limit.amount": "80"}, by="credit-1"
    )
    path, filled = await undone_by(counter, back, "credit-1")
    assert path == f"{home}/set-credit-limit"
    assert filled == {"limit.amount": ["120.00"], "limit.currency": ["CNY"]}
    back = await counter.done(f"{home}/dispute-invoice", {"invoice_id": "INV-1"}, by="money-1")
    path, filled = await undone_by(counter, back, "money-1")
    assert (path, filled) == (f"{home}/settle-dispute", {"invoice_id": ["INV-1"]})
    back = await counter.done(
        f"{home}/record-promise",
        {"amount.amount": "5", "amount.currency": "CNY", "promised_on": "2026-03-20"},
        by="money-1",
    )
    page = await counter.get(back, by="money-1")
    assert "Done: Record a promise to pay." in page
    assert "undoes it" not in page


async def test_a_shut_gate_says_what_opens_it_and_the_form_is_filled_in(counter: Counter) -> None:
    await owes(counter, "INV-1", "INV-2")
    limit = {"limit.amount": "150", "limit.currency": "CNY"}
    await counter.done(f"/do/customers/{CUSTOMER}/set-credit-limit", limit, by="credit-1")
    page = await counter.get(f"/customers/{CUSTOMER}", by="credit-1")
    assert "The credit gate in CNY is shut: over the credit limit." in page
    ways = await counter.get(f"/customers/{CUSTOMER}/ways", by="credit-1")
    # 200.00 is owed and 150.00 may be: a payment of 50.00 opens it, or a limit of 200.00.
    assert "a payment of CN¥50.00" in ways
    [address] = re.findall(rf'href="(/do/customers/{CUSTOMER}/set-credit-limit[^"]+)"', ways)
    form = await counter.get(unescape(address), by="credit-1")
    assert 'value="200.00"' in form
    await counter.done(unescape(address), {"limit.amount": "200", "limit.currency": "CNY"},
                       by="credit-1")  # fmt: skip
    assert "is shut" not in await counter.get(f"/customers/{CUSTOMER}", by="credit-1")
    assert "/do/customers" not in await counter.get(f"/customers/{CUSTOMER}/ways", by=CLERK)


async def test_promises_are_listed_by_who_gave_them(counter: Counter) -> None:
    await owes(counter, "INV-1")
    typed = {"amount.amount": "50", "amount.currency": "CNY", "promised_on": "2026-03-20"}
    await counter.done(f"/do/customers/{CUSTOMER}/record-promise", typed, by="money-1")
    today = typed | {"amount.amount": "7", "promised_on": MONDAY.date().isoformat()}
    await counter.done(f"/do/customers/{CUSTOMER}/record-promise", today, by="money-1")
    told = await counter.get(f"/customers/{CUSTOMER}", by="money-1")
    assert "CN¥7.00 is promised for today." in told
    assert "of it today: CN¥7.00" in told
    assert "disputed: do not press" not in told
    dispute = {"invoice_id": "INV-1"}
    await counter.done(f"/do/customers/{CUSTOMER}/dispute-invoice", dispute, by="money-1")
    told = await counter.get(f"/customers/{CUSTOMER}", by="money-1")
    assert "CN¥100.00 is disputed: do not press for it." in told
    listed = await counter.get("/receivables/promises?branch=SH-01", by="money-1")
    assert f'href="/customers/{CUSTOMER}#promises"' in listed
    assert CUSTOMER in await counter.get("/receivables/promises?verdict=live", by="money-1")
    for none in ("verdict=kept", "verdict=broken", "branch=BJ-01"):
        page = await counter.get(f"/receivables/promises?{none}", by="money-1")
        assert f"/customers/{CUSTOMER}#promises" not in page, none
    assert 'id="promises"' in await counter.get(f"/customers/{CUSTOMER}", by="money-1")
