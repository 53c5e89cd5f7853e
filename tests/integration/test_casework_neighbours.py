"""What cannot be read of one customer or case stops that one alone: it is parked and told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from events.cases.terms import native_case_id
from events.codec import encode
from events.money import Money
from events.touchpoints.complaint import CaseReplied, ComplaintFiled
from events.touchpoints.customer import CustomerMerged
from events.touchpoints.payment import InvoiceIssued
from services.audit.status import status
from services.audit.texts import status_lines
from services.casework.by_itself import CaseworkByItself
from services.casework.parked_work import WORKS
from services.ports import Outcome, Stale, StreamVersion, Submission
from services.postgres.statements import sql
from tests.support.casework import MONDAY, OWNER, Desk, desk_on_chosen_log
from tests.support.modes import EITHER, catch_up
from tests.support.unreadable import BROKEN_BYTES, append_unreadable, write_over

pytestmark = pytest.mark.postgres

COMPLAINT = ComplaintFiled(severity="medium", agent=OWNER, department="service")


@pytest_asyncio.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


async def settle(desk: Desk) -> None:
    while await desk.by_itself.step():
        pass


async def parked(desk: Desk) -> Sequence[asyncpg.Record]:
    """Return what `touchstone parked list` lists of casework."""
    rows = await desk.platform.pool.fetch(sql("list_parked"), 100)
    return [row for row in rows if row["projection"] in WORKS]


def told(logs: Sequence[Mapping[str, object]]) -> Sequence[object]:
    return [line["case_id"] for line in logs if line["event"] == "case_work_parked"]


async def test_an_unreadable_complaint_stops_no_other_opening(desk: Desk) -> None:
    broken = await append_unreadable(desk.platform, desk.settings, COMPLAINT, "broken", "C-7")
    others = [await desk.publish(COMPLAINT, f"complaint {n}", customer=f"C-{n}") for n in range(10)]
    await catch_up(desk.platform, desk.settings)
    with capture_logs() as logs:
        await settle(desk)
    for one in others:
        assert "case.opened" in await desk.events(native_case_id(one))
    assert told(logs) == [native_case_id(broken)]
    [row] = await parked(desk)
    assert (row["customer_id"], str(row["parked_event_id"])) == ("C-7", broken)
    assert f"event {broken} of C-7 cannot be read" in str(row["parked_reason"])
    found = await status(desk.platform, desk.clock.now())
    assert (found.casework.openings_behind, found.casework.parked) == (0, 1)
    assert any("casework" in line and "1 parked" in line for line in status_lines(found))

    await write_over(desk.platform, broken, encode(COMPLAINT))
    await settle(desk)
    assert len(await parked(desk)) == 1, "its time has not come"
    desk.clock.move(timedelta(minutes=1))
    await settle(desk)
    assert "case.opened" in await desk.events(native_case_id(broken))
    assert await parked(desk) == []


async def test_what_stays_unreadable_is_tried_after_longer_and_longer_pauses(desk: Desk) -> None:
    await append_unreadable(desk.platform, desk.settings, COMPLAINT, "broken", "C-7")
    await catch_up(desk.platform, desk.settings)
    tried = 0
    for _ in range(60):
        with capture_logs() as logs:
            await settle(desk)
        tried += len(told(logs))
        desk.clock.move(timedelta(seconds=10))
    # At 0, 10, 30, 70, 150 and 310 seconds of the 600.
    assert tried == 6
    await desk.platform.pool.fetch(sql("retry_parked"), "C-7")
    with capture_logs() as logs:
        await settle(desk)
    assert len(told(logs)) == 1, "somebody asked for it"


async def test_a_new_process_tries_at_once_what_is_parked(desk: Desk) -> None:
    broken = await append_unreadable(desk.platform, desk.settings, COMPLAINT, "broken", "C-7")
    await catch_up(desk.platform, desk.settings)
    await settle(desk)
    await write_over(desk.platform, broken, encode(COMPLAINT))
    again = CaseworkByItself(desk.platform)
    await again.begin()
    while await again.step():
        pass
    assert "case.opened" in await desk.events(native_case_id(broken))


async def test_what_branches_published_unreadably_of_one_case_stops_no_other(desk: Desk) -> None:
    """Also of what is nobody's, where the branch is all that its cases have in common."""
    about = CaseReplied(case_id="T-1", agent="7")
    for customer in ("C-1", None):
        await append_unreadable(desk.platform, desk.settings, about, f"of {customer}", customer)
    await catch_up(desk.platform, desk.settings)
    mine = await desk.case("mine")
    nobodys = await desk.case("nobody's", customer=None)
    for case_id in (mine, nobodys):
        assert "case.opened" in await desk.events(case_id)
    assert await parked(desk) == []


