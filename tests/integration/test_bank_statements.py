"""Bank statements on a platform: found by its own index, published, and what is left for people."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

import httpx2
import pytest
from msgspec.structs import replace

from events.envelope import CustomerId
from events.money import Money
from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.payment import InvoiceIssued, PaymentReceived
from events.touchpoints.policy import StaffSet
from services.casework.rulebook import Rulebook
from services.connectors.delivering import deliver
from services.connectors.directory import Directories
from services.connectors.document import Document
from services.connectors.proposals import Proposals
from services.connectors.report import DeliveryReport
from services.connectors.worklist import Assignment, WorkLine, Worklist, WorkRefused
from services.console.app import create_console
from services.gateway.http import create_gateway
from services.importing.publisher import DryRun, LocalPublisher
from services.intake.keys import Keys
from services.people.principal import Principal, Scope
from services.search.follower import SearchFollower
from services.search.persons import Persons
from tests.support.bank_cases import CASES, config_of, expected_of, feed_of
from tests.support.console import EARLY, NOW, Company, local, open_company

pytestmark = pytest.mark.postgres

CASE = "v1-camt053-batch-return"
BODY = (CASES / CASE / "statement.xml").read_bytes()
ALL = Scope()


@dataclass
class Bank:
    """A company that knows what the case says, its feed, and its work list."""

    company: Company
    worklist: Worklist

    async def deliver(self, *, dry_run: bool = False, body: bytes = BODY) -> DeliveryReport:
        platform = self.company.platform
        feed = feed_of(config_of(CASE))
        document = Document(feed=feed.name, name="statement.xml", body=body, received_at=NOW)
        publisher = (
            DryRun(feed.branch, platform.clock)
            if dry_run
            else LocalPublisher(platform.intake, feed.branch, platform.dsn)
        )
        answers = Directories(platform).answers
        return await deliver(document, feed, answers, publisher, dry_run=dry_run)

    async def lines(self, *, settled: bool = False) -> list[WorkLine]:
        return list(await self.worklist.opened(await self.worklist.lines(ALL, settled=settled)))

    async def balance(self, customer: str) -> int:
        await self.company.project()
        pool = self.company.platform.pool
        [table] = [
            row["tablename"]
            for row in await pool.fetch(
                "SELECT tablename FROM pg_tables WHERE tablename ~ '^receivables_v[0-9]+_items$'"
            )
        ]
        return int(
            await pool.fetchval(
                f"SELECT coalesce(sum(balance_minor), 0) FROM {table} WHERE customer_id = $1",
                customer,
            )
        )

    async def follow(self) -> None:
        while await SearchFollower(self.company.platform).step():
            pass


@pytest.fixture
async def bank(database: str) -> AsyncIterator[Bank]:
    config = config_of(CASE)
    async with open_company(database) as company:
        for customer in config["customers"]:
            name = customer["names"][0]
            await company.report(customer["id"], CustomerRegistered(), personal={"name": name})
        await company.report("C-1004", CustomerRegistered(), personal={"name": "Delta AG"})
        for one in config["invoices"]:
            issued = InvoiceIssued(
                invoice_id=one["invoice_id"],
                amount=Money(one["open"], one["currency"]),
                due_on=date(2026, 2, 1),
                payment_reference=next(iter(one["references"]), None),
            )
            await company.report(one["customer"], issued, at=local("2025-12-20T10:00"))
        debit = PaymentReceived(payment_id="dd:DD-2026-0007", amount=Money(9900, "EUR"))
        await company.report("C-1004", debit, at=local("2025-12-20T10:00"))
        pool = company.platform.pool
        await pool.execute(
            "INSERT INTO feeds VALUES ('bank-main', 'camt', 'B-01', 'UTC', NULL, '{}', now())"
        )
        bank = Bank(company, Worklist(company.platform))
        await bank.company.project()
        await bank.follow()
        yield bank


async def test_the_case_is_published_once_and_settles_what_it_pays(bank: Bank) -> None:
    tried = await bank.deliver(dry_run=True)
    assert (tried.counts, await bank.lines()) == (
        {"ignored": 2, "published": 4, "worklist": 1},
        [],
    )
    report = await bank.deliver()
    assert report.counts == tried.counts
    found = {(one.event_id, one.customer) for one in report.listed if one.status == "published"}
    assert found == {(one["id"], one["subject"]) for one in expected_of(CASE)[0]}
    assert [await bank.balance(f"C-100{n}") for n in (1, 2, 3)] == [0, 0, 10_000]
    again = await bank.deliver()
    assert again.counts == {"ignored": 2, "seen": 5}


async def test_a_line_is_assigned_undone_and_assigned_to_another(bank: Bank) -> None:
    await bank.deliver()
    [line] = await bank.lines()
    assert (line.payer, line.text, line.money.why) == ("Unbekannt", "Danke", "nothing_known")
    assert "Unbekannt" not in repr(line)
    to = Assignment(customer=CustomerId("C-1003"), invoice_ids=("INV-2026-0004",))
    await bank.worklist.assign(line, to, "agent-7")
    assert await bank.balance("C-1003") == 2_000
    with pytest.raises(WorkRefused, match="settled it just now"):
        await bank.worklist.assign(
            line, Assignment(customer=CustomerId("C-1001")), "agent-8"
        )  # somebody who saw it open
    assert await bank.lines() == []
    [assigned] = await bank.lines(settled=True)
    assert (assigned.state, assigned.customer, assigned.by) == ("assigned", "C-1003", "agent-7")

    await bank.worklist.undo(assigned, "agent-8")
    assert await bank.balance("C-1003") == 10_000
    [reopened] = await bank.lines()
    await bank.worklist.assign(reopened, Assignment(customer=CustomerId("C-1002")), "agent-8")
    [again] = await bank.lines(settled=True)
    assert (again.customer, again.payment_id) == ("C-1002", "bank-main:R-4/1/2")
    assert (await bank.deliver()).counts == {"ignored": 2, "seen": 5}


async def test_a_line_is_set_aside_with_a_reason_and_may_still_be_assigned(bank: Bank) -> None:
    await bank.deliver()
    [line] = await bank.lines()
    with pytest.raises(WorkRefused, match="a reason is missing"):
        await bank.worklist.set_aside(line, "  ", "agent-7")
    await bank.worklist.set_aside(line, "a deposit of our landlord", "agent-7")
    [aside] = await bank.lines(settled=True)
    assert (aside.state, aside.reason) == ("set_aside", "a deposit of our landlord")
    await bank.worklist.assign(aside, Assignment(customer=CustomerId("C-1001")), "agent-7")
    [assigned] = await bank.lines(settled=True)
    assert assigned.state == "assigned"


async def test_what_cannot_be_is_refused(bank: Bank) -> None:
    await bank.deliver()
    [line] = await bank.lines()
    with pytest.raises(WorkRefused, match="there is no customer C-9"):
        await bank.worklist.assign(line, Assignment(customer=CustomerId("C-9")), "agent-7")
    with pytest.raises(WorkRefused, match="no assignment of it"):
        await bank.worklist.undo(line, "agent-7")
    elsewhere = Scope(frozenset({"B-02"}))
    assert await bank.worklist.lines(elsewhere) == []
    with pytest.raises(WorkRefused, match="no such line"):
        await bank.worklist.line(elsewhere, line.event_id)


async def test_proposals_say_why_and_decide_nothing(bank: Bank) -> None:
    body = (
        BODY.replace(b"Unbekannt", b"Gamma BV, Amsterdam")
        .replace(b'"EUR">80.00', b'"EUR">100.00')
        .replace(b"1969.20", b"1989.20")
    )
    await bank.deliver(body=body)
    await bank.company.project()
    [line] = await bank.lines()
    platform = bank.company.platform
    persons = Persons(platform.pool, platform.vault, platform.clock)
    rules = await Rulebook(platform.pool).reference()
    proposals = await Proposals(platform, persons).of(line, [], Principal("agent-7"), rules)
    best = proposals[0]
    assert (best.customer, best.invoice_ids) == ("C-1003", ("INV-2026-0004",))
    assert [one.split(" (")[0] for one in best.because] == [
        "just this amount is open on INV-2026-0004",
        "the names are alike",
    ]
    before = [replace(line, state="assigned", customer=CustomerId("C-1001"))]
    again = await Proposals(platform, persons).of(line, before, Principal("agent-7"), rules)
    assert {one.customer for one in again} == {"C-1001", "C-1003"}
    stranger = Principal("agent-8", Scope(frozenset({"B-02"})))
    assert await Proposals(platform, persons).of(line, before, stranger, rules) == []


async def test_money_that_went_out_takes_back_a_payment_that_stands(bank: Bank) -> None:
    returned = re.findall(rb"<Ntry>(?:(?!</Ntry>).)*>R-3<.*?</Ntry>", BODY)[0]
    unknown = returned.replace(b"DD-2026-0007", b"DD-2026-9999")
    await bank.deliver(body=BODY.replace(returned, unknown))
    line = next(one for one in await bank.lines() if one.money.direction == "out")
    delta, other = CustomerId("C-1004"), CustomerId("C-1001")
    for customer, payment in ((delta, "dd:DD-2026-0008"), (other, "dd:DD-2026-0007")):
        to = Assignment(customer=customer, reverses=payment)
        with pytest.raises(WorkRefused, match="has no payment"):
            await bank.worklist.assign(line, to, "agent-7")
    to = Assignment(customer=delta, reverses="dd:DD-2026-0007")
    assert (await bank.worklist.assign(line, to, "agent-7")).status == "accepted"
    tenth = replace(line, assignment=10)
    with pytest.raises(WorkRefused, match="9 times already"):
        await bank.worklist.assign(tenth, to, "agent-7")


async def test_the_page_proposes_and_one_click_assigns(bank: Bank) -> None:
    body = (
        BODY.replace(b"Unbekannt", b"Gamma BV Amsterdam")
        .replace(b'"EUR">80.00', b'"EUR">100.00')
        .replace(b"1969.20", b"1989.20")
    )
    await bank.deliver(body=body)
    await bank.company.project()
    transport = httpx2.ASGITransport(app=create_console(bank.company.platform))
    headers = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://localhost", headers=headers
    ) as client:
        page = await client.get("/unassigned", params={"lang": "zh-CN"})
        assert page.status_code == 200, page.text
        assert "Gamma BV Amsterdam" in page.text
        assert "发票 INV-2026-0004 的未付金额与之相等" in page.text
        action = re.search(r'action="(/unassigned/[^"]+/settle)"', page.text)
        assert action is not None
        nobody = await client.post(action[1], data={"do": "assign", "customer": "C-9"})
        assert (nobody.status_code, "没有客户 C-9" in nobody.text) == (422, True)
        sent = {"do": "assign", "customer": "C-1003", "invoices": "INV-2026-0004"}
        done = await client.post(action[1], data=sent)
        assert (done.status_code, done.headers["location"]) == (303, "/unassigned?done=assign")
        assert await bank.balance("C-1003") == 0
        line = await client.get(action[1].removesuffix("/settle"))
        assert "撤销认领" in line.text
        undone = await client.post(action[1], data={"do": "undo"})
        assert undone.status_code == 303
        assert await bank.balance("C-1003") == 10_000


async def test_an_account_is_learned_from_a_payment_and_unlearned_with_a_wrong_one(
    bank: Bank,
) -> None:
    account = b"<DbtrAcct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></DbtrAcct>"
    body = BODY.replace(
        b"</Dbtr></RltdPties><RmtInf><Ustrd>Danke",
        b"</Dbtr>" + account + b"</RltdPties><RmtInf><Ustrd>Danke",
    )
    await bank.deliver(body=body)
    [line] = await bank.lines()
    assert line.payer_account == "NL91ABNA0417164300"
    await bank.worklist.assign(line, Assignment(customer=CustomerId("C-1002")), "agent-7")
    await bank.follow()

    next_day = body.replace(b"R-", b"S-").replace(b"2026-01-05", b"2026-01-06")
    tried = await bank.deliver(dry_run=True, body=next_day)
    [found] = [one for one in tried.listed if one.key == ("S-4", "1")]
    assert (found.customer, found.because) == (
        "C-1002",
        "the payer's account is known for this customer alone",
    )

    [assigned] = await bank.lines(settled=True)
    await bank.worklist.undo(assigned, "agent-7")
    await bank.follow()
    tried = await bank.deliver(dry_run=True, body=next_day)
    assert [one.status for one in tried.listed if one.key == ("S-4", "1")] == ["worklist"]


async def test_a_program_lists_assigns_and_undoes(bank: Bank) -> None:
    await bank.company.report(
        None,
        StaffSet(effective_from=EARLY, staff_id="agent-7", branch_id="HQ", roles=("headquarters",)),
        branch="HQ",
    )
    await bank.deliver()
    platform = bank.company.platform
    _, token = await Keys(platform.pool, platform.clock).create_for_staff("agent-7")
    transport = httpx2.ASGITransport(app=create_gateway(platform))
    async with httpx2.AsyncClient(
        transport=transport,
        base_url="http://gateway",
        headers={"authorization": f"Bearer {token}"},
    ) as client:
        [line] = (await client.get("/api/v1/unassigned")).json()["lines"]
        assert (line["payer"], line["state"]) == ("Unbekannt", "open")
        path = f"/api/v1/unassigned/{line['line']}"
        wrong = await client.post(f"{path}/assign", json={"customer": "C-1001", "amount": 5})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "malformed")
        done = await client.post(f"{path}/assign", json={"customer": "C-1001"})
        assert (done.json()["state"], done.json()["by"]) == ("assigned", "agent-7")
        again = await client.post(f"{path}/assign", json={"customer": "C-1002"})
        assert (again.status_code, again.json()["code"]) == (409, "refused")
        undone = await client.post(f"{path}/undo", json={})
        assert undone.json()["state"] == "open"
        closed = await client.post(f"{path}/close", json={"reason": "rent"})
        assert (closed.json()["state"], closed.json()["reason"]) == ("set_aside", "rent")
