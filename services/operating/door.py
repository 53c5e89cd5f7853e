"""Beside a process's own work: /metrics, /livez and /readyz; requests are counted and timed."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from importlib import metadata
from ipaddress import ip_address
from uuid import uuid4

import msgspec
import structlog
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services import metrics, tracing
from services.errors import TouchstoneError
from services.intake.quarantine import Room
from services.operating.branches import Branches
from services.operating.checks import Checked, check_all
from services.operating.measuring import families, measure, of_disk, of_process
from services.platform import Platform
from services.settings import Networks
from services.web.routed import route_of

_LOG = structlog.get_logger(__name__)

REQUEST_ID = "x-request-id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_KEPT_S = 1.0
"""For how long an answer is good for whoever asks next: asking costs the database little."""

_PATIENCE_S = 5.0


class Operated:
    """An application with what operators ask of it in front."""

    def __init__(
        self,
        app: ASGIApp,
        platform: Platform,
        room: Room,
        may_scrape: Networks,
        *,
        projects: bool = False,
        logs_requests: bool = False,
    ) -> None:
        """Let those networks, and this machine, read the figures."""
        self._app = app
        self._platform = platform
        self._room = room
        self._may_scrape = may_scrape
        self._projects = projects
        self._logs_requests = logs_requests
        self._asking = asyncio.Lock()
        self._checked: tuple[float, list[Checked]] | None = None
        self._branches = Branches(platform.pool)
        self._version = metadata.version("touchstone")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what operators ask, and count what all others do."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        match scope["path"]:
            case "/livez":
                answer = _json(HTTPStatus.OK, {"alive": True})
            case "/readyz":
                answer = await self._ready()
            case "/metrics":
                answer = await self._metrics(scope)
            case _:
                await self._counted(scope, receive, send)
                return
        await answer(scope, receive, send)

    def forget(self) -> None:
        """Have the next one who asks told how it is now."""
        self._checked = None

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        request_id = _request_id(Headers(scope=scope))
        status, first_s = HTTPStatus.INTERNAL_SERVER_ERROR.value, 0.0

        async def sent(message: Message) -> None:
            nonlocal status, first_s
            if message["type"] == "http.response.start":
                status, first_s = message["status"], time.perf_counter() - begun
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "other"
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            tracing.span(
                method, parent=_trace_of(scope) if tracing.is_on() else None, is_server=True
            ) as following,
        ):
            try:
                await self._app(scope, receive, sent)
            finally:
                route = route_of(scope)
                took_s = first_s or time.perf_counter() - begun
                metrics.answered_request(route, method, status, took_s)
                if self._logs_requests:
                    _LOG.info(
                        "request",
                        route=route,
                        method=method,
                        status=status,
                        took_s=round(took_s, 4),
                    )
                following.name = f"{method} {route}"
                following.attributes.update(
                    {
                        "http.request.method": method,
                        "http.route": route,
                        "http.response.status_code": status,
                        "touchstone.request_id": request_id,
                    }
                )

    async def _ready(self) -> Response:
        checks = await self._checks()
        ready = all(check.ok for check in checks if check.required)
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return _json(status, {"ready": ready, "checks": checks})

    async def _checks(self) -> list[Checked]:
        async with self._asking:
            now = time.monotonic()
            if self._checked is None or now - self._checked[0] > _KEPT_S:
                self._checked = now, await check_all(self._platform, projects=self._projects)
            return self._checked[1]

    async def _metrics(self, scope: Scope) -> Response:
        if not self._may(scope):
            reason = "name your network in TOUCHSTONE_METRICS_FROM to read the figures"
            return _json(HTTPStatus.FORBIDDEN, {"reason": reason})
        checks = await self._checks()
        found = [
            *of_process(self._platform.pool, checks, self._version),
            *of_disk(self._platform.disk),
        ]
        if all(check.ok for check in checks if check.name in ("database", "log")):
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    found += families(await measure(self._platform, self._room))
                    found += await self._branches.families()
            except (TouchstoneError, TimeoutError) as error:
                # What the process knows of itself is told all the same; check_ok tells the rest.
                _LOG.warning("not_measured", reason=str(error) or type(error).__name__)
        encode, media_type = choose_encoder(Headers(scope=scope).get("accept", ""))
        # An encoder asks a registry for nothing but what it collects.
        text = encode(_Collected([*metrics.REGISTRY.collect(), *found]))
        return Response(text, headers={"content-type": media_type, "cache-control": "no-store"})

    def _may(self, scope: Scope) -> bool:
        """Tell whether a request comes from where figures may go, and not through a proxy."""
        client = scope.get("client")
        headers = Headers(scope=scope)
        if client is None or "x-forwarded-for" in headers or "forwarded" in headers:
            return False
        try:
            address = ip_address(client[0])
        except ValueError:  # no network address: a client within this process
            return True
        return address.is_loopback or any(address in network for network in self._may_scrape)


class _Collected(Collector):
    """What was collected already."""

    def __init__(self, found: Sequence[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        """Return it."""
        return self._found


def _trace_of(scope: Scope) -> Mapping[str, str]:
    """Return what a request says of the trace that it belongs to."""
    headers = Headers(scope=scope)
    return {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}


def _request_id(headers: Headers) -> str:
    """Return the id that a proxy gave, if it looks like one, or a new one."""
    given = headers.get(REQUEST_ID, "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


def _json(status: HTTPStatus, document: object) -> Response:
    return Response(
        msgspec.json.encode(document),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )
