"""Commands on cases over HTTP: done once, or refused with the rule, the remedy and the winner."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Any, cast

import pytest
import pytest_asyncio

from events.cases.terms import native_case_id
from events.envelope import PositionVector
from events.money import Money
from events.touchpoints.complaint import CaseOpened, ComplaintFiled
from events.touchpoints.customer import CustomerMerged
from events.touchpoints.payment import InvoiceIssued
from events.touchpoints.policy import DepartmentSet
from services.casework.api import COMMANDS, ON_A_VERSION
from services.vault.vault import PostgresVault
from tests.support.casework import (
    CALLER,
    COLLEAGUE,
    CUSTOMER,
    HEAD,
    MONDAY,
    OWNER,
    Desk,
    Json,
    company,
    desk_on_chosen_log,
    open_desk,
    settings_of,
)
from tests.support.log import SetClock
from tests.support.modes import EITHER, catch_up

pytestmark = pytest.mark.postgres

HANDED = {"department": "sales", "owes": "credit note", "due_minutes": 480}


@pytest_asyncio.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


def owed_on(case: Json) -> list[dict[str, str]]:
    return cast("list[dict[str, str]]", case["owed"])


async def test_a_complaint_has_its_case(desk: Desk) -> None:
    case_id = await desk.case()
    answer = await desk.get(case_id)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"2"'
    told = answer.json()
    case = told["case"]
    assert (case["customer_id"], case["owner"], case["department"]) == (CUSTOMER, OWNER, "service")
    assert (case["status"], case["version"], case["priority"]) == ("open", 2, "medium")
    assert [event["type"] for event in told["events"]] == ["case.opened", "case.customer_told"]


async def test_a_case_lives_by_commands_from_its_opening_to_its_reopening(desk: Desk) -> None:
    case_id = await desk.case()
    await desk.done(case_id, "reply")
    taken = await desk.done(case_id, "take", by=COLLEAGUE, seen=3)
    assert (taken["owner"], taken["version"]) == (COLLEAGUE, 4)
    given = await desk.done(case_id, "assign", {"agent": OWNER}, by=HEAD, seen=4)
    assert given["owner"] == OWNER

    handed = await desk.done(
        case_id, "hand-off", {"department": "sales", "owes": "credit note", "due_minutes": 480}
    )
    [owed] = owed_on(handed)
    assert (owed["department"], owed["owes"]) == ("sales", "credit note")
    refused = await desk.give(case_id, "resolve", seen=7)
    assert refused.status_code == 409
    assert refused.json()["rule"] == "obligation_open"
    assert "sales" in refused.json()["detail"]

    fulfilled = await desk.done(
        case_id, "fulfil", {"obligation_id": owed["obligation_id"]}, by="sales-1"
    )
    assert fulfilled["owed"] == []
    other = await desk.done(
        case_id, "hand-off", {"department": "logistics", "owes": "a new one", "due_minutes": 60}
    )
    [second] = owed_on(other)
    withdrawn = {"obligation_id": second["obligation_id"], "reason": "not needed"}
    assert (await desk.done(case_id, "withdraw", withdrawn))["owed"] == []

    await desk.done(case_id, "tell-customer", {"step": "done", "channel": "phone"})
    assert (await desk.done(case_id, "wait", {"reason": "photo"}))["status"] == "waiting"
    assert (await desk.done(case_id, "resume"))["status"] == "open"
    await desk.done(case_id, "set-priority", {"priority": "high"}, by=HEAD)
    await desk.done(case_id, "note")
    await desk.done(case_id, "refer", {"department": "sales", "severity": "low"})

    seen = await desk.version(case_id)
    resolved = await desk.done(case_id, "resolve", seen=seen)
    assert resolved["status"] == "resolved"
    assert resolved["callback_due_at"] is not None
    again = await desk.done(case_id, "record-callback", {"outcome": "dissatisfied"}, by=CALLER)
    assert again["status"] == "open"
    await desk.done(case_id, "resolve", seen=await desk.version(case_id))
    closed = await desk.done(
        case_id,
        "record-callback",
        {"outcome": "satisfied", "scores": [{"driver": "speed", "score": 9}]},
        by=CALLER,
    )
    assert (closed["status"], closed["confirmed"]) == ("closed", True)
    reopened = await desk.done(case_id, "reopen", {"reason": "came back"})
    assert (reopened["status"], reopened["cycle"]) == ("open", 2)
    ended = await desk.done(
        case_id, "close", {"reason": "moved away"}, by=HEAD, seen=await desk.version(case_id)
    )
    assert ended["status"] == "closed"

    assert [event for event in await desk.events(case_id) if "callback" in event] == [
        "callback.promised", "callback.made", "callback.promised", "callback.made",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "body"),
    [("decline", {"reason": "no warranty"}), ("mark-duplicate", {"duplicate_of": "4711"})],
)
async def test_a_case_may_be_turned_away(desk: Desk, word: str, body: Mapping[str, str]) -> None:
    case_id = await desk.case()
    refused = await desk.give(case_id, word, body)
    assert (refused.status_code, refused.json()["rule"]) == (409, "not_yours")
    assert (await desk.done(case_id, word, body, by=HEAD))["status"] == "closed"


async def test_a_case_that_nobody_took_is_put_off_and_brought_back(desk: Desk) -> None:
    filed = ComplaintFiled(severity="medium", department="service")
    case_id = native_case_id(await desk.publish(filed, "complaint"))
    while await desk.by_itself.openings.step():
        pass
    refused = await desk.give(case_id, "put-off", {"until": "2026-03-01T09:00:00+08:00"})
    assert (refused.status_code, refused.json()["rule"]) == (409, "in_the_past")
    await desk.done(case_id, "put-off", {"until": "2026-03-11T09:00:00+08:00"})
    await desk.done(case_id, "bring-back")
    await desk.done(case_id, "put-off", {"until": "2026-03-12T09:00:00+08:00"})
    await desk.done(case_id, "take", seen=await desk.version(case_id))
    refused = await desk.give(case_id, "bring-back")
    assert (refused.status_code, refused.json()["rule"]) == (409, "owned")
    assert [one for one in await desk.events(case_id) if "told" not in one] == [
        "case.opened", "case.put_off", "case.brought_back", "case.put_off", "case.assigned",
    ]  # fmt: skip


async def test_reminders_are_held_for_what_is_open(desk: Desk) -> None:
    case_id = await desk.case()
    issued = InvoiceIssued(
        invoice_id="I-1", amount=Money(10_000, "CNY"), due_on=date(2026, 4, 1), order_id="O-1"
    )
    await desk.publish(issued, "invoice")
    await catch_up(desk.platform, desk.settings)
    unknown = await desk.give(case_id, "hold-dunning", {"invoice_id": "I-2"})
    assert (unknown.status_code, unknown.json()["rule"]) == (409, "nothing_open")
    assert "I-1" in unknown.json()["remedy"]
    await desk.done(case_id, "hold-dunning", {"invoice_id": "I-1", "until": "2026-05-01"})
    assert (await desk.events(case_id))[-1] == "payment.dunning_held"


async def test_reminders_are_held_for_what_is_open_of_whom_the_customer_was_merged_into(
    desk: Desk,
) -> None:
    case_id = await desk.case(customer="C-2")
    issued = InvoiceIssued(invoice_id="I-1", amount=Money(5, "CNY"), due_on=date(2026, 3, 10))
    await desk.publish(issued, "I-1")
    await catch_up(desk.platform, desk.settings)
    refused = await desk.give(case_id, "hold-dunning", {"invoice_id": "I-1"})
    assert refused.json()["rule"] == "no_open_invoice"
    await desk.publish(CustomerMerged(into=CUSTOMER), "merged", customer="C-2")
    desk.clock.move(timedelta(minutes=1))
    await catch_up(desk.platform, desk.settings)
    await desk.done(case_id, "hold-dunning", {"invoice_id": "I-1"})


async def test_whoever_is_above_may_escalate_what_was_reached_and_once(desk: Desk) -> None:
    case_id = await desk.case()
    step = {"clock": "response", "percent": 75, "cycle": 1}
    early = await desk.give(case_id, "escalate", step, by=HEAD)
    assert (early.status_code, early.json()["rule"]) == (409, "not_reached")
    desk.clock.move(timedelta(days=1))
    await desk.done(case_id, "escalate", step, by=HEAD)
    again = await desk.give(case_id, "escalate", step, by="hq-1")
    assert (again.status_code, again.json()["rule"]) == (409, "escalated_already")
    assert (await desk.events(case_id)).count("case.escalated") == 1


async def test_of_two_who_take_the_case_at_once_one_wins_and_the_other_hears_who(
    desk: Desk,
) -> None:
    case_id = await desk.case()
    rivals = {"sales-1": "sales", "service-2": "service"}
    handed = {"department": "sales", "owes": "a look", "due_minutes": 60}
    await desk.done(case_id, "hand-off", handed)  # so that both departments may take it
    seen = await desk.version(case_id)
    answers = dict(
        zip(
            rivals,
            await asyncio.gather(
                *(desk.give(case_id, "take", by=rival, seen=seen) for rival in rivals)
            ),
            strict=True,
        )
    )
    assert sorted(answer.status_code for answer in answers.values()) == [200, 412]
    [winner] = [rival for rival, answer in answers.items() if answer.status_code == 200]
    [loser] = rivals.keys() - {winner}
    told = answers[loser].json()
    assert (told["rule"], told["seen"], told["version"]) == ("stale", seen, seen + 1)
    [change] = told["changed"]
    assert (change["type"], change["by"], change["department"], change["version"]) == (
        "case.assigned", winner, rivals[winner], seen + 1,
    )  # fmt: skip
    assert winner in told["detail"]
    assert (await desk.events(case_id)).count("case.assigned") == 1
    assert (await desk.get(case_id)).json()["case"]["owner"] == winner


async def test_a_command_is_done_once_however_often_it_comes(desk: Desk) -> None:
    case_id = await desk.case()
    first = await desk.give(case_id, "hand-off", HANDED, key="once")
    await desk.done(case_id, "reply")
    again = await desk.give(case_id, "hand-off", HANDED, key="once")
    assert (first.status_code, again.status_code) == (200, 200)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    for name in ("etag", "touchstone-position"):
        assert again.headers[name] == first.headers[name]
    assert (await desk.events(case_id)).count("case.handed_off") == 1


async def test_a_key_stands_for_one_escalation_or_anything_else(desk: Desk) -> None:
    case_id, other = await desk.case(), await desk.case("another complaint")
    step = {"clock": "response", "percent": 75, "cycle": 1}
    desk.clock.move(timedelta(days=4))
    noted = await desk.give(case_id, "note", by=HEAD, key="noted")
    told = await desk.give(case_id, "escalate", step, by=HEAD, key="told")
    assert (noted.status_code, told.status_code) == (200, 200)
    for asked in (
        desk.give(case_id, "escalate", step | {"percent": 100}, by=HEAD, key="noted"),
        desk.give(other, "escalate", step, by=HEAD, key="noted"),
        desk.give(case_id, "note", by=HEAD, key="told"),
        desk.give(other, "note", by=HEAD, key="told"),
        desk.give(other, "escalate", step, by=HEAD, key="told"),
    ):
        answer = await asked
        assert (answer.status_code, answer.json()["rule"]) == (422, "key_reused")
    again = await desk.give(case_id, "escalate", step, by=HEAD, key="told")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == told.json()
    mine = await desk.give(case_id, "note", by=COLLEAGUE, key="told")
    assert mine.status_code == 200, "everybody has keys of their own"


async def test_a_key_stands_for_one_request(desk: Desk) -> None:
    case_id, other = await desk.case(), await desk.case("another complaint")
    assert (await desk.give(case_id, "hand-off", HANDED, key="once")).status_code == 200
    for asked in (
        desk.give(case_id, "hand-off", HANDED | {"owes": "something else"}, key="once"),
        desk.give(case_id, "reply", key="once"),
        desk.give(other, "hand-off", HANDED, key="once"),
    ):
        answer = await asked
        assert (answer.status_code, answer.json()["rule"]) == (422, "key_reused")
    # Somebody else's keys are somebody else's.
    assert (await desk.give(case_id, "hand-off", HANDED, by=HEAD, key="once")).status_code == 200


async def test_eight_who_send_the_same_at_once_do_it_once(desk: Desk) -> None:
    case_id = await desk.case()
    answers = await asyncio.gather(
        *(desk.give(case_id, "hand-off", HANDED, key="once") for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert (await desk.events(case_id)).count("case.handed_off") == 1


async def test_without_a_version_a_command_is_decided_on_the_case_as_it_is(desk: Desk) -> None:
    case_id = await desk.case()
    notes = [desk.give(case_id, "note", by=by) for by in (OWNER, COLLEAGUE, HEAD) * 3]
    answers = await asyncio.gather(*notes)
    assert {answer.status_code for answer in answers} <= {200, 503}
    done = sum(answer.status_code == 200 for answer in answers)
    assert (await desk.events(case_id)).count("case.noted") == done > 0
    versions = [answer.json()["case"]["version"] for answer in answers if answer.is_success]
    assert len(set(versions)) == len(versions)


@pytest.mark.parametrize("word", sorted(COMMANDS))
async def test_a_command_says_under_which_key_and_on_which_version(desk: Desk, word: str) -> None:
    case_id = await desk.case()
    token = {"authorization": f"Bearer {await desk.token(OWNER)}"}
    path = f"/api/v1/cases/{case_id}/{word}"
    answer = await desk.client.post(path, json={}, headers=token)
    assert (answer.status_code, answer.json()["rule"]) == (400, "no_key")
    unversioned = await desk.give(case_id, word)
    if COMMANDS[word] in ON_A_VERSION:
        assert (unversioned.status_code, unversioned.json()["rule"]) == (428, "no_version")
    else:
        assert unversioned.status_code != 428
    garbled = await desk.give(case_id, word, if_match="7")
    assert (garbled.status_code, garbled.json()["rule"]) == (400, "bad_version")


async def test_a_command_that_is_refused_leaves_nothing(desk: Desk) -> None:
    case_id = await desk.case()
    await catch_up(desk.platform, desk.settings)  # what is open is asked of all that there is
    before = await desk.events(case_id)
    for word, body, rule in (
        ("hand-off", {"department": "nowhere", "owes": "a"}, "unknown_department"),
        ("hand-off", {"department": "sales", "owes": "a"}, "no_deadline"),
        ("fulfil", {"obligation_id": "none"}, "nothing_owed"),
        ("resume", {}, "not_waiting"),
        ("reopen", {"reason": "a"}, "not_closed"),
        ("hold-dunning", {}, "no_open_invoice"),
        ("refer", {"department": "service"}, "same_department"),
    ):
        answer = await desk.give(case_id, word, body)
        told = answer.json()
        assert (answer.status_code, told["rule"]) == (409, rule), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "remedy"} <= told.keys()
        assert all(told[name] for name in ("title", "detail", "remedy"))
    assert await desk.events(case_id) == before


async def test_departments_are_told_by_name_beside_their_ids(desk: Desk) -> None:
    since = desk.clock.now() - timedelta(days=1)
    named = DepartmentSet(
        effective_from=since, department_id="service", name="售后部", name_en="Service"
    )
    await desk.publish(named, "renamed", customer=None, till="policy")
    await catch_up(desk.platform, desk.settings)
    case_id = await desk.case()
    refused = await desk.give(case_id, "resume", by="sales-1", accept_language="zh-CN")
    assert refused.json()["rule"] == "not_yours"
    assert "售后部（service）" in refused.json()["remedy"]
    english = await desk.give(case_id, "resume", by="sales-1")
    assert "Service (service)" in english.json()["remedy"]
    late = await desk.give(case_id, "take", by=COLLEAGUE, seen=1, accept_language="zh-CN")
    assert late.status_code == 412
    assert late.json()["changed"][0]["type"] == "case.customer_told"


async def test_refusals_are_told_in_the_readers_language(desk: Desk) -> None:
    case_id = await desk.case()
    english = (await desk.give(case_id, "resume")).json()
    chinese = (await desk.give(case_id, "resume", accept_language="zh-CN,zh;q=0.9")).json()
    assert english["rule"] == chinese["rule"]
    for name in ("title", "detail", "remedy"):
        assert english[name].isascii()
        assert not chinese[name].isascii(), chinese[name]
    stale = await desk.give(case_id, "take", by=COLLEAGUE, seen=1, accept_language="zh")
    assert stale.status_code == 412
    assert not stale.json()["detail"].isascii()
    assert "case." not in stale.json()["detail"], "an event is told by its name"


async def test_who_may_not_is_told(desk: Desk) -> None:
    case_id = await desk.case()
    path = f"/api/v1/cases/{case_id}"
    assert (await desk.client.get(path)).status_code == 401
    nobody = await desk.get(case_id, by="nobody-9")
    assert (nobody.status_code, nobody.json()["rule"]) == (403, "unknown_staff")
    stranger = await desk.give(case_id, "reply", by="logistics-1")
    assert (stranger.status_code, stranger.json()["rule"]) == (409, "not_yours")
    missing = await desk.get("00000000-0000-5000-8000-000000000000")
    assert (missing.status_code, missing.json()["rule"]) == (404, "unknown_case")
    missing = await desk.give("00000000-0000-5000-8000-000000000000", "reply")
    assert (missing.status_code, missing.json()["rule"]) == (404, "unknown_case")


async def test_a_case_that_another_system_keeps_takes_no_commands(desk: Desk) -> None:
    """Nor does one whose history branches published; both are told from one not open yet."""
    await desk.publish(ComplaintFiled(severity="low", case_ref="T-1"), "kept elsewhere")
    told = native_case_id(await desk.publish(ComplaintFiled(severity="low"), "told by a branch"))
    opened = CaseOpened(
        case_id=told, priority="low", owner="ann", department="service",
        response_minutes=60, solution_minutes=60,
    )  # fmt: skip
    await desk.publish(opened, "opened by a branch")
    fresh = await desk.publish(ComplaintFiled(severity="low", agent=OWNER), "fresh")
    await catch_up(desk.platform, desk.settings)
    for case_id, rule in (("T-1", "external"), (told, "external")):
        refused = await desk.give(case_id, "reply")
        assert (refused.status_code, refused.json()["rule"]) == (409, rule)
    early = await desk.give(native_case_id(fresh), "reply")
    assert (early.status_code, early.json()["rule"]) == (409, "not_opened")
    while await desk.by_itself.openings.step():
        pass
    assert (await desk.give(native_case_id(fresh), "reply")).status_code == 200
    assert (await desk.give(told, "reply")).json()["rule"] == "external"


@pytest.mark.parametrize(
    ("word", "body", "field"),
    [
        ("hand-off", {"department": "sales"}, "owes"),
        ("hand-off", {"department": "sales", "owes": 7}, "owes"),
        ("hand-off", {"department": "sales", "owes": "a\u0000b", "due_minutes": 5}, "owes"),
        ("hand-off", {"department": "sales", "owes": "a", "due_minutes": -1}, "due_minutes"),
        ("reply", {"something": 1}, "something"),
        ("reply", {"personal": {"text": "a"}}, "personal.text"),
        ("reply", {"personal": {"note": "a" * 3_000}}, "personal.note"),
        ("record-callback", {"outcome": "glad"}, "outcome"),
    ],
)
async def test_a_wrong_body_names_the_field(
    desk: Desk, word: str, body: Mapping[str, object], field: str
) -> None:
    case_id = await desk.case()
    answer = await desk.give(case_id, word, body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == field
    assert answer.json()["remedy"]


async def test_a_body_may_be_no_longer_than_a_command(desk: Desk) -> None:
    case_id = await desk.case()
    answer = await desk.give(case_id, "reply", {"personal": {"note": "a" * 70_000}})
    assert answer.status_code == 413
    token = {"authorization": f"Bearer {await desk.token(OWNER)}", "idempotency-key": "k"}
    for body, status in ((b"{", 400), (b"[]", 422), (b"\xff", 400), (b'{"a":1,"a":2}', 422)):
        answer = await desk.client.post(
            f"/api/v1/cases/{case_id}/reply", content=body, headers=token
        )
        assert answer.status_code == status, answer.text


async def test_the_answer_tells_its_place_in_the_log(desk: Desk) -> None:
    case_id = await desk.case()
    answer = await desk.give(case_id, "hand-off", HANDED)
    through = PositionVector.from_token(answer.headers["touchstone-position"])
    stored = await desk.platform.log.stream(f"/cases/{case_id}")
    assert all(through.covers(event.position) for event in stored)
    assert answer.headers["etag"] == f'"{len(stored)}"'


async def test_what_a_clock_that_goes_back_decides_takes_effect_after_what_it_was_decided_on(
    desk: Desk,
) -> None:
    case_id = await desk.case()
    await desk.done(case_id, "reply")
    desk.clock.move(timedelta(hours=-3))
    assert (await desk.give(case_id, "note")).status_code == 200
    stored = await desk.platform.log.stream(f"/cases/{case_id}")
    instants = [event.envelope.effective_at for event in stored]
    assert instants == sorted(instants)


async def test_a_note_is_for_those_who_work_here_and_goes_with_its_customer(desk: Desk) -> None:
    case_id = await desk.case()
    said = {"personal": {"note": "王小明下周二在家"}}
    first = await desk.give(case_id, "note", said, key="noted")
    assert first.status_code == 200, first.text
    stored = await desk.platform.log.stream(f"/cases/{case_id}")
    assert "王小明".encode() not in stored[-1].payload
    shown = (await desk.get(case_id, by="sales-1")).json()["events"][-1]
    assert shown["personal"] == {"note": "王小明下周二在家"}

    await _erase(desk)
    told = (await desk.get(case_id)).json()
    assert told["events"][-1]["personal"] is None
    assert told["case"]["version"] == 3
    again = await desk.give(case_id, "note", said, key="noted")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    assert again.json()["case"] == first.json()["case"]
    refused = await desk.give(case_id, "note", said)
    assert (refused.status_code, refused.json()["field"]) == (422, "personal")
    assert (await desk.give(case_id, "reply", key="after")).status_code == 200
    assert (await desk.give(case_id, "reply", key="after")).headers["idempotency-replayed"]


async def _erase(desk: Desk) -> None:
    """Destroy the customer's key, as its erasure does, and forget what was unwrapped."""
    await desk.platform.pool.execute(
        "UPDATE subject_keys SET wrapped_key = NULL, destroyed_at = now() WHERE subject = $1",
        CUSTOMER,
    )
    vault: PostgresVault = desk.platform.vault
    vault._cache.clear()


