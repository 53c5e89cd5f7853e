"""CloudEvents as others send them, on both logs: modes, ids, counters, extensions, traces."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from random import Random
from urllib.parse import quote

import pytest
import pytest_asyncio

from services.postgres.statements import sql
from tests.contract.event_log_suite import accepted_events
from tests.support.gateway import (
    BATCH,
    BRANCH,
    ONE,
    Gateway,
    Json,
    event_id,
    gateway_on_chosen_log,
    payment_event,
)
from tests.support.modes import EITHER

pytestmark = pytest.mark.postgres

SOURCE = f"/branches/{BRANCH}/till-3"


@pytest_asyncio.fixture(params=EITHER)
async def gateway(request: pytest.FixtureRequest, database: str) -> AsyncIterator[Gateway]:
    async with gateway_on_chosen_log(request, database) as gateway:
        yield gateway


def encoded(value: object) -> bytes:
    """A header's value as the HTTP binding writes it."""
    return quote(str(value), safe="!#$&'()*+,/:;<=>?@[]^_`{|}~").encode()


async def binary(gateway: Gateway, event: Json, **more: bytes) -> Mapping[str, object]:
    """Publish an event in binary mode and return the answer, its status code added."""
    headers = {f"ce-{name}".encode(): encoded(v) for name, v in event.items() if name != "data"}
    headers |= {b"authorization": f"Bearer {gateway.token}".encode()}
    headers |= {b"content-type": b"application/json; charset=UTF-8"}
    headers |= {name.encode(): value for name, value in more.items()}
    content = json.dumps(event["data"]).encode() if "data" in event else b""
    answer = await gateway.client.post("/api/v1/events", content=content, headers=headers)
    document: Json = answer.json()
    return document | {"code_of": answer.status_code}


async def test_binary_mode_says_the_same_as_structured_mode(gateway: Gateway) -> None:
    event = payment_event(subject="客户 7 %41\"'", correlationid="100 %")
    first = await binary(gateway, event)
    assert (first["code_of"], first["status"], first["id"]) == (201, "accepted", event["id"])
    assert (await gateway.post(event)).json()["status"] == "duplicate"
    [stored] = await accepted_events(gateway.log)
    assert stored.envelope.subject == "客户 7 %41\"'"
    assert stored.envelope.correlation_id == "100 %"


async def test_binary_mode_takes_quoted_values_of_older_senders(gateway: Gateway) -> None:
    answer = await binary(gateway, payment_event(), **{"ce-subject": b'"C 1\\"x"'})
    assert answer["code_of"] == 201, answer
    [stored] = await accepted_events(gateway.log)
    assert stored.envelope.subject == 'C 1"x'


@pytest.mark.parametrize(
    ("headers", "status", "field"),
    [
        ({"ce-subject": b"%C0%A0"}, 422, "subject"),
        ({"ce-subject": b"%ff"}, 422, "subject"),
        ({"ce-datacontenttype": b"application/json"}, 400, "ce-datacontenttype"),
        ({"content-type": b"text/plain"}, 415, "content-type"),
        ({"content-type": b"application/json; charset=gb18030"}, 415, "content-type"),
    ],
)
async def test_binary_mode_refuses_what_the_binding_refuses(
    gateway: Gateway, headers: dict[str, bytes], status: int, field: str
) -> None:
    answer = await binary(gateway, payment_event(), **headers)
    assert (answer["code_of"], answer["field"]) == (status, field)


async def test_a_header_given_twice_is_refused(gateway: Gateway) -> None:
    event = payment_event()
    headers = [(f"ce-{name}".encode(), encoded(v)) for name, v in event.items() if name != "data"]
    headers += [(b"authorization", f"Bearer {gateway.token}".encode()), (b"ce-subject", b"C-2")]
    answer = await gateway.client.post(
        "/api/v1/events", content=json.dumps(event["data"]).encode(), headers=headers
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "subject")
    assert "twice" in answer.json()["reason"]


