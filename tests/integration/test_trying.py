"""A command can be tried first: it says what it would record and change, and then does that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import datetime, timedelta
from typing import cast

import pytest
import pytest_asyncio

from events.envelope import PositionVector
from tests.support.casework import CALLER, COLLEAGUE, CUSTOMER, HEAD, Desk, Json, desk_on_chosen_log
from tests.support.modes import EITHER, catch_up
from tests.support.standing import differing, next_change, standing, told

pytestmark = pytest.mark.postgres

MONEY = {"minor": 100, "currency": "CNY"}


@pytest_asyncio.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


async def heads(desk: Desk) -> PositionVector:
    return await desk.platform.log.heads()


async def tried_then_done(
    desk: Desk,
    of: str,
    subject: str,
    word: str,
    body: Json,
    by: str,
    seen: int | None,
    customers: Collection[str] = (CUSTOMER,),
) -> Json:
    """Try a command and do it; hold the two together, and return what was tried."""
    await catch_up(desk.platform, desk.settings)
    before, stood = await standing(desk.platform), await heads(desk)
    tried = await desk.give(subject, f"{word}?try=true", body, by=by, seen=seen, of=of)
    assert tried.status_code == 200, tried.text
    assert await heads(desk) == stood, "nothing was written"
    done = await desk.give(subject, word, body, by=by, seen=seen, of=of)
    assert done.status_code == 200, done.text
    foretold, did = tried.json(), done.json()
    assert [one["type"] for one in foretold["events"]] == [one["type"] for one in did["events"]]
    assert [one["data"] for one in foretold["events"]] == [one["data"] for one in did["events"]]
    await catch_up(desk.platform, desk.settings)
    after = await standing(desk.platform)
    assert told(foretold["changes"]) == differing(before, after)
    until = foretold["changes"]["next_change_at"]
    assert next_change(after, customers) == (until and datetime.fromisoformat(until))
    return cast("Json", foretold)


async def test_what_is_tried_is_what_is_done(desk: Desk) -> None:
    case_id = await desk.case()
    handed: Json = {"department": "sales", "owes": "credit note", "due_minutes": 60}
    story: list[tuple[str, Json, str, bool]] = [
        ("reply", {}, "service-1", False),
        ("assign", {"agent": COLLEAGUE}, HEAD, True),
        ("hand-off", handed, COLLEAGUE, False),
        ("wait", {}, COLLEAGUE, False),
        ("resume", {}, COLLEAGUE, False),
        ("set-priority", {"priority": "urgent"}, HEAD, False),
    ]
    for word, body, by, on_a_version in story:
        seen = await desk.version(case_id) if on_a_version else None
        await tried_then_done(desk, "cases", case_id, word, body, by, seen)
    [owed] = (await desk.get(case_id)).json()["case"]["owed"]
    done: Json = {"obligation_id": owed["obligation_id"]}
    await tried_then_done(desk, "cases", case_id, "fulfil", done, "sales-1", None)
    seen = await desk.version(case_id)
    resolved = await tried_then_done(desk, "cases", case_id, "resolve", {}, COLLEAGUE, seen)
    rows = cast("dict[str, list[Json]]", resolved["changes"])["rows"]
    [case] = [row for row in rows if row["table"] == "cases"]
    fields = {one["field"]: one["after"] for one in cast("list[Json]", case["fields"])}
    assert fields["status"] == "resolved"
    assert fields["callback_due_at"] is not None
    await tried_then_done(
        desk, "cases", case_id, "record-callback", {"outcome": "satisfied"}, CALLER, None
    )


async def test_a_limit_that_is_tried_says_which_alert_it_would_raise(desk: Desk) -> None:
    await desk.case()
    limit: Json = {"limit": MONEY}
    body: Json = {"purpose": "order", "amount": {"minor": 200, "currency": "CNY"}}
    asked = await tried_then_done(
        desk, "customers", CUSTOMER, "check-credit", body, "orders-1", None
    )
    assert cast("Json", asked["credit"])["approved"] is True
    limited = await tried_then_done(
        desk, "customers", CUSTOMER, "set-credit-limit", limit, "credit-1", None
    )
    assert limited["credit"] is None
    alerts = cast("dict[str, list[Json]]", limited["changes"])["alerts"]
    assert [(one["raised"], one["kind"]) for one in alerts] == [(True, "limit_exceeded")]


async def test_who_tries_a_merge_sees_the_rows_of_both(desk: Desk) -> None:
    other = "C-2"
    await desk.case()
    await desk.case("of the other", customer=other)
    both = (CUSTOMER, other)
    into: Json = {"into": CUSTOMER}
    merged = await tried_then_done(desk, "customers", other, "merge", into, "hq-1", None, both)
    assert _cases(merged) == {(CUSTOMER, True), (other, False)}
    desk.clock.move(timedelta(hours=1))
    parted = await tried_then_done(desk, "customers", other, "unmerge", {}, "hq-1", None, both)
    assert _cases(parted) == {(CUSTOMER, False), (other, True)}


def _cases(tried: Json) -> set[tuple[str, bool]]:
    """Whose rows of cases come or go: whether they would be there."""
    rows = cast("dict[str, list[Json]]", tried["changes"])["rows"]
    found = set()
    for row in rows:
        if row["table"] == "cases":
            fields = {one["field"]: one["after"] for one in cast("list[Json]", row["fields"])}
            found.add((cast("str", row["customer_id"]), fields["case_id"] is not None))
    return found


async def test_who_would_be_refused_is_refused_when_trying(desk: Desk) -> None:
    case_id = await desk.case()
    refused = await desk.give(case_id, "resume?try=true")
    assert (refused.status_code, refused.json()["rule"]) == (409, "not_waiting")
    stale = await desk.give(case_id, "take?try=true", by=COLLEAGUE, seen=1)
    assert stale.status_code == 412
    unclear = await desk.give(case_id, "reply?try=perhaps")
    assert (unclear.status_code, unclear.json()["field"]) == (400, "try")


async def test_trying_needs_no_key_and_uses_none_up(desk: Desk) -> None:
    case_id = await desk.case()
    desk.clock.move(timedelta(minutes=1))
    given = {"authorization": f"Bearer {await desk.token('service-1')}"}
    path = f"/api/v1/cases/{case_id}/reply"
    await catch_up(desk.platform, desk.settings)
    tried = await desk.client.post(f"{path}?try=true", json={}, headers=given)
    assert tried.status_code == 200, tried.text
    keyed = given | {"idempotency-key": "one"}
    assert (await desk.client.post(f"{path}?try=true", json={}, headers=keyed)).status_code == 200
    done = await desk.client.post(path, json={}, headers=keyed)
    assert done.status_code == 200
    assert "idempotency-replayed" not in done.headers