@pytest.mark.parametrize(
    ("by", "most"),
    [(HEAD, 5), (OWNER, 7)],  # of who sees one branch, whose case it is is looked up too
)
async def test_a_command_costs_five_round_trips_besides_begin_and_commit(
    desk: Desk, by: str, most: int
) -> None:
    case_id = await desk.case()
    await desk.token(by)
    await desk.done(case_id, "reply")  # statements are prepared, and the customer's key is known
    sent: list[str] = []
    pool: Any = desk.platform.pool
    for holder in pool._holders:
        if holder._con is not None:
            holder._con.add_query_logger(lambda told: sent.append(told.query))
    for word, body in (("note", {}), ("hand-off", HANDED)):
        sent.clear()
        await desk.done(case_id, word, body, by=by)
        asked = [one for one in sent if one.strip(";").upper() not in {"BEGIN", "COMMIT"}]
        who = [one for one in asked if "branch_keys" in one]
        assert len(who) == 1, "who asks is looked up each time, and once"
        assert len(asked) - len(who) <= most, asked


async def test_the_threads_of_commands_end_with_the_platform(database: str) -> None:
    def threads() -> list[str]:
        return [one.name for one in threading.enumerate() if one.name.startswith("streams")]

    before = threads()
    async with open_desk(settings_of(database), SetClock(MONDAY)) as desk:
        for number, data in enumerate(company()):
            await desk.publish(data, f"company {number}", customer=None, till="policy")
        await desk.case()
        assert len(threads()) > len(before)
    assert threads() == before