async def test_binary_mode_without_data_names_what_is_missing(gateway: Gateway) -> None:
    answer = await binary(gateway, payment_event(data=...))
    assert (answer["code_of"], answer["field"]) == (422, "data")


@pytest.mark.parametrize("media_type", ["application/json", "application/vnd.till+json", None])
async def test_data_may_be_any_json(gateway: Gateway, media_type: str | None) -> None:
    event = payment_event() | ({} if media_type is None else {"datacontenttype": media_type})
    assert (await gateway.post(event)).status_code == 201


async def test_an_empty_batch_is_a_batch(gateway: Gateway) -> None:
    answer = await gateway.post([], BATCH)
    assert (answer.status_code, answer.json()["results"]) == (200, [])


async def test_data_may_be_json_in_base64(gateway: Gateway) -> None:
    coded = (
        "eyJwYXltZW50X2lkIjogIlAtMSIsICJhbW91bnQiOiB7Im1pbm9yIjogNDAwMDAsICJjdXJyZW5j"
        "eSI6ICJDTlkifX0="
    )
    event = payment_event(1, data=..., data_base64=coded)
    assert (await gateway.post(event)).status_code == 201
    assert (await gateway.post(payment_event(1))).json()["status"] == "duplicate"


async def test_any_id_will_do_and_answers_say_it(gateway: Gateway) -> None:
    ids = ["1", "A234-1234-1234", "票 7", "{" + event_id(1) + "}", "x" * 200]
    events = [payment_event(n + 1, id=given) for n, given in enumerate(ids)]
    first = await gateway.results(events)
    again = await gateway.results(events)
    assert [result["status"] for result in first] == ["accepted"] * len(ids)
    assert [result["status"] for result in again] == ["duplicate"] * len(ids)
    assert [result["id"] for result in first] == ids
    stored = await accepted_events(gateway.log)
    assert len({one.envelope.id for one in stored}) == len(ids)


async def test_an_id_counts_within_its_source(gateway: Gateway) -> None:
    here, there = payment_event(id="7"), payment_event(id="7", source=f"/branches/{BRANCH}/till-4")
    assert [r["status"] for r in await gateway.results([here, there])] == ["accepted"] * 2


async def test_other_content_under_a_senders_id_is_a_conflict(gateway: Gateway) -> None:
    await gateway.post(payment_event(id="bon 7"))
    answer = await gateway.post(payment_event(id="bon 7", subject="C-2"))
    assert (answer.status_code, answer.json()["event_id"]) == (409, "bon 7")


async def test_an_event_of_any_id_can_be_asked_for(gateway: Gateway) -> None:
    await gateway.post(payment_event(id="bon 7"))
    mine = {"authorization": f"Bearer {gateway.token}"}
    found = await gateway.client.get(
        "/api/v1/events/bon%207", params={"source": SOURCE}, headers=mine
    )
    assert (found.status_code, found.json()["id"]) == (200, "bon 7")
    for params in ({}, {"source": f"/branches/{BRANCH}/till-4"}):
        other = await gateway.client.get("/api/v1/events/bon%207", params=params, headers=mine)
        assert other.status_code == 404


async def test_a_counter_may_be_text_of_digits(gateway: Gateway) -> None:
    await gateway.post(payment_event(sequence="00000000000000000007"[1:]))
    answer = await gateway.post(payment_event(2, sequence=7))
    assert (answer.status_code, answer.json()["field"]) == (409, "sequence")


async def test_sources_without_a_counter_publish_as_much_as_they_like(gateway: Gateway) -> None:
    events = [payment_event(n, sequence=...) for n in range(1, 9)]
    assert [r["status"] for r in await gateway.results(events)] == ["accepted"] * 8
    assert [r["status"] for r in await gateway.results(events)] == ["duplicate"] * 8
    assert (await gateway.post(payment_event(9, sequence=1))).status_code == 201
    stored = await accepted_events(gateway.log)
    assert [one.envelope.sequence for one in stored] == [0] * 8 + [1]
    other = payment_event(10, sequence=..., source=f"/branches/{BRANCH}/till-1")
    counted = payment_event(11, source=f"/branches/{BRANCH}/till-2")
    await gateway.results([other, counted])
    found = await gateway.pool.fetch(sql("uncounted_sources"), 100)
    assert [row["source"] for row in found] == [other["source"], SOURCE]


