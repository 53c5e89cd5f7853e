"""What browsers are told beside every answer: by TLS alone, where that is how one came."""

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from services.console.shared.security import SecurityHeaders


async def _ok(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    ("base", "stays"),
    [
        ("https://console.example", True),
        ("https://console.example:8420", True),
        ("http://console.example", False),
        ("https://localhost:8420", False),  # its other ports are other programs'
        ("https://localhost", False),
        ("https://[::1]:8420", False),
        ("https://[::1]", False),
    ],
)
async def test_who_came_by_tls_comes_by_tls_from_then_on(base: str, stays: bool) -> None:
    transport = httpx2.ASGITransport(app=SecurityHeaders(_ok))
    async with httpx2.AsyncClient(transport=transport, base_url=base) as client:
        answer = await client.get("/")
    assert ("strict-transport-security" in answer.headers) == stays
    assert answer.headers["x-frame-options"] == "DENY"
