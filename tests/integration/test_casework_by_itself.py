"""Cases open and escalate by themselves: once, restart-safe, and only those that are ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

from events.cases.asking import Rules
from events.cases.commands import (
    AddNote,
    Command,
    Fulfil,
    HandOff,
    RecordCallback,
    Refer,
    Reply,
    Resolve,
    Take,
    Wait,
)
from events.cases.staff import staff_in_force
from events.cases.terms import escalation_id, native_case_id
from events.codec import decode
from events.envelope import RecordedEvent
from events.money import Money
from events.touchpoints.complaint import (
    CaseOpened,
    CaseReplied,
    ComplaintFiled,
    ServiceRequested,
)
from events.touchpoints.contact import CallbackMade
from events.touchpoints.customer import CustomerMerged
from events.touchpoints.payment import InvoiceIssued
from events.touchpoints.policy import (
    Flow,
    FlowPolicy,
    FlowPolicyPublished,
    Stage,
    TierLine,
    TierPolicy,
    TierPolicyPublished,
)
from services.casework.by_itself import CaseworkByItself
from services.casework.cases import Cases
from services.casework.executing import Done, Streams
from services.casework.memory import CasesInMemory, Ordered, record
from services.casework.openings import opening
from services.casework.ordering import CommandOn
from services.casework.rulebook import Rulebook
from services.intake.draft import Draft, Scope
from services.log.readable import readable
from tests.support.casework import (
    BRANCH,
    CALLER,
    COLLEAGUE,
    CUSTOMER,
    HEAD,
    MONDAY,
    OWNER,
    Desk,
    company,
    desk_on_chosen_log,
    open_desk,
    settings_of,
)
from tests.support.kafka import own_prefix
from tests.support.log import SetClock
from tests.support.modes import EITHER, catch_up
from tests.support.moves import moved, on_kafka

pytestmark = pytest.mark.postgres


@pytest_asyncio.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


async def settle(by_itself: CaseworkByItself) -> None:
    while await by_itself.step():
        pass


async def test_a_complaint_and_a_request_open_a_case_each(desk: Desk) -> None:
    complaint = await desk.case()
    wanted = desk.clock.now() + timedelta(days=3)
    asked = ServiceRequested(kind="new_connection", department="sales", wanted_by=wanted)
    request = native_case_id(await desk.publish(asked, "request"))
    await settle(desk.by_itself)
    for case_id, owner in ((complaint, OWNER), (request, None)):
        assert await desk.events(case_id) == ["case.opened", "case.customer_told"]
        assert (await desk.get(case_id)).json()["case"]["owner"] == owner
    taken = await desk.done(request, "take", by="sales-1", seen=2)
    assert taken["owner"] == "sales-1"


async def test_a_request_goes_through_the_flow_in_force_for_its_kind(desk: Desk) -> None:
    stages = (
        Stage(stage="offer", department="sales", owes="an offer", minutes=60),
        Stage(stage="van", department="logistics", owes="a van", minutes=60, after=("offer",)),
    )
    flow = Flow(flow="connect", kind="new_connection", stages=stages)
    began = desk.clock.now()
    published = FlowPolicyPublished(effective_from=began, policy=FlowPolicy(flows=(flow,)))
    await desk.publish(published, "flows", customer=None, till="policy")
    await catch_up(desk.platform, desk.settings)  # rules are read where they are mirrored
    asked = ServiceRequested(kind="new_connection", agent=OWNER, department="service")
    case_id = native_case_id(await desk.publish(asked, "request"))
    await settle(desk.by_itself)

    async def owed() -> list[dict[str, str]]:
        case = (await desk.get(case_id)).json()["case"]
        return cast("list[dict[str, str]]", case["owed"])

    [offer] = await owed()
    assert (offer["department"], offer["owes"]) == ("sales", "an offer")
    refused = await desk.give(case_id, "resolve", seen=await desk.version(case_id))
    assert refused.json()["rule"] == "obligation_open"
    await desk.done(case_id, "fulfil", {"obligation_id": offer["obligation_id"]}, by="sales-1")
    [van] = await owed()
    assert (van["department"], van["owes"]) == ("logistics", "a van")


async def test_what_another_system_keeps_opens_no_case(desk: Desk) -> None:
    imported = ComplaintFiled(severity="low")
    ids = [
        await desk.publish(ComplaintFiled(severity="low", case_ref="T-1"), "elsewhere"),
        await desk.publish(imported, "imported", till="import-cases"),
        await desk.publish(ComplaintFiled(severity="low"), "published"),
    ]
    replied = CaseReplied(case_id=native_case_id(ids[2]), agent="7")
    await desk.publish(replied, "its reply")
    await catch_up(desk.platform, desk.settings)
    await settle(desk.by_itself)
    for identity in ids:
        assert await desk.events(native_case_id(identity)) == []
    refused = await desk.give(native_case_id(ids[2]), "reply")
    assert refused.json()["rule"] == "external"


async def test_a_case_that_is_kept_here_is_not_published_about(desk: Desk) -> None:
    case_id = await desk.case()
    for number, data in enumerate(
        (
            CaseReplied(case_id=case_id, agent=OWNER),
            CallbackMade(callback_id="K-1", outcome="satisfied", case_id=case_id),
        )
    ):
        with pytest.raises(AssertionError, match="not_allowed"):
            await desk.publish(data, f"published {number}")
    await desk.publish(CallbackMade(callback_id="K-2", outcome="satisfied"), "of no case")
    assert len(await desk.events(case_id)) == 2


async def test_a_need_overheard_becomes_a_case_of_the_other_department(desk: Desk) -> None:
    case_id = await desk.case()
    await desk.done(case_id, "refer", {"department": "logistics", "severity": "medium"})
    await settle(desk.by_itself)
    told = (await desk.get(case_id)).json()["events"][-1]
    referral = (await desk.get(told["data"]["referral_case_id"])).json()
    assert referral["case"]["department"] == "logistics"
    assert referral["case"]["customer_id"] == CUSTOMER
    assert referral["events"][0]["data"]["referred_from"] == case_id


async def test_whoever_goes_on_from_an_earlier_place_opens_nothing_twice(desk: Desk) -> None:
    case_id = await desk.case()
    before = await desk.platform.log.heads()
    await desk.platform.pool.execute("DELETE FROM opening_places")  # as if it had ended before
    again = CaseworkByItself(desk.platform)
    await settle(again)
    assert await desk.platform.log.heads() == before
    assert await again.openings.behind() == 0
    assert (await desk.events(case_id)).count("case.opened") == 1


async def test_two_that_open_the_same_at_once_open_it_once(desk: Desk) -> None:
    ids = [
        await desk.publish(ComplaintFiled(severity="low", agent=OWNER), f"complaint {n}")
        for n in range(5)
    ]
    both = [CaseworkByItself(desk.platform) for _ in range(2)]
    await asyncio.gather(*(settle(one) for one in both))
    for identity in ids:
        events = await desk.events(native_case_id(identity))
        assert events == ["case.opened", "case.customer_told"]


async def test_what_is_late_is_escalated_once_and_taken_up(desk: Desk) -> None:
    await desk.by_itself.deadlines.step()  # from now on
    case_id = await desk.case()
    await desk.done(case_id, "reply")
    desk.clock.move(timedelta(days=4))  # 24 working hours end on Wednesday at 18:00
    await catch_up(desk.platform, desk.settings)
    await settle(desk.by_itself)
    stored = [readable(one) for one in await desk.platform.log.stream(f"/cases/{case_id}")]
    escalated = [one for one in stored if one.envelope.type == "case.escalated"]
    assert escalated
    for one in escalated:
        told = one.data
        expected = escalation_id(case_id, 1, "solution", getattr(told, "percent", 0))
        assert one.envelope.id == expected

    await desk.platform.pool.execute("UPDATE relays SET upto = 0 WHERE name = 'casework'")
    await settle(CaseworkByItself(desk.platform))
    assert (await desk.events(case_id)).count("case.escalated") == len(escalated)

    taken_up = {"clock": "solution", "percent": 100, "cycle": 1}
    await desk.done(case_id, "acknowledge", taken_up, by=HEAD)
    again = await desk.give(case_id, "acknowledge", taken_up, by=HEAD)
    assert (again.status_code, again.json()["rule"]) == (409, "acknowledged")


async def test_a_case_that_was_settled_meanwhile_is_not_escalated(desk: Desk) -> None:
    await desk.by_itself.deadlines.step()
    case_id = await desk.case()
    desk.clock.move(timedelta(days=4))
    await catch_up(desk.platform, desk.settings)  # the alerts stand
    await desk.done(case_id, "resolve", seen=2)
    await settle(desk.by_itself)
    assert "case.escalated" not in await desk.events(case_id)
    assert await desk.by_itself.deadlines.behind() == 0


async def test_one_process_does_it_and_another_takes_over(desk: Desk) -> None:
    first, second = (CaseworkByItself(desk.platform) for _ in range(2))
    running = asyncio.create_task(first.run())
    await asyncio.sleep(0.2)
    standing_by = asyncio.create_task(second.run())
    identity = await desk.publish(ComplaintFiled(severity="low"), "complaint")
    await _opened(desk, native_case_id(identity))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    other = await desk.publish(ComplaintFiled(severity="low"), "another")
    await _opened(desk, native_case_id(other))
    standing_by.cancel()
    await asyncio.gather(standing_by, return_exceptions=True)


async def _opened(desk: Desk, case_id: str) -> None:
    async with asyncio.timeout(60):
        while not await desk.events(case_id):  # noqa: ASYNC110 - another task opens it
            await asyncio.sleep(0.05)


LIFE: tuple[tuple[str, Command, Mapping[str, str] | None], ...] = (
    (OWNER, Reply(), None),
    (COLLEAGUE, Take(), None),
    (COLLEAGUE, AddNote(), {"note": "王小明"}),
    (COLLEAGUE, HandOff(department="sales", owes="a note", due_minutes=60, agent="sales-1"), None),
    (COLLEAGUE, Refer(department="logistics"), None),
    (OWNER, Wait(), None),  # refused: it is not the owner's any more
    (COLLEAGUE, Resolve(), None),  # refused: sales owes
    ("sales-1", Fulfil(obligation_id=""), None),
    (COLLEAGUE, Resolve(), None),
    (CALLER, RecordCallback(outcome="satisfied"), None),
)


def told_of(events: Sequence[RecordedEvent] | Sequence[Draft]) -> list[tuple[object, ...]]:
    return [(e.envelope.id, e.envelope.sequence, e.envelope.effective_at) for e in events]


async def test_in_memory_commands_come_to_what_they_come_to_on_the_log(desk: Desk) -> None:
    """A history that is written at once holds what its commands would have recorded one by one."""
    identity = await desk.publish(ComplaintFiled(severity="high", agent=OWNER), "complaint")
    other = await desk.publish(ComplaintFiled(severity="high", agent=OWNER), "other complaint")
    del other
    stored = [
        readable(one)
        for partition in range(12)
        for one in await desk.platform.log.read(partition, 0, 100)
        if one.envelope.id == identity
    ]
    reference = await Rulebook(desk.platform.pool).reference()
    memory = CasesInMemory()
    platform = desk.platform
    streams = Streams(platform.streams, platform.vault, desk.clock)
    cases = Cases(streams, platform.log, platform.pool)
    orders = [opening(stored[0], "gold")]
    case_id = orders[0].on
    decided: list[Ordered] = []
    for number, (agent, command, personal) in enumerate((("", None, None), *LIFE)):
        desk.clock.move(timedelta(minutes=7))
        now = desk.clock.now()
        asked = orders[0]
        if command is not None:
            case = memory.case(case_id)
            assert case is not None
            wanted = command
            if isinstance(command, Fulfil):
                wanted = Fulfil(obligation_id=case.owed[0].obligation_id)
            by = staff_in_force(reference, agent, now)
            assert by is not None
            asked = CommandOn(
                on=case_id, command=wanted, by=by, key=f"k-{number}", personal=personal
            )
        done = memory.execute(asked, now, Rules(reference))
        answer = await cases.execute(asked, reference)
        assert isinstance(done, Ordered) == isinstance(answer, Done), (command, answer)
        if isinstance(done, Ordered) and isinstance(answer, Done):
            decided.append(done)
            assert told_of(answer.own) == told_of(done.events)
    assert len(decided) == len(LIFE) - 1
    heads = await desk.platform.log.heads()
    await record(desk.platform.log, desk.platform.vault, decided)
    assert await desk.platform.log.heads() == heads, "all of it was there, under the same ids"


async def test_a_branch_cannot_write_into_a_stream(desk: Desk) -> None:
    case_id = await desk.case()
    stored = (await desk.platform.log.stream(f"/cases/{case_id}"))[0]
    [answer] = await desk.platform.intake.submit_validated(
        Scope(BRANCH), [Draft(stored.envelope, readable(stored).data)]
    )
    assert (answer.status, answer.field) == ("refused", "source")


@pytest.mark.kafka
async def test_commands_go_on_through_a_move(
    database: str, tmp_path: Path, kafka_server: str
) -> None:
    """What was acknowledged while the log moved is there once; what waited opens its case."""
    settings = settings_of(database).model_copy(update={"data": tmp_path})
    clock = SetClock(MONDAY)
    async with own_prefix(kafka_server) as prefix:
        in_kafka = on_kafka(settings, kafka_server, prefix)
        async with open_desk(settings, clock) as desk:
            for number, data in enumerate(company()):
                await desk.publish(data, f"company {number}", customer=None, till="policy")
            case_id = await desk.case()
            first = await desk.give(case_id, "note", key="once")
            waits = await desk.publish(ComplaintFiled(severity="low", agent=OWNER), "waits")
            noting = asyncio.create_task(_note_until_it_moves(desk, case_id))
            code, said = await moved(in_kafka, "kafka")
            assert code == 0, said
            noted = await noting
            assert noted, "some were acknowledged before it had moved"
            tokens = desk.tokens
        async with open_desk(in_kafka, clock) as desk:
            desk.tokens.update(tokens)
            repeated = await desk.give(case_id, "note", key="once")
            assert (repeated.status_code, repeated.json()) == (200, first.json())
            assert repeated.headers["idempotency-replayed"] == "true"
            for key in noted:
                again = await desk.give(case_id, "note", key=key)
                assert again.headers.get("idempotency-replayed") == "true"
            assert (await desk.events(case_id)).count("case.noted") == 1 + len(noted)
            await settle(desk.by_itself)
            assert (await desk.events(native_case_id(waits))).count("case.opened") == 1
            assert (await desk.events(case_id)).count("case.opened") == 1
            await desk.done(case_id, "reply")


async def _note_until_it_moves(desk: Desk, case_id: str) -> list[str]:
    """Give commands until the log is elsewhere; return the keys of those acknowledged."""
    noted: list[str] = []
    while True:
        key = f"while moving {len(noted)}".replace(" ", "-")
        answer = await desk.give(case_id, "note", key=key)
        if answer.status_code == 503:
            return noted
        assert answer.status_code == 200, answer.text
        noted.append(key)
        await asyncio.sleep(0.05)


async def test_whoever_was_merged_is_served_by_the_tier_of_the_root(desk: Desk) -> None:
    policy = TierPolicy(tiers=(TierLine(name="gold", line_minor=1_000_000),))
    tiers = TierPolicyPublished(effective_from=MONDAY - timedelta(days=1), policy=policy)
    await desk.publish(tiers, "tiers", customer=None, till="policy")
    issued = InvoiceIssued(invoice_id="I-1", amount=Money(5_00, "CNY"), due_on=MONDAY.date())
    await desk.publish(issued, "I-1")
    await catch_up(desk.platform, desk.settings)
    assert await tier_at_opening(desk, "root's", CUSTOMER) == "lead"
    assert await tier_at_opening(desk, "alone", "C-2") is None, "of whom nothing was bought"
    await desk.publish(CustomerMerged(into=CUSTOMER), "merged", customer="C-2")
    desk.clock.move(timedelta(minutes=1))
    await catch_up(desk.platform, desk.settings)
    assert await tier_at_opening(desk, "together", "C-2") == "lead"


async def tier_at_opening(desk: Desk, complaint: str, customer: str) -> str | None:
    case_id = await desk.case(complaint, customer=customer)
    opened = decode((await desk.platform.log.stream(f"/cases/{case_id}"))[0].payload)
    assert isinstance(opened, CaseOpened)
    return opened.tier
