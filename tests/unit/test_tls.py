"""The doors speak TLS with a certificate from files, and take a renewed one up."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from services.errors import UsageError
from services.hosts.serving import server
from services.settings import Settings, networks
from services.web.tls import Certificate, not_after, trusting

_AUTHORITY = trustme.CA()
_ENDS = datetime(2030, 1, 2, tzinfo=UTC)


async def _who(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer by which protocol and from where a request is thought to have come."""
    request = Request(scope)
    assert request.client is not None
    answer: Response = PlainTextResponse(f"{request.url.scheme} {request.client.host}")
    await answer(scope, receive, send)


def _issue(folder: Path, not_after: datetime = _ENDS) -> int:
    """Put a certificate and its key into a folder; return its serial number."""
    leaf = _AUTHORITY.issue_cert("localhost", "127.0.0.1", not_after=not_after)
    leaf.private_key_pem.write_to_path(str(folder / "tls.key"))
    chain = b"".join(one.bytes() for one in leaf.cert_chain_pems)
    (folder / "tls.crt").write_bytes(chain)
    return x509.load_pem_x509_certificate(chain).serial_number


@asynccontextmanager
async def _served(certificate: Certificate | None, proxies: str = "") -> AsyncIterator[int]:
    tls = None if certificate is None else certificate.context
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = server(_who, "127.0.0.1", 0, 10, tls=tls, proxies=networks(proxies))
        task = asyncio.create_task(served.serve([listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            served.should_exit = True
            await task


async def _asked(
    port: int,
    tls: bool = True,
    forwarded: str = "",
    context: ssl.SSLContext | None = None,
) -> tuple[str, int]:
    """Return what a request is answered, and the serial number of the certificate seen."""
    if tls and context is None:
        context = ssl.create_default_context()
        _AUTHORITY.configure_trust(context)
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost" if tls else None
    )
    headers = f"x-forwarded-for: {forwarded}\r\nx-forwarded-proto: https\r\n" if forwarded else ""
    writer.write(
        f"GET / HTTP/1.1\r\nhost: localhost\r\n{headers}connection: close\r\n\r\n".encode()
    )
    said = (await reader.read()).decode().rpartition("\r\n")[2]
    serial = 0
    if tls:
        seen = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        serial = x509.load_der_x509_certificate(seen).serial_number
    writer.close()
    return said, serial


async def test_a_renewed_certificate_is_served_without_a_restart(tmp_path: Path) -> None:
    first = _issue(tmp_path)
    certificate = Certificate(tmp_path / "tls.crt", tmp_path / "tls.key")
    async with _served(certificate) as port:
        assert await _asked(port) == ("https 127.0.0.1", first)
        assert not certificate.renew()
        second = _issue(tmp_path)
        assert certificate.renew()
        assert await _asked(port) == ("https 127.0.0.1", second)


async def test_a_pair_that_does_not_fit_leaves_the_old_one_in_place(tmp_path: Path) -> None:
    first = _issue(tmp_path)
    certificate = Certificate(tmp_path / "tls.crt", tmp_path / "tls.key")
    key = (tmp_path / "tls.key").read_bytes()
    _issue(tmp_path)
    (tmp_path / "tls.key").write_bytes(key)  # half of a renewal
    async with _served(certificate) as port:
        with pytest.raises(UsageError, match="TLS cannot use"):
            certificate.renew()
        assert (await _asked(port))[1] == first


async def test_a_process_of_this_machine_trusts_the_file_and_nothing_else(tmp_path: Path) -> None:
    first = _issue(tmp_path)
    certificate = Certificate(tmp_path / "tls.crt", tmp_path / "tls.key")
    trusted = trusting(tmp_path / "tls.crt")
    _issue(tmp_path)
    another = trusting(tmp_path / "tls.crt")
    async with _served(certificate) as port:
        assert (await _asked(port, context=trusted))[1] == first
        with pytest.raises(ssl.SSLCertVerificationError):
            await _asked(port, context=another)


def test_when_a_certificate_ends_is_read_from_it(tmp_path: Path) -> None:
    _issue(tmp_path)
    assert not_after(tmp_path / "tls.crt") == _ENDS
    with pytest.raises(UsageError, match="cannot be read"):
        not_after(tmp_path / "none.crt")


async def test_only_a_named_proxy_is_believed_where_a_request_came_from() -> None:
    async with _served(None) as port:
        assert (await _asked(port, tls=False, forwarded="192.0.2.9"))[0] == "http 127.0.0.1"
    async with _served(None, "127.0.0.0/8") as port:
        assert (await _asked(port, tls=False, forwarded="192.0.2.9"))[0] == "https 192.0.2.9"
    async with _served(None, "10.0.0.0/8") as port:
        assert (await _asked(port, tls=False, forwarded="192.0.2.9"))[0] == "http 127.0.0.1"


@pytest.mark.parametrize(
    ("given", "in_clear"),
    [
        ({}, False),
        ({"gateway_host": "192.0.2.5"}, True),
        ({"gateway_host": "192.0.2.5", "proxies": "10.0.0.7"}, False),
        ({"gateway_host": "192.0.2.5", "tls_certificate": "c.pem", "tls_key": "k.pem"}, False),
    ],
)
def test_keys_travel_in_the_clear_beyond_loopback_without_tls_or_a_proxy(
    given: dict[str, str], in_clear: bool
) -> None:
    assert Settings(**given).keys_travel_in_clear is in_clear  # type: ignore[arg-type]


def test_the_console_goes_beyond_this_machine_only_under_tls_or_behind_a_proxy() -> None:
    with pytest.raises(ValueError, match="passwords would travel readable"):
        Settings(console_host="192.0.2.5")
    Settings(console_host="192.0.2.5", proxies="192.0.2.1")
    Settings(console_host="192.0.2.5", tls_certificate=Path("c.pem"), tls_key=Path("k.pem"))


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="go together"):
        Settings(tls_certificate=Path("c.pem"))
    with pytest.raises(ValueError, match="is no network"):
        Settings(proxies="somewhere")
