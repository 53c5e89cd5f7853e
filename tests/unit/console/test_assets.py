"""Static files: the same content, packed for browsers that take it so."""

import gzip

import pytest
from starlette.requests import Request
from starlette.responses import Response

from services.console.shared.assets import PREFIX, Assets

ASSETS = Assets()
NAMES = ("console.css", "console.js", "vendor/htmx.min.js")


def asked(name: str, accepted: str | None) -> Response:
    path = ASSETS.url(name).removeprefix(PREFIX)
    headers = [] if accepted is None else [(b"accept-encoding", accepted.encode())]
    return ASSETS.respond(
        Request({"type": "http", "path_params": {"name": path}, "headers": headers})
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_browser_that_takes_gzip_gets_the_same_in_less(name: str) -> None:
    plain, packed = asked(name, None), asked(name, "br, gzip;q=0.8")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(packed.body)) == bytes(plain.body)
    assert len(packed.body) < len(plain.body) / 2
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepted", [None, "", "br", "gzip;q=0", "gzip; q=0.0", "identity"])
def test_who_does_not_take_it_gets_the_file_as_it_is(accepted: str | None) -> None:
    answer = asked("console.css", accepted)
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-length"] == str(len(answer.body))
