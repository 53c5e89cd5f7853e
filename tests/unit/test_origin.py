"""Writes that a page of another site sends are refused; a program's and our own pages' pass."""

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from services.web.origin import SameOriginWrites

HERE = "http://console.example:8420"


async def _ok(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _status(method: str, headers: dict[str, str]) -> int:
    transport = httpx2.ASGITransport(app=SameOriginWrites(_ok))
    async with httpx2.AsyncClient(transport=transport, base_url=HERE) as client:
        return (await client.request(method, "/do", headers=headers)).status_code


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HERE},
        {"Origin": "http://elsewhere.example"},
        {"Origin": "http://console.example"},  # another port is another origin
        {"Origin": "http://console.example:8420.elsewhere.example"},
        {"Origin": "null"},
        {"Cookie": "session=x"},  # a browser so old that it says nothing
        {"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer x"},
    ],
)
async def test_a_write_of_another_site_is_refused(method: str, headers: dict[str, str]) -> None:
    assert await _status(method, headers) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Cookie": "session=x"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": HERE, "Cookie": "session=x"},
        {"Origin": "https://console.example:8420"},  # TLS ended before us
        {"Authorization": "Bearer x"},
        {},
    ],
)
async def test_our_own_pages_and_programs_write(headers: dict[str, str]) -> None:
    assert await _status("POST", headers) == 204


async def test_reading_is_nobodys_business() -> None:
    assert await _status("GET", {"Sec-Fetch-Site": "cross-site", "Cookie": "session=x"}) == 204
