"""Wrong input by the dozen: a clear error each time, never a 500, and neighbours untouched."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.contract.event_log_suite import accepted_events
from tests.support.chinese import assert_chinese
from tests.support.gateway import (
    BATCH,
    BRANCH,
    ONE,
    Gateway,
    Json,
    complaint_event,
    event_id,
    open_gateway,
    payment_event,
)
from tests.support.log import SetClock
from tests.support.postgres import fresh_database

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def shared(postgres_server: str, migrated: str) -> Iterator[str]:
    """One database for all: nothing of what is sent here is kept under the same id."""
    with asyncio.Runner() as runner:
        database = fresh_database(postgres_server, migrated)
        yield runner.run(database.__aenter__())
        runner.run(database.__aexit__(None, None, None))


@pytest.fixture
async def gateway(shared: str) -> AsyncIterator[Gateway]:
    async with open_gateway(shared, SetClock()) as gateway:
        yield gateway


def paid(**changes: object) -> Json:
    """A payment whose data has changes; `...` leaves a field out."""
    data: Json = {"payment_id": "P-1", "amount": {"minor": 100, "currency": "CNY"}} | changes
    return payment_event(1, data={k: v for k, v in data.items() if v is not ...})


def amount(minor: object = 100, currency: object = "CNY", **more: object) -> Json:
    return {"minor": minor, "currency": currency, **more}


def invoice(**changes: object) -> Json:
    data: Json = {"invoice_id": "INV-1", "amount": amount(), "due_on": "2026-03-31"} | changes
    return payment_event(1, type="payment.invoice_issued", data=data)


def instalments(*minors: int) -> list[Json]:
    return [{"due_on": "2026-04-01", "amount": amount(minor)} for minor in minors]


def personal(given: object, **changes: object) -> Json:
    return complaint_event(1, data={"severity": "low", "personal": given}) | changes


def coded(data: str) -> Json:
    return payment_event(1, data=..., data_base64=data)


LONG = "x" * 5_000
IN_CHINESE = {"accept-language": "zh-CN,zh;q=0.9,en;q=0.5"}
NO_TIME = "2026-03-01T10:00:00"

# Each event, the field that the answer must name, and a word of its reason or remedy.
WRONG_EVENTS: dict[str, tuple[object, str, str]] = {
    "no object": (17, "event", "object"),
    "a null": (None, "event", "object"),
    "a text": ("payment", "event", "object"),
    "an array in the array": ([payment_event()], "event", "object"),
    "nothing in it": ({}, "specversion", "1.0"),
    "no specversion": (payment_event(specversion=...), "specversion", "1.0"),
    "old specversion": (payment_event(specversion="0.3"), "specversion", "1.0"),
    "specversion a number": (payment_event(specversion=1.0), "specversion", "text"),
    "no id": (payment_event(id=...), "id", "missing"),
    "id null": (payment_event(id=None), "id", "missing"),
    "id a number": (payment_event(id=7), "id", "text"),
    "id empty": (payment_event(id=""), "id", "characters"),
    "id that nobody sees": (payment_event(id="E-\u200b1"), "id", "U+200B"),
    "id endless": (payment_event(id=LONG), "id", "characters"),
    "no type": (payment_event(type=...), "type", "missing"),
    "unknown type": (payment_event(type="payment.recieved"), "type", "did you mean 'payment."),
    "type with a NUL": (payment_event(type="payment\x00"), "type", "control"),
    "type an object": (payment_event(type={}), "type", "text"),
    "no source": (payment_event(source=...), "source", "missing"),
    "source of another branch": (payment_event(source="/branches/BJ-02/t"), "source", "--branch"),
    "source without device": (payment_event(source=f"/branches/{BRANCH}/"), "source", "device"),
    "source anything": (payment_event(source="till"), "source", "device"),
    "source half a pair": (payment_event(source="/branches/SH-01/\ud800"), "source", "control"),
    "another branchid": (payment_event(branchid="BJ-02"), "branchid", "another branch"),
    "no time": (payment_event(time=...), "time", "missing"),
    "time without zone": (payment_event(time=NO_TIME), "time", "zone"),
    "time a number": (payment_event(time=1772330000), "time", "instant"),
    "time no instant": (payment_event(time="yesterday"), "time", "instant"),
    "time on 30 February": (payment_event(time="2026-02-30T10:00:00Z"), "time", "exists"),
    "time 25 o'clock": (payment_event(time="2026-02-20T25:00:00Z"), "time", "exists"),
    "time before the calendar": (payment_event(time="0001-01-01T00:00:00+14:00"), "time", ""),
    "time in the year 26": (payment_event(time="0026-02-20T10:00:00Z"), "time", "year"),
    "time next year": (payment_event(time="2027-03-01T10:00:00Z"), "time", "ahead"),
    "sent without collected": (
        payment_event(senttime="2026-03-01T10:00:00Z"),
        "collectedtime",
        "both or neither",
    ),
    "collected without sent": (
        payment_event(collectedtime="2026-03-01T10:00:00Z"),
        "senttime",
        "both or neither",
    ),
    "sent before it happened": (
        payment_event(senttime="2026-02-01T10:00:00Z", collectedtime="2026-03-01T10:00:00Z"),
        "senttime",
        "before",
    ),
    "corrected out of the calendar": (
        payment_event(
            time="0001-01-02T00:00:00Z",
            senttime="9999-12-30T00:00:00Z",
            collectedtime="2026-03-01T10:00:00Z",
        ),
        "senttime",
        "clock",
    ),
    "no subject": (payment_event(subject=...), "subject", "customer"),
    "subject empty": (payment_event(subject=""), "subject", "1 to 120"),
    "subject endless": (payment_event(subject=LONG), "subject", "1 to 120"),
    "subject a number": (payment_event(subject=1001), "subject", "text"),
    "subject with spaces": (payment_event(subject=" C-1 "), "subject", "spaces"),
    "subject with a line break": (payment_event(subject="C\n1"), "subject", "control"),
    "subject with a mark of no width": (payment_event(subject="C-\u200b1"), "subject", "U+200B"),
    "subject read backwards": (payment_event(subject="C-\u202e10"), "subject", "U+202E"),
    "subject with a hard space": (payment_event(subject="C\u00a01"), "subject", "U+00A0"),
    "subject of two spellings": (payment_event(subject="Zoe\u0308"), "subject", "NFC"),
    "subject a path": (payment_event(subject="C/1"), "subject", "path"),
    "subject a dot": (payment_event(subject="."), "subject", "path"),
    "subject two dots": (payment_event(subject=".."), "subject", "path"),
    "subject reserved": (payment_event(subject="branch:SH-01"), "subject", "begin"),
    "subject of the vault": (payment_event(subject="vault:check"), "subject", "begin"),
    "subject of the console": (payment_event(subject="console:cursors"), "subject", "begin"),
    "sequence 0": (payment_event(sequence=0), "sequence", "between"),
    "sequence negative": (payment_event(sequence=-3), "sequence", "between"),
    "sequence a fraction": (payment_event(sequence=1.5), "sequence", "whole number"),
    "sequence true": (payment_event(sequence=True), "sequence", "whole number"),
    "sequence a word": (payment_event(sequence="first"), "sequence", "whole number"),
    "sequence beyond all": (payment_event(sequence=2**64), "sequence", "between"),
    "sequence digits without end": (payment_event(sequence=10**60), "sequence", "range"),
    "epoch negative": (payment_event(sourceepoch=-1), "sourceepoch", "between"),
    "attribute in capitals": (payment_event(Subject="C-1"), "Subject", "did you mean 'subject'?"),
    "attribute of two words": (payment_event(source_epoch=1), "source_epoch", "'sourceepoch'"),
    "attribute a control": (payment_event(**{"a\x00": 1}), "a\ufffd", "no name"),
    "attribute half a pair": (payment_event(**{"a\ud800": 1}), "a\ufffd", "half"),
    "extension half a pair": (payment_event(myextension="\ud800"), "myextension", "half"),
    "extension an object": (payment_event(myextension={"a": 1}), "myextension", "an object"),
    "trace state endless": (payment_event(tracestate=LONG), "tracestate", "512"),
    "trace nonsense": (payment_event(traceparent="abc"), "traceparent", "W3C"),
    "data twice": (payment_event(data_base64="e30="), "data_base64", "beside"),
    "data in base64 no base64": (coded("e30=%"), "data_base64", "base64"),
    "data in base64 no json": (coded("////"), "data_base64", "base64"),
    "data in base64 no object": (coded("WzFd"), "data", "array"),
    "data in base64 of tiny values": (
        coded(b64encode(b"[" + b"1," * 30_000 + b"1]").decode()),
        "data_base64",
        "too many",
    ),
    "content type xml": (payment_event(datacontenttype="text/xml"), "datacontenttype", "JSON"),
    "no data": (payment_event(data=...), "data", "missing"),
    "data a text": (payment_event(data="amount=1"), "data", "object"),
    "data an array": (payment_event(data=[1]), "data", "object"),
    "no amount": (paid(amount=...), "data.amount", "missing"),
    "no payment id": (paid(payment_id=...), "data.payment_id", "missing"),
    "amount a number": (paid(amount=12.5), "data.amount", "minor units"),
    "amount a text": (paid(amount="12.50"), "data.amount", "minor units"),
    "amount null": (paid(amount=None), "data.amount", "null"),
    "minor a fraction": (paid(amount=amount(12.5)), "data.amount.minor", "12.50 CNY is 1250"),
    "minor a whole fraction": (paid(amount=amount(12.0)), "data.amount.minor", "decimal point"),
    "minor a text": (paid(amount=amount("1250")), "data.amount.minor", "12.50 CNY is 1250"),
    "minor true": (paid(amount=amount(True)), "data.amount.minor", "true or false"),
    "minor negative": (paid(amount=amount(-100)), "data.amount.minor", "never negative"),
    "minor beyond all": (paid(amount=amount(10**18)), "data.amount.minor", "more than"),
    "minor digits without end": (paid(amount=amount(10**60)), "data.amount.minor", "range"),
    "no currency": (paid(amount={"minor": 1}), "data.amount.currency", "missing"),
    "currency in small": (paid(amount=amount(1, "cny")), "data.amount.currency", "ISO 4217"),
    "currency unknown": (paid(amount=amount(1, "QQQ")), "data.amount.currency", "ISO 4217"),
    "amount with more": (paid(amount=amount(1, cents=1)), "data.amount.cents", "no field"),
    "field misspelt": (paid(invoice_idz=[]), "data.invoice_idz", "did you mean 'invoice_ids'?"),
    "sealed by the sender": (
        complaint_event(data={"severity": "low", "sealed": "AAAA"}),
        "data.sealed",
        "data.personal",
    ),
    "list a text": (paid(invoice_ids="INV-1"), "data.invoice_ids", "array"),
    "list of numbers": (paid(invoice_ids=["INV-1", 2]), "data.invoice_ids[1]", "text"),
    "key empty": (paid(payment_id=""), "data.payment_id", "length"),
    "key endless": (paid(payment_id=LONG), "data.payment_id", "shorten"),
    "key with a tab": (paid(payment_id="P\t1"), "data.payment_id", "control"),
    "key with a mark": (paid(payment_id="P-1\u200f"), "data.payment_id", "U+200F"),
    "key with a space": (paid(payment_id="P-1 "), "data.payment_id", "space"),
    "keys with a mark": (paid(invoice_ids=["a", "b\ufeff"]), "data.invoice_ids[1]", "U+FEFF"),
    "name half a pair": (paid(**{"note\udfff": 1}), "data.note\ufffd", "half"),
    "case id a path": (
        payment_event(type="case.resolved", data={"case_id": "../1"}),
        "data.case_id",
        "path",
    ),
    "key half a pair": (paid(payment_id="\udfff"), "data.payment_id", "control"),
    "key a NUL": (paid(invoice_ids=["a", "b\x00"]), "data.invoice_ids[1]", "control"),
    "deep data": (paid(amount=json.loads("[" * 90 + "]" * 90)), "data.amount", "object"),
    "day that is none": (invoice(due_on="2026-02-30"), "data.due_on", "exists"),
    "day in words": (invoice(due_on="end of March"), "data.due_on", "exists"),
    "day a number": (invoice(due_on=20260331), "data.due_on", "day"),
    "day with a time": (invoice(due_on="2026-03-31T00:00:00Z"), "data.due_on", "exists"),
    "day in the year 20260": (invoice(due_on="20260-03-31"), "data.due_on", "exists"),
    "day in the year 9999": (invoice(due_on="9999-12-31"), "data.due_on", "year"),
    "two currencies": (invoice(tax=amount(1, "EUR")), "data", "mixes"),
    "instalments too low": (invoice(instalments=instalments(40, 50)), "data.instalments", "add up"),
    "instalment negative": (
        invoice(instalments=instalments(200, -100)),
        "data.instalments[1].amount.minor",
        "never negative",
    ),
    "instalment's day": (
        invoice(instalments=[{"due_on": "2026-06-31", "amount": amount()}]),
        "data.instalments[0].due_on",
        "exists",
    ),
    "severity of no word": (
        complaint_event(data={"severity": "awful"}),
        "data.severity",
        "low, medium, high, urgent",
    ),
    "no severity": (complaint_event(data={}), "data.severity", "low, medium, high, urgent"),
    "instant without zone": (
        payment_event(
            type="callback.promised",
            data={"callback_id": "1", "purpose": "x", "due_at": NO_TIME},
        ),
        "data.due_at",
        "zone",
    ),
    "personal not for this type": (
        invoice(personal={"name": "x"}),
        "data.personal",
        "nothing",
    ),
    "personal not of this type": (
        paid(personal={"name": "x"}),
        "data.personal.name",
        "payer_account",
    ),
    "personal a text": (personal("138"), "data.personal", "object"),
    "personal unknown": (personal({"shoe": "42"}), "data.personal.shoe", "callback_phone"),
    "personal a number": (personal({"callback_phone": 138}), "data.personal.callback_phone", ""),
    "personal endless": (personal({"text": LONG}), "data.personal.text", "2000"),
    "personal half a pair": (personal({"text": "\ud83d"}), "data.personal.text", "Unicode"),
    "rules by a branch": (
        payment_event(
            subject=...,
            type="policy.ageing_published",
            data={"effective_from": "2026-01-01T00:00:00Z", "policy": {}},
        ),
        "type",
        "headquarters",
    ),
}


@pytest.mark.parametrize("case", WRONG_EVENTS)
async def test_a_wrong_event_is_refused_with_field_and_remedy(gateway: Gateway, case: str) -> None:
    event, field, word = WRONG_EVENTS[case]
    before = len(await accepted_events(gateway.log))
    number = 1000 + list(WRONG_EVENTS).index(case) * 2
    left, wrong, right = await gateway.results(
        [payment_event(number), event, payment_event(number + 1)]
    )
    assert (left["status"], right["status"]) == ("accepted", "accepted")
    assert (wrong["status"], wrong["field"]) == ("refused", field)
    assert wrong["code"]
    assert wrong["reason"]
    assert wrong["remedy"]
    assert word.lower() in f"{wrong['reason']}; {wrong['remedy']}".lower()
    assert len(await accepted_events(gateway.log)) == before + 2
    if isinstance(event, dict):
        alone = await gateway.post(event)
        problem(alone, 422)
        assert alone.json()["field"] == field
    answer = await gateway.post([event], BATCH, **IN_CHINESE)
    [refused] = answer.json()["results"]
    assert refused["field"] == field
    assert_chinese(refused["reason"])
    assert_chinese(refused["remedy"])


def problem(answer: Any, status: int) -> Json:  # noqa: ANN401
    """The problem document of an answer, checked for its form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: Json = answer.json()
    assert document["status"] == status
    assert all(document[name] for name in ("type", "title", "detail", "code", "remedy"))
    return document


