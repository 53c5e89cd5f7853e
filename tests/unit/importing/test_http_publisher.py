"""The HTTP publisher against a gateway played by a function."""

from collections.abc import Callable
from typing import NoReturn

import httpx2
import msgspec
import pytest

from services.cli.importing import _publisher
from services.errors import Unavailable, UsageError
from services.importing.http_publisher import (
    GatewayRefused,
    HttpPublisher,
    open_http_publisher,
    sends_in_the_clear,
)

Handler = Callable[[httpx2.Request], httpx2.Response]
ACCEPTED = {"status": "accepted", "position": "p"}


def accepting(request: httpx2.Request) -> httpx2.Response:
    events = msgspec.json.decode(request.content, type=list[object])
    assert len(events) <= 1000
    assert len(request.content) < 8 * 1024 * 1024
    return httpx2.Response(200, json={"results": [ACCEPTED for _ in events]})


class Waits:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def publisher(handler: Handler, waits: Waits | None = None) -> HttpPublisher:
    client = httpx2.AsyncClient(base_url="http://gateway", transport=httpx2.MockTransport(handler))
    return HttpPublisher(client, waits or Waits())


async def test_many_events_go_in_requests_that_the_gateway_takes() -> None:
    answers = await publisher(accepting).publish([{"n": n} for n in range(2500)])
    assert [answer.status for answer in answers] == ["accepted"] * 2500


async def test_large_events_go_in_more_requests() -> None:
    answers = await publisher(accepting).publish([{"n": "x" * 3_000_000}] * 5)
    assert len(answers) == 5


async def test_events_of_many_values_go_in_more_requests() -> None:
    sent: list[int] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.content.count(b"0") + 1)  # each value below is a zero
        return accepting(request)

    answers = await publisher(handler).publish([{"n": [0] * 500}] * 1000)
    assert len(answers) == 1000
    assert sum(sent) >= 500_000
    assert max(sent) <= 200_000, "the gateway takes no more values in one request"


async def test_a_gateway_that_is_away_is_waited_for_as_it_asks() -> None:
    waits, replies = Waits(), [503, 429, 502, 408]

    def handler(request: httpx2.Request) -> httpx2.Response:
        if replies:
            return httpx2.Response(replies.pop(0), headers={"retry-after": "7"})
        return accepting(request)

    assert await publisher(handler, waits).publish([{}])
    assert len(waits.seconds) == 4
    assert all(7 <= seconds <= 8.75 for seconds in waits.seconds)


async def test_a_broken_connection_is_tried_again_and_then_given_up() -> None:
    waits = Waits()

    def handler(request: httpx2.Request) -> NoReturn:
        raise httpx2.ConnectError("refused")

    with pytest.raises(Unavailable, match="away after 8 attempts"):
        await publisher(handler, waits).publish([{}])
    assert len(waits.seconds) == 7
    assert max(waits.seconds) <= 37.5
    assert waits.seconds[-1] > waits.seconds[0]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (httpx2.Response(401, json={"title": "Unauthorized", "remedy": "give a key"}), "--key"),
        (httpx2.Response(422, json={"detail": "no such thing"}), "no such thing"),
        (httpx2.Response(404, text="<html>"), "404"),
        (httpx2.Response(200, text="<html>"), "does not answer as a Touchstone gateway"),
        (httpx2.Response(200, json={"results": []}), "answered 0 of 1"),
        (httpx2.Response(200, json={"results": [{"status": "perhaps"}]}), "does not answer as"),
    ],
)
async def test_a_refused_request_says_why(reply: httpx2.Response, told: str) -> None:
    with pytest.raises(GatewayRefused, match=told):
        await publisher(lambda request: reply).publish([{}])


@pytest.mark.parametrize("address", ["gateway", "ftp://gateway", "http://", "http://a:b"])
async def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="--gateway"):
        async with open_http_publisher(address, "key"):
            pass


@pytest.mark.parametrize(
    ("address", "clear"),
    [
        ("http://127.0.0.1:8421", False),
        ("http://localhost:8421", False),
        ("http://[::1]:8421", False),
        ("https://gateway.example", False),
        ("http://gateway.example", True),
        ("http://192.168.1.7:8421", True),
        ("http://localhost.example", True),
    ],
)
def test_a_key_travels_in_the_clear_over_http_to_another_machine(address: str, clear: bool) -> None:
    assert sends_in_the_clear(address) == clear


@pytest.mark.parametrize(
    ("locale", "said"), [("zh_CN.UTF-8", "警告"), ("en_GB.UTF-8", "warning"), ("C", "warning")]
)
async def test_whoever_sends_a_key_in_the_clear_is_warned_in_their_language(
    locale: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    async with _publisher("SH-01", "http://192.0.2.7:8421", "tsk_a"):
        pass
    assert said in capsys.readouterr().err
    async with _publisher("SH-01", "http://127.0.0.1:8421", "tsk_a"):
        pass
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("key", ["ключ", "tsk_\n"])
async def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="--key"):
        async with open_http_publisher("http://gateway", key):
            pass
