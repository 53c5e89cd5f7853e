"""One command on many cases: tried as a whole, done one by one, and never twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import cast

import msgspec
import pytest
import pytest_asyncio

from events.envelope import CustomerId
from events.facts import Fact
from events.money import Money
from events.policy import Reference
from events.streams import case_stream
from events.touchpoints.customer import CustomerRegistered
from events.touchpoints.payment import InvoiceIssued, PromiseMade
from projections.merged import Merged
from services.casework.bulk import running
from services.casework.bulk.asking import Item, Verdict
from services.casework.bulk.cases import ManyCases
from services.casework.comparing import Changes, compared
from services.casework.executing import Answer
from services.errors import Unavailable
from services.log.embedded.event_log import EmbeddedEventLog
from services.web.languages import LANGUAGES
from tests.support.casework import (
    BRANCH,
    COLLEAGUE,
    HEAD,
    MONDAY,
    OWNER,
    Desk,
    Json,
    desk_on_chosen_log,
)
from tests.support.chinese import assert_chinese
from tests.support.modes import EITHER, catch_up
from tests.support.standing import differing, standing, told
from tests.support.unreadable import BROKEN_BYTES, write_over

pytestmark = pytest.mark.postgres

PEOPLE = ("C-1", "C-2", "C-3")


@pytest_asyncio.fixture(params=EITHER)
async def desk(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


@pytest_asyncio.fixture(params=["embedded"])
async def embedded(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Desk]:
    async with desk_on_chosen_log(request, database) as desk:
        yield desk


class Lines(list[Json]):
    """What a bulk answered."""

    def of(self, kind: str) -> list[Json]:
        return [one for one in self if one["line"] == kind]

    @property
    def outcomes(self) -> dict[str, str]:
        return {str(one["id"]): str(one["outcome"]) for one in self.of("item")}

    @property
    def items(self) -> list[Json]:
        """What may be sent to be done: what was shown."""
        return [{"id": one["id"], "version": one["version"]} for one in self.of("item")]

    @property
    def end(self) -> Json:
        assert self[-1]["line"] == "end"
        return self[-1]


async def ask(
    desk: Desk,
    word: str,
    body: Json,
    *,
    by: str = OWNER,
    key: str | None = None,
    of: str = "cases",
    language: str = "en",
) -> Lines:
    headers = {"authorization": f"Bearer {await desk.token(by)}", "accept-language": language}
    path = f"/api/v1/bulk/{of}/{word}"
    if key is None:
        path += "?try=true"
    else:
        headers["idempotency-key"] = key
    answer = await desk.client.post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return Lines(msgspec.json.decode(line) for line in answer.content.splitlines())


async def cases(desk: Desk, *, each: int = 1) -> list[str]:
    """Cases of all people, on the board."""
    found = [
        await desk.case(f"{customer} {n}", customer=customer)
        for customer in PEOPLE
        for n in range(each)
    ]
    await catch_up(desk.platform, desk.settings)
    return found


async def test_what_a_filter_finds_is_tried_and_then_done_as_it_was_shown(desk: Desk) -> None:
    opened = await cases(desk, each=2)
    heads = await desk.platform.log.heads()
    before = await standing(desk.platform)
    note: Json = {"personal": {"note": "calls back on Monday"}}
    shown = await ask(desk, "note", {"where": {"department": "service"}, "command": note})
    assert await desk.platform.log.heads() == heads, "nothing was written"
    assert shown[0]["line"] == "begin"
    assert (shown[0]["count"], shown[0]["tried"]) == (len(opened), True)
    assert cast("Json", shown[0]["undo"])["command"] is None
    assert shown.outcomes == dict.fromkeys(opened, "would_be_done")
    assert [one["line"] for one in shown].index("decided") > len(opened)
    assert len(shown.of("changes")) == len(PEOPLE), "both of a customer's cases together"
    did = await ask(desk, "note", {"items": shown.items, "command": note}, key="bulk")
    assert did.outcomes == dict.fromkeys(opened, "done")
    assert [one["events"] for one in did.of("item")] == [["case.noted"]] * len(opened)
    await catch_up(desk.platform, desk.settings)
    assert together(shown) == differing(before, await standing(desk.platform))
    behind = await ask(desk, "note", {"items": shown.items, "command": note}, key="another")
    assert behind.outcomes == dict.fromkeys(opened, "stale")


def together(shown: Lines) -> Json:
    """All changes that a bulk foretold, as one."""
    changes = [cast("Json", one["changes"]) for one in shown.of("changes")]
    return told(
        {
            name: [row for one in changes for row in cast("list[Json]", one[name])]
            for name in ("rows", "alerts")
        }
    )


async def test_each_is_accepted_or_refused_with_its_rule_and_harms_no_neighbour(
    desk: Desk,
) -> None:
    one, waiting, moved = await cases(desk)
    await desk.done(waiting, "wait")
    items = [
        {"id": one, "version": await desk.version(one)},
        {"id": waiting, "version": await desk.version(waiting)},
        {"id": moved, "version": await desk.version(moved)},
        {"id": "nowhere"},
    ]
    await desk.done(moved, "assign", {"agent": COLLEAGUE}, by=HEAD, seen=await desk.version(moved))
    await catch_up(desk.platform, desk.settings)
    body: Json = {"items": items, "command": {"reason": "form"}}
    expected = {one: "would_be_done", waiting: "refused", moved: "stale", "nowhere": "refused"}
    shown = await ask(desk, "wait", body, language="zh-CN")
    assert shown.outcomes == expected
    did = await ask(desk, "wait", body, key="k")
    assert did.outcomes == expected | {one: "done"}
    assert did.end["outcomes"] == {"done": 1, "refused": 2, "stale": 1}
    for lines in (shown, did):
        by_id = {str(line["id"]): line for line in lines.of("item")}
        assert by_id[waiting]["rule"] == "waiting"
        assert by_id[waiting]["remedy"]
        assert by_id["nowhere"]["rule"] == "unknown_case"
        [change] = cast("list[Json]", by_id[moved]["changed"])
        assert (change["type"], change["by"]) == ("case.assigned", HEAD)
    assert "先做了" in str({str(line["id"]): line for line in shown.of("item")}[moved]["detail"])
    assert (await desk.get(one)).json()["case"]["status"] == "waiting"


async def test_a_bulk_that_was_cut_goes_on_and_does_nothing_twice(embedded: Desk) -> None:
    desk = embedded
    opened = await cases(desk, each=8)
    items = [{"id": one, "version": await desk.version(one)} for one in opened]
    body: Json = {"items": items}
    some = await ask(desk, "reply", {"items": items[:7]}, key="cut")
    assert set(some.outcomes.values()) == {"done"}
    streams = [await desk.events(one) for one in opened[:7]]
    whole = await ask(desk, "reply", body, key="cut")
    assert [*whole.outcomes.values()] == ["done_before"] * 7 + ["done"] * (len(opened) - 7)
    assert [await desk.events(one) for one in opened[:7]] == streams
    assert whole.end["complete"] is True
    assert isinstance(whole.end["position"], str)
    other = await ask(desk, "wait", body, key="cut")
    assert {one["rule"] for one in other.of("item")} == {"bulk_key_reused"}


async def test_whoever_stops_listening_leaves_whole_commands_only(
    embedded: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = embedded
    opened = await cases(desk, each=8)
    items = [{"id": one, "version": await desk.version(one)} for one in opened]
    through = asyncio.Event()
    appended = 0
    append_unit = EmbeddedEventLog.append_unit

    async def counted(self: EmbeddedEventLog, *asked: object, **more: object) -> object:
        nonlocal appended
        answer = await append_unit(self, *asked, **more)  # type: ignore[arg-type]
        appended += 1
        if appended == 5:
            through.set()
        return answer

    monkeypatch.setattr(EmbeddedEventLog, "append_unit", counted)
    asking = asyncio.create_task(ask(desk, "reply", {"items": items}, key="left"))
    await through.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    again = await ask(desk, "reply", {"items": items}, key="left")
    assert set(again.outcomes.values()) <= {"done", "done_before"}
    for one in opened:
        assert (await desk.events(one)).count("case.replied") == 1


async def test_an_outage_ends_it_early_and_it_goes_on_later(
    embedded: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = embedded
    opened = await cases(desk, each=12)
    items = [{"id": one, "version": await desk.version(one)} for one in opened]

    async def away(self: EmbeddedEventLog, *asked: object, **more: object) -> object:
        raise Unavailable("the database is away")

    with monkeypatch.context() as outage:
        outage.setattr(EmbeddedEventLog, "append_unit", away)
        cut = await ask(desk, "reply", {"items": items}, key="k")
    assert cut.end["complete"] is False
    assert cut.end["outcomes"] == {"unavailable": running._OUTAGES}
    assert len(opened) > running._OUTAGES
    again = await ask(desk, "reply", {"items": items}, key="k")
    assert again.outcomes == dict.fromkeys(opened, "done")


async def test_a_case_that_cannot_be_read_is_told_as_such_in_chinese_and_harms_no_neighbour(
    embedded: Desk,
) -> None:
    desk = embedded
    broken, *others = await cases(desk)
    opened, *_ = await desk.platform.log.stream(case_stream(broken))
    items = [{"id": one, "version": await desk.version(one)} for one in (broken, *others)]
    await write_over(desk.platform, opened.envelope.id, BROKEN_BYTES)
    for key, done in ((None, "would_be_done"), ("k", "done")):
        answer = await ask(desk, "note", {"items": items}, key=key, language="zh-CN")
        assert answer.outcomes == {broken: "unreadable", **dict.fromkeys(others, done)}
        [line] = [one for one in answer.of("item") if one["id"] == broken]
        assert_chinese(str(line["detail"]))
        assert_chinese(str(line["remedy"]))
    headers = {"authorization": f"Bearer {await desk.token(OWNER)}", "accept-language": "zh-CN"}
    alone = await desk.client.post(
        f"/api/v1/cases/{broken}/note", json={}, headers=headers | {"idempotency-key": "alone"}
    )
    assert (alone.status_code, alone.json()["code"]) == (500, "unreadable")
    assert_chinese(alone.json()["detail"])


async def test_an_outage_while_it_is_tried_is_said_at_the_end(
    embedded: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await cases(embedded)
    items = [{"id": one} for one in opened]

    async def away(self: EmbeddedEventLog, sources: Sequence[str]) -> object:
        raise Unavailable("the database is away")

    monkeypatch.setattr(EmbeddedEventLog, "stream_facts", away)
    cut = await ask(embedded, "reply", {"items": items})
    assert [one["line"] for one in cut] == ["begin", "end"]
    assert cut.end["complete"] is False


async def test_streams_are_read_in_blocks(embedded: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = embedded
    opened = await cases(desk, each=4)
    monkeypatch.setattr(running, "BLOCK", 5)
    asked: list[Sequence[str]] = []
    stream_facts = EmbeddedEventLog.stream_facts

    async def counted(self: EmbeddedEventLog, sources: Sequence[str]) -> object:
        asked.append(sources)
        return await stream_facts(self, sources)

    async def one_by_one(self: EmbeddedEventLog, source: str, after: int = 0) -> object:
        raise AssertionError(f"{source} was read by itself")

    monkeypatch.setattr(EmbeddedEventLog, "stream_facts", counted)
    monkeypatch.setattr(EmbeddedEventLog, "stream", one_by_one)
    await ask(desk, "reply", {"where": {}}, by=HEAD)
    assert [len(sources) for sources in asked] == [5, 5, 2]
    assert len(opened) == 12


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "items"),
        ({"where": {}, "items": []}, "items"),
        ({"where": {"status": "lost"}}, "where.status"),
        ({"items": [{"id": "a"}, {"id": "a"}]}, "items[1].id"),
        ({"items": [{"id": "../a"}]}, "items[0].id"),
        ({"items": [], "command": {"priority": "odd"}}, "command.priority"),
        ({"items": [], "also": 1}, "also"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused_by_its_field(
    embedded: Desk, body: Json, field: str
) -> None:
    headers = {"authorization": f"Bearer {await embedded.token(OWNER)}"}
    path = "/api/v1/bulk/cases/set-priority?try=true"
    answer = await embedded.client.post(path, json=body, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


async def test_a_filter_is_tried_and_never_done_and_versions_are_wanted(embedded: Desk) -> None:
    desk = embedded
    [one, *_] = await cases(desk)
    headers = {
        "authorization": f"Bearer {await desk.token(OWNER)}",
        "idempotency-key": "k",
    }
    for word, body, field in (
        ("reply", {"where": {}}, "where"),
        ("take", {"items": [{"id": one}]}, "items[0].version"),
    ):
        answer = await desk.client.post(f"/api/v1/bulk/cases/{word}", json=body, headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


async def test_undoing_is_a_command_of_its_own_where_there_is_one(embedded: Desk) -> None:
    desk = embedded
    [one, *_] = await cases(desk)
    desk.clock.move(timedelta(minutes=1))
    for word, body in (
        ("wait", {}),
        ("hand-off", {"department": "sales", "owes": "credit note", "due_minutes": 60}),
        ("close", {"reason": "by mistake"}),
    ):
        shown = await desk.give(one, f"{word}?try=true", body, seen=await desk.version(one))
        undo = shown.json()["undo"]["command"]
        case = await desk.done(one, word, body, seen=await desk.version(one))
        owed = cast("list[Json]", case["owed"])
        fields: Json = {"reason": "by mistake"} if undo in ("withdraw", "reopen") else {}
        if owed:
            fields["obligation_id"] = owed[0]["obligation_id"]
        await desk.done(one, undo, fields)


async def test_a_filter_of_open_items_knows_ages_and_promises(embedded: Desk) -> None:
    desk = embedded
    for customer, due in (("C-1", date(2026, 3, 1)), ("C-2", date(2026, 12, 1))):
        amount = Money(100_00, "CNY")
        issued = InvoiceIssued(invoice_id=f"I-{customer}", amount=amount, due_on=due)
        await desk.publish(issued, customer, customer=customer)
    promise = PromiseMade(
        promise_id="P-1", amount=Money(100_00, "CNY"), promised_on=MONDAY.date(), invoice_ids=()
    )
    await desk.publish(promise, "promise", customer="C-1")
    await catch_up(desk.platform, desk.settings)
    command: Json = {"limit": {"minor": 50_00, "currency": "CNY"}}
    for where, found in (
        ({"overdue": True}, {"C-1"}),
        ({"bucket": 0}, {"C-2"}),
        ({"bucket": [0, 1]}, {"C-1", "C-2"}),
        ({"bucket": 0, "overdue": True}, set()),
        ({"promise_due": True}, {"C-1"}),
    ):
        body: Json = {"where": where, "command": command}
        shown = await ask(desk, "set-credit-limit", body, by="credit-1", of="customers")
        assert shown.outcomes.keys() == found, where
    answer = await desk.client.post(
        "/api/v1/bulk/customers/set-credit-limit?try=true",
        json={"where": {"bucket": 99}, "command": command},
        headers={"authorization": f"Bearer {await desk.token('credit-1')}"},
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "where.bucket")


async def test_a_command_on_accounts_is_tried_on_who_owes_and_done_on_those(
    embedded: Desk,
) -> None:
    desk = embedded
    for n, customer in enumerate(PEOPLE):
        invoice = InvoiceIssued(
            invoice_id=f"I-{n}", amount=Money(100_00, "CNY"), due_on=date(2026, 12, 1)
        )
        await desk.publish(invoice, f"invoice {n}", customer=customer)
    await catch_up(desk.platform, desk.settings)
    merged = await desk.give("C-3", "merge", {"into": "C-2"}, by="hq-1", of="customers")
    assert merged.status_code == 200, merged.text
    desk.clock.move(timedelta(minutes=1))
    await catch_up(desk.platform, desk.settings)
    before = await standing(desk.platform)
    limit: Json = {"limit": {"minor": 50_00, "currency": "CNY"}}
    shown = await ask(
        desk,
        "set-credit-limit",
        {"where": {"currency": "CNY"}, "command": limit},
        by="credit-1",
        of="customers",
    )
    assert shown.outcomes == dict.fromkeys(("C-1", "C-2"), "would_be_done"), "roots have the rows"
    body: Json = {"items": shown.items, "command": limit}
    did = await ask(desk, "set-credit-limit", body, by="credit-1", of="customers", key="k")
    assert did.outcomes == dict.fromkeys(("C-1", "C-2"), "done")
    await catch_up(desk.platform, desk.settings)
    foretold = together(shown)
    assert foretold == differing(before, await standing(desk.platform))
    raised = [one for one in cast("list[tuple[object, ...]]", foretold["alerts"]) if one[0]]
    assert [(one[1], one[2]) for one in raised] == [
        ("C-1", "limit_exceeded"),
        ("C-2", "limit_exceeded"),
    ]


async def test_two_who_are_one_customer_are_tried_one_after_the_other(embedded: Desk) -> None:
    desk = embedded
    invoice = InvoiceIssued(invoice_id="I-1", amount=Money(10, "CNY"), due_on=date(2026, 12, 1))
    await desk.publish(invoice, "invoice", customer="C-1")
    registered = CustomerRegistered(segment="retail")
    await desk.publish(registered, "registered", customer="C-2")
    merged = await desk.give("C-2", "merge", {"into": "C-1"}, by="hq-1", of="customers")
    assert merged.status_code == 200, merged.text
    await catch_up(desk.platform, desk.settings)
    desk.clock.move(timedelta(minutes=1))
    both: Json = {
        "items": [{"id": "C-1"}, {"id": "C-2"}, {"id": "C-9"}],
        "command": {"invoice_id": "I-1"},
    }
    shown = await ask(desk, "dispute-invoice", both, by="money-1", of="customers")
    did = await ask(desk, "dispute-invoice", both, by="money-1", of="customers", key="k")
    rules = [one.get("rule") for one in shown.of("item")]
    assert rules == [one.get("rule") for one in did.of("item")]
    assert (rules[0], rules[2]) == (None, "unknown_customer")
    assert rules[1] is not None, "it is disputed by then"


@pytest.mark.parametrize(
    ("of", "where", "near"),
    [
        ("cases", {"department": "servise"}, "'service'"),
        ("cases", {"owner": "service-9"}, OWNER),
        ("cases", {"branch": "XX"}, BRANCH),
        ("customers", {"branch": "XX"}, BRANCH),
    ],
)
async def test_a_name_that_nobody_has_is_refused_where_nothing_is_found(
    embedded: Desk, of: str, where: dict[str, str], near: str
) -> None:
    await cases(embedded)
    word, command = ("note", {}) if of == "cases" else ("settle-dispute", {"invoice_id": "I"})
    for language in LANGUAGES:
        answer = await embedded.client.post(
            f"/api/v1/bulk/{of}/{word}?try=true",
            json={"where": where, "command": command},
            headers={
                "authorization": f"Bearer {await embedded.token(OWNER)}",
                "accept-language": language,
            },
        )
        [(field, name)] = where.items()
        told = answer.json()
        assert (answer.status_code, told["field"]) == (422, f"where.{field}"), answer.text
        assert name in told["detail"]
        assert near in told["remedy"]


async def test_a_known_name_that_finds_nothing_is_no_slip(embedded: Desk) -> None:
    await cases(embedded)
    shown = await ask(embedded, "note", {"where": {"department": "sales"}})
    assert shown.end["complete"] is True
    assert shown[0]["count"] == 0


async def test_whom_no_projection_can_tell_of_is_told_as_such_and_the_last_line_comes(
    embedded: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await cases(embedded)

    def fails_for_one(
        group: Merged, news: Mapping[CustomerId, Sequence[Fact]], at: datetime, by: Reference
    ) -> Changes:
        if "C-2" in news:
            raise OverflowError("no row can hold it")
        return compared(group, news, at, by)

    monkeypatch.setattr(running, "compared", fails_for_one)
    shown = await ask(embedded, "reply", {"where": {}})
    assert shown.outcomes == dict.fromkeys(opened, "would_be_done")
    unknown = [one["items"] for one in shown.of("changes") if one["changes"] is None]
    assert unknown == [[opened[1]]]
    assert len(shown.of("changes")) == len(PEOPLE)
    assert shown.end["complete"] is True


async def test_an_item_that_fails_by_itself_harms_no_neighbour_and_the_last_line_comes(
    embedded: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await cases(embedded)
    items = [{"id": one, "version": await embedded.version(one)} for one in opened]
    many_done = ManyCases.done

    async def fails_for_one(self: ManyCases, item: Item) -> Answer:
        if item.id == opened[1]:
            raise OverflowError("no row can hold it")
        return await many_done(self, item)

    monkeypatch.setattr(ManyCases, "done", fails_for_one)
    did = await ask(embedded, "reply", {"items": items}, key="k")
    assert did.outcomes == {opened[0]: "done", opened[1]: "unreadable", opened[2]: "done"}
    assert did.end["outcomes"] == {"done": 2, "unreadable": 1}

    async def fails(self: ManyCases, items: Sequence[Item]) -> Sequence[Verdict]:
        raise OverflowError("no row can hold it")

    monkeypatch.setattr(ManyCases, "tried", fails)
    cut = await ask(embedded, "reply", {"items": items})
    assert [one["line"] for one in cut] == ["begin", "end"]
    assert cut.end["complete"] is False