async def test_an_unreadable_merge_stops_its_customers_alone(desk: Desk) -> None:
    data = CustomerMerged(into="C-2")
    merged = await desk.publish(data, "merged")
    await catch_up(desk.platform, desk.settings)
    # Bytes of a schema that nobody knows here: whom it names is told all the same.
    await write_over(desk.platform, merged, BROKEN_BYTES.ljust(10, b"\0") + encode(data)[10:])
    waits = [await desk.publish(COMPLAINT, f"of {n}", customer=f"C-{n}") for n in (1, 2)]
    other = await desk.case("other", customer="C-3")
    await catch_up(desk.platform, desk.settings)
    assert "case.opened" in await desk.events(other)
    assert {row["customer_id"] for row in await parked(desk)} == {"C-1", "C-2"}
    await write_over(desk.platform, merged, encode(data))
    desk.clock.move(timedelta(minutes=1))
    await settle(desk)
    for one in waits:
        assert "case.opened" in await desk.events(native_case_id(one))


@pytest.mark.parametrize("payload", [BROKEN_BYTES, b"\xc3\x01" + b"\xff" * 20], ids=len)
async def test_a_merge_of_no_sense_is_kept_and_stops_its_customer_alone(
    desk: Desk, payload: bytes
) -> None:
    data = CustomerMerged(into="C-2")
    await append_unreadable(desk.platform, desk.settings, data, "merged", "C-1", payload)
    mine = await desk.publish(COMPLAINT, "mine", customer="C-1")
    neighbours = ("C-1", "C-2", "C-3", "C-4")
    issued = InvoiceIssued(invoice_id="I-1", amount=Money(5_00, "CNY"), due_on=MONDAY.date())
    for customer in neighbours:
        await desk.publish(issued, f"invoice of {customer}", customer=customer)
    other = await desk.case("other", customer="C-2")
    await catch_up(desk.platform, desk.settings)
    assert "case.opened" in await desk.events(other)
    assert "case.opened" in await desk.events(native_case_id(mine)), "it is its own root at least"
    rows = await desk.platform.pool.fetch(
        "SELECT customer_id FROM projection_heads "
        "WHERE projection = 'receivables' AND parked_reason IS NULL ORDER BY customer_id"
    )
    assert [row["customer_id"] for row in rows] == [*neighbours[1:]]


async def test_a_case_that_cannot_be_folded_stops_no_others_escalations(desk: Desk) -> None:
    await desk.by_itself.deadlines.step()  # from now on
    cases = [await desk.case(f"complaint {n}", customer=f"C-{n}") for n in range(3)]
    desk.clock.move(timedelta(days=4))
    await catch_up(desk.platform, desk.settings)
    [first, _, _] = cases
    opened, *_ = await desk.platform.log.stream(f"/cases/{first}")
    await write_over(desk.platform, opened.envelope.id, BROKEN_BYTES)
    with capture_logs() as logs:
        await settle(desk)
    for one in cases[1:]:
        assert "case.escalated" in await desk.events(one)
    assert set(told(logs)) == {first}
    assert "case.escalated" not in await desk.events(first)
    assert await desk.by_itself.deadlines.behind() == 0
    assert {row["case_id"] for row in await parked(desk)} == {first}
    assert f"event {opened.envelope.id}" in str((await parked(desk))[0]["parked_reason"])

    await write_over(desk.platform, opened.envelope.id, opened.payload)
    desk.clock.move(timedelta(minutes=1))
    await settle(desk)
    assert "case.escalated" in await desk.events(first)
    assert await parked(desk) == []


async def test_a_case_that_somebody_changes_all_the_time_stops_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = native_case_id(await desk.publish(COMPLAINT, "busy", customer="C-1"))
    other = native_case_id(await desk.publish(COMPLAINT, "other", customer="C-1"))
    await catch_up(desk.platform, desk.settings)
    append = desk.platform.log.append_unit

    async def moved(
        unit: Sequence[Submission], relied_on: Sequence[StreamVersion] = ()
    ) -> Sequence[Outcome] | Stale:
        source = unit[0].envelope.source
        return Stale(source, 0, 1) if busy in source else await append(unit, relied_on)

    monkeypatch.setattr(desk.platform.log, "append_unit", moved)
    await settle(desk)
    assert "case.opened" in await desk.events(other)
    [row] = await parked(desk)
    assert row["case_id"] == busy
    monkeypatch.undo()
    desk.clock.move(timedelta(minutes=1))
    await settle(desk)
    assert "case.opened" in await desk.events(busy)