def assert_told_in_chinese(answer: Any) -> None:  # noqa: ANN401
    """Let a problem document pass that is in Chinese and says so."""
    assert answer.headers["content-language"] == "zh-CN"
    for name in ("title", "detail", "remedy"):
        assert_chinese(answer.json()[name])


GOOD = json.dumps(payment_event(900)).encode()

# Each text stands for one event in a batch: not plain JSON, or not with one meaning.
AMBIGUOUS: dict[str, tuple[bytes, str, str]] = {
    "a key twice": (GOOD.replace(b'"id"', b'"id": "x", "id"', 1), "event", "'id' twice"),
    "an amount twice": (GOOD.replace(b'"minor"', b'"minor": 1, "minor"'), "data.amount", "twice"),
    "not a number": (GOOD.replace(b"40000", b"NaN"), "data.amount.minor", "NaN"),
    "infinity": (GOOD.replace(b"40000", b"-Infinity"), "data.amount.minor", "Infinity"),
    "beyond all floats": (GOOD.replace(b"40000", b"1e999"), "data.amount.minor", "range"),
    "an exponent": (GOOD.replace(b"40000", b"4e4"), "data.amount.minor", "decimal point"),
    "five thousand digits": (GOOD.replace(b"40000", b"9" * 5000), "data.amount.minor", "range"),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
async def test_json_without_one_meaning_spoils_only_its_own_event(
    gateway: Gateway, case: str
) -> None:
    text, field, word = AMBIGUOUS[case]
    number = 5000 + list(AMBIGUOUS).index(case)
    neighbour = json.dumps(payment_event(number)).encode()
    answer = await gateway.post(b"[" + text + b"," + neighbour + b"]", BATCH)
    wrong, right = answer.json()["results"]
    assert (wrong["status"], wrong["field"], right["status"]) == ("refused", field, "accepted")
    assert word in wrong["reason"] + wrong["remedy"]
    answer = await gateway.post(b"[" + text + b"]", BATCH, **IN_CHINESE)
    assert_chinese(answer.json()["results"][0]["reason"])
    assert_chinese(answer.json()["results"][0]["remedy"])


BODIES: dict[str, tuple[bytes, str, int, str]] = {
    "nothing": (b"", ONE, 400, "byte 0"),
    "cut short": (GOOD[:-20], ONE, 400, "byte"),
    "two texts": (GOOD + GOOD, ONE, 400, f"byte {len(GOOD)}"),
    "single quotes": (b"{'id': 1}", ONE, 400, "byte 1"),
    "latin-1": ('{"id": "Zoë"}'.encode("latin-1"), ONE, 400, "byte 10 is no UTF-8"),
    "gb18030": (
        json.dumps(payment_event(), ensure_ascii=False).encode() + b"\xce",
        ONE,
        400,
        "UTF-8",
    ),
    "utf-16": (GOOD.decode().encode("utf-16"), ONE, 400, "UTF-8"),
    "NUL bytes": (b"\x00" * 100, ONE, 400, "byte 0"),
    "random bytes": (bytes(range(256)), ONE, 400, "UTF-8"),
    "a deep hole": (b"[" * 100_000, BATCH, 400, "deep"),
    "deep objects": (b'{"a":' * 100_000, ONE, 400, "deep"),
    "an array as one": (b"[" + GOOD + b"]", ONE, 400, "one event"),
    "one as an array": (GOOD, BATCH, 400, "array"),
    "a number as a batch": (b"3", BATCH, 400, "array"),
    "xml": (b"<event/>", "application/xml", 415, "application/xml"),
    "a form": (b"id=1", "application/x-www-form-urlencoded", 415, "media type"),
    "no media type": (GOOD, "", 415, "no media type"),
    "a bad media type": (GOOD, ";;;", 415, "no media type"),
    "another charset": (GOOD, f"{ONE}; charset=gb18030", 415, "gb18030"),
    "too many events": (b"[" + b"1," * 1000 + b"1]", BATCH, 413, "1001 events"),
    "a million tiny values": (b"[" + b"1," * 1_000_000 + b"1]", BATCH, 413, "values"),
    "a million empty texts": (b"[" + b'"",' * 1_000_000 + b'""]', BATCH, 413, "values"),
    "a million empty objects": (b"[" + b"{}," * 1_000_000 + b"{}]", BATCH, 413, "values"),
    "another format": (GOOD, "application/cloudevents+avro", 415, "cloudevents+json"),
    "too many bytes": (b" " * (8 * 1024 * 1024 + 1), ONE, 413, "bytes"),
}


@pytest.mark.parametrize("case", BODIES)
async def test_a_wrong_body_is_refused_as_a_whole(gateway: Gateway, case: str) -> None:
    body, content_type, status, word = BODIES[case]
    document = problem(await gateway.post(body, content_type), status)
    assert word in f"{document['detail']}; {document['remedy']}"
    assert document["field"] in ("body", "content-type")
    assert_told_in_chinese(await gateway.post(body, content_type, **IN_CHINESE))


async def test_a_compressed_body_is_refused(gateway: Gateway) -> None:
    answer = await gateway.post(b"\x1f\x8b", ONE, **{"content-encoding": "gzip"})
    assert problem(answer, 415)["field"] == "content-encoding"
    refused = await gateway.post(b"\x1f\x8b", ONE, **{"content-encoding": "gzip"} | IN_CHINESE)
    assert_told_in_chinese(refused)


async def test_a_body_without_end_is_not_read_to_its_end(gateway: Gateway) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * 1024 * 1024:
            sent += 1024 * 1024
            yield b" " * 1024 * 1024

    headers = {"authorization": f"Bearer {gateway.token}", "content-type": BATCH}
    answer = await gateway.client.post("/api/v1/events", content=endless(), headers=headers)
    assert problem(answer, 413)["field"] == "body"
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("declared", ["9" * 30, "-1", "many", str(8 * 1024 * 1024 + 1)])
async def test_a_strange_content_length_is_no_way_around(gateway: Gateway, declared: str) -> None:
    answer = await gateway.post(b"{}", ONE, **{"content-length": declared})
    assert answer.status_code in (413, 422)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer tsk_" + "A" * 43,
        "Bearer tsk_" + "A" * 5000,
        "Bearer tsk_\u00ff",
        "Bearer ' OR 1=1 --",
    ],
)
async def test_a_wrong_key_is_refused_before_the_body_is_read(
    gateway: Gateway, authorization: str | None
) -> None:
    headers = {b"content-type": ONE.encode()}
    if authorization is not None:
        headers[b"authorization"] = authorization.encode("latin-1")
    answer = await gateway.client.post("/api/v1/events", content=b"not json", headers=headers)
    assert problem(answer, 401)["field"] == "authorization"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    headers[b"accept-language"] = b"zh"
    assert_told_in_chinese(
        await gateway.client.post("/api/v1/events", content=b"not json", headers=headers)
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/events", 405),
        ("DELETE", "/api/v1/events", 405),
        ("PUT", f"/api/v1/events/{event_id(1)}", 405),
        ("POST", "/api/v1/events/", 404),
        ("GET", "/api/v1/events/%00", 401),
        ("GET", "/api/v1/events/" + "x" * 5000, 401),
    ],
)
async def test_every_failure_is_a_problem_document(
    gateway: Gateway, method: str, path: str, status: int
) -> None:
    problem(await gateway.client.request(method, path), status)
    assert_told_in_chinese(await gateway.client.request(method, path, headers=IN_CHINESE))


async def test_an_unforeseen_failure_tells_nothing_of_its_cause(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(gateway.intake, "submit", fail)
    answer = await gateway.post(payment_event())
    assert "secret" not in str(problem(answer, 500))
    assert_told_in_chinese(await gateway.post(payment_event(), **IN_CHINESE))


async def test_the_interface_is_described(gateway: Gateway) -> None:
    document = (await gateway.client.get("/api/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    publish = document["paths"]["/api/v1/events"]["post"]
    assert set(publish["requestBody"]["content"]) == {ONE, BATCH, "application/json"}
    assert {"200", "201", "400", "401", "408", "409", "413", "415", "422", "429", "503"} == set(
        publish["responses"]
    )
    receipt = document["paths"]["/api/v1/events/{event_id}"]["get"]
    assert {"200", "401", "404", "429", "503"} <= set(receipt["responses"])