async def test_a_retry_that_gained_a_counter_is_other_content(gateway: Gateway) -> None:
    await gateway.post(payment_event(sequence=...))
    assert (await gateway.post(payment_event(sequence=1))).status_code == 409


async def test_facts_without_a_counter_stand_first_among_equals_by_id(gateway: Gateway) -> None:
    numbers = [None, None, None, 1, 2, 3]
    events = [
        payment_event(n, sequence=... if number is None else number)
        for n, number in enumerate(numbers, 1)
    ]
    Random(3).shuffle(events)
    await gateway.results(events)
    stored = await accepted_events(gateway.log)
    keys = {
        one.envelope.id: (
            one.envelope.effective_at,
            one.envelope.source,
            one.envelope.epoch,
            one.envelope.sequence,
            one.envelope.id,
        )
        for one in stored
    }
    uncounted = sorted(str(e["id"]) for e in events if "sequence" not in e)
    counted = sorted((e for e in events if "sequence" in e), key=lambda e: str(e["sequence"]))
    wanted = [*uncounted, *(str(e["id"]) for e in counted)]
    assert sorted(keys, key=lambda one: keys[one]) == wanted


async def test_extensions_that_nobody_reads_are_no_content(gateway: Gateway) -> None:
    first = payment_event(partitionkey="C-1001", rfc822="x", retries=1, test=False, empty=None)
    again = payment_event(partitionkey="C-1002", retries=2, subjekt="C-2")
    assert (await gateway.post(first)).status_code == 201
    assert (await gateway.post(again)).json()["status"] == "duplicate"


async def test_both_trace_fields_are_kept_and_are_no_content(gateway: Gateway) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    traced = payment_event(traceparent=parent, tracestate="rojo=00f067aa0ba902b7,congo=t61")
    await gateway.post(traced)
    assert (await gateway.post(payment_event())).json()["status"] == "duplicate"
    [stored] = await accepted_events(gateway.log)
    assert stored.envelope.traceparent == parent
    assert stored.envelope.tracestate == "rojo=00f067aa0ba902b7,congo=t61"


async def test_half_a_pair_anywhere_refuses_its_own_event_alone(gateway: Gateway) -> None:
    """Wherever a text may stand: each place is tried, between two good neighbours."""
    half = "\udc00"
    events: list[Json] = [payment_event(n + 1) for n in range(3)]
    places: list[Json] = [
        {name: half} for name in (*payment_event(), "tracestate", "correlationid", "anything")
    ]
    places += [{half: 1}, {"data": {half: 1}}, {"data": {"payment_id": [half]}}]
    places += [{"data": {"personal": {half: "x"}}}, {"data": {"personal": {"a": {"b": half}}}}]
    for number, change in enumerate(places):
        wrong = payment_event(100 + number) | change
        body = json.dumps([events[0], wrong, events[1]]).encode()
        answer = await gateway.post(body, BATCH)
        assert answer.status_code == 200, (change, answer.text)
        left, refused, right = answer.json()["results"]
        assert (left["status"], refused["status"], right["status"]) == (
            left["status"],
            "refused",
            right["status"],
        )
        assert {left["status"], right["status"]} <= {"accepted", "duplicate"}
        alone = await gateway.post(json.dumps(wrong).encode(), ONE)
        assert alone.status_code == 422


async def test_the_same_batch_without_counters_from_many_tills_is_taken_once(
    gateway: Gateway,
) -> None:
    batch = [payment_event(n, id=f"bon {n}", sequence=...) for n in range(1, 41)]
    answers = await asyncio.gather(*(gateway.results(batch) for _ in range(5)))
    statuses = [result["status"] for results in answers for result in results]
    assert (statuses.count("accepted"), statuses.count("duplicate")) == (40, 160)
