"""A command can be tried first: it says what it would record and change, and then does that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import cast

import msgspec
import pytest
import pytest_asyncio

from events.envelope import CustomerId, PositionVector
from events.facts import Fact
from services.casework.customers import Customers
from services.casework.rulebook import Rulebook
from services.casework.trying import compared
from tests.support.casework import CALLER, COLLEAGUE, CUSTOMER, HEAD, Desk, Json, desk_on_chosen_log
from tests.support.modes import EITHER, catch_up

pytestmark = pytest.mark.postgres

MONEY = {"minor": 100, "currency": "CNY"}


@pytest_asyncio.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


async def facts(desk: Desk) -> Sequence[Fact]:
    await catch_up(desk.platform, desk.settings)
    read = await Customers(desk.platform.log, desk.platform.pool).read(CustomerId(CUSTOMER))
    return read.facts.own(CustomerId(CUSTOMER))


async def heads(desk: Desk) -> PositionVector:
    return await desk.platform.log.heads()


async def tried_then_done(
    desk: Desk, of: str, subject: str, word: str, body: Json, by: str, seen: int | None
) -> Json:
    """Try a command and do it; hold the two together, and return what was tried."""
    before, stood = await facts(desk), await heads(desk)
    tried = await desk.give(subject, f"{word}?try=true", body, by=by, seen=seen, of=of)
    assert tried.status_code == 200, tried.text
    assert await heads(desk) == stood, "nothing was written"
    done = await desk.give(subject, word, body, by=by, seen=seen, of=of)
    assert done.status_code == 200, done.text
    told, did = tried.json(), done.json()
    assert [one["type"] for one in told["events"]] == [one["type"] for one in did["events"]]
    assert [one["data"] for one in told["events"]] == [one["data"] for one in did["events"]]
    after = await facts(desk)
    assert len(after) == len(before) + len(did["events"])
    at = max(fact.effective_at for fact in after)
    reference = await Rulebook(desk.platform.pool).reference()
    expected = compared(CustomerId(CUSTOMER), before, after, at, reference)
    # The id of the last event is the only thing that nobody can foresee without its key.
    assert _known_before(told["changes"]) == _known_before(
        msgspec.json.decode(msgspec.json.encode(expected))
    )
    return cast("Json", told)


def _known_before(changes: Json) -> Json:
    rows = cast("list[dict[str, list[dict[str, object]]]]", changes["rows"])
    kept = [
        row | {"fields": [one for one in row["fields"] if one["field"] != "last_event_id"]}
        for row in rows
    ]
    return changes | {"rows": kept}


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
    told = {one["field"]: one["after"] for one in cast("list[Json]", case["fields"])}
    assert told["status"] == "resolved"
    assert told["callback_due_at"] is not None
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
    told = await tried_then_done(
        desk, "customers", CUSTOMER, "set-credit-limit", limit, "credit-1", None
    )
    assert told["credit"] is None
    alerts = cast("dict[str, list[Json]]", told["changes"])["alerts"]
    assert [(one["raised"], one["kind"]) for one in alerts] == [(True, "limit_exceeded")]


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
