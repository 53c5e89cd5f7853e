"""Webhooks of other systems: `/api/v1/hooks/FEED`, acknowledged once what they say is durable.

A message is signed by its feed's format, or bears a key in the address. What says nothing that
anybody here reads is counted and acknowledged all the same: shops stop sending to an address that
refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from time import monotonic
from typing import Protocol
from xml.sax.saxutils import quoteattr

import msgspec
import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from events.texts import worded
from services import metrics
from services.connectors.calls.recording import RecordingPlatform
from services.connectors.calls.signals import CallSignals
from services.connectors.delivering import deliver
from services.connectors.directory import Directories
from services.connectors.document import Document, DocumentRefused, Feed
from services.connectors.feeds import Feeds
from services.connectors.formats.cti import UnknownSignal, UnreadableSignal
from services.connectors.formats.telephone import CtiSettings
from services.connectors.report import DeliveryReport
from services.connectors.transports.signatures import SIGNED, is_key, is_signed
from services.errors import UsageError
from services.importing.publisher import LocalPublisher
from services.web.bodies import Held, Limits, read
from services.web.doors import Doors
from services.web.problems import Problem
from services.web.rates import Rates

_LOG = structlog.get_logger()

_MAX_BYTES = 1024 * 1024
_LIMITS = Limits(
    _MAX_BYTES,
    100_000,
    worded("send a message of at most %(max_bytes)s bytes", max_bytes=_MAX_BYTES),
)
_KEPT_S = 5.0
_MOST_KEPT = 1_000
_KEYED = frozenset({"cti"})
_KEPT_HEADERS = ("x-wc-", "x-shopify-", "webhook-", "stripe-")


class HookPlatform(RecordingPlatform, Protocol):
    """The open parts of a platform that webhooks take."""


class _Known(msgspec.Struct, frozen=True):
    """A feed and its secrets, as they were a moment ago."""

    feed: Feed
    secrets: Sequence[str]
    at: float


class _FeedsAtHand:
    """Feeds and their secrets; one is asked of the database every few seconds at most."""

    def __init__(self, platform: HookPlatform) -> None:
        self._feeds = Feeds(platform)
        self._known: dict[str, _Known | None] = {}
        self._asked: dict[str, float] = {}

    async def named(self, name: str) -> _Known | None:
        """Return a feed of that name in use. Raises: Unavailable."""
        now = monotonic()
        if now - self._asked.get(name, -_KEPT_S) >= _KEPT_S:
            if len(self._known) > _MOST_KEPT:  # invented names
                self._known.clear()
                self._asked.clear()
            feed = await self._feeds.find(name)
            secrets = [] if feed is None else [one.text for one in await self._feeds.secrets(name)]
            self._known[name] = None if feed is None else _Known(feed, secrets, now)
            self._asked[name] = now
        return self._known[name]


def hooks_router(platform: HookPlatform, rates: Rates) -> APIRouter:
    """Return the routes under /api/v1/hooks; the application adds the problem handlers."""
    router = APIRouter(prefix="/api/v1/hooks", tags=["webhooks"])
    doors = Doors(rates, Held(_LIMITS, 32 * _MAX_BYTES))
    at_hand = _FeedsAtHand(platform)
    signals = CallSignals(platform)
    directories = Directories(platform)

    async def taken(request: Request, name: str, key: str | None) -> Response:
        async with doors.calming():
            doors.throttle.enter(name)
            with doors.held.body() as body:
                with doors.reading.slot(name):
                    await read(request, body)
                content = bytes(body.content)
            with doors.strangers.slot() as slot:
                known = await slot.within_patience(at_hand.named(name))
            now = platform.clock.now()
            feed = _admitted(request, known, key, content, now)
            with doors.working.slot(name) as slot:
                work = _work(platform, signals, directories, feed, request, content, now)
                outcome = await slot.within_patience(work)
        metrics.hook_answered(feed.format, outcome.status)
        return _answer(feed, outcome)

    @router.post("/{feed}", summary="Take a signed message of another system")
    async def take(request: Request, feed: str) -> Response:
        """Take a message of a feed; acknowledged means durable, and repeating is safe."""
        return await taken(request, feed, None)

    @router.post("/{feed}/{key}", summary="Take a message whose address bears a key")
    async def take_by_key(request: Request, feed: str, key: str) -> Response:
        """Take a message of a system that signs nothing; acknowledged means durable."""
        return await taken(request, feed, key)

    return router


class _Outcome(msgspec.Struct, frozen=True):
    """What became of a message."""

    status: str  # taken, repeated, kept, ignored, refused
    counts: Mapping[str, int] = {}


def _admitted(
    request: Request, known: _Known | None, key: str | None, body: bytes, now: datetime
) -> Feed:
    """Return the feed that a message is of. Raises: Problem."""
    if known is None or known.feed.format not in SIGNED | _KEYED:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "unknown_feed",
            worded("there is no feed of this name that takes messages"),
            worded("add one on the platform's machine: touchstone feed add"),
            field="feed",
        )
    feed, secrets = known.feed, known.secrets
    if feed.format in SIGNED:
        headers = {name.lower(): value for name, value in request.headers.items()}
        well = key is None and is_signed(feed.format, body, headers, secrets, now)
    else:
        well = key is not None and is_key(key, secrets) and _may_call(request, feed)
    if not well:
        metrics.hook_answered(feed.format, "forged")
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "bad_signature",
            worded("the signature or key is none of this feed's, or the message is too old"),
            worded(
                "sign with a secret of the feed (touchstone feed secret add), over the body as it "
                "is sent"
            ),
            field="signature",
        )
    return feed


def _may_call(request: Request, feed: Feed) -> bool:
    """Tell whether a message comes from where its feed allows."""
    allowed = feed.settings_as(CtiSettings).allow
    if not allowed:
        return True
    if request.client is None:
        return False
    try:
        address = ip_address(request.client.host)
    except ValueError:
        return False
    return any(address in ip_network(one, strict=False) for one in allowed)


async def _work(
    platform: HookPlatform,
    signals: CallSignals,
    directories: Directories,
    feed: Feed,
    request: Request,
    body: bytes,
    now: datetime,
) -> _Outcome:
    """Take a message to the platform. Raises: Problem, Unavailable."""
    try:
        if feed.format == "cti":
            content_type = request.headers.get("content-type", "")
            report = await signals.take(feed, content_type, body)
        else:
            document = Document(
                feed=feed.name,
                name="message",
                body=body,
                headers={
                    name.lower(): value
                    for name, value in request.headers.items()
                    if name.lower().startswith(_KEPT_HEADERS)
                },
                received_at=now,
            )
            publisher = LocalPublisher(platform.intake, feed.branch, "")
            report = await deliver(document, feed, directories.answers, publisher)
    except UnknownSignal:
        return _Outcome("ignored")
    except UnreadableSignal as error:
        raise _unreadable(error.field, error.why) from error
    except (DocumentRefused, UsageError) as error:
        raise _unreadable("body", str(error)) from error
    return _outcome(feed, report)


def _outcome(feed: Feed, report: DeliveryReport | None) -> _Outcome:
    if report is None:
        return _Outcome("kept")
    if report.counts.get("refused"):
        first = next((one for one in report.listed if one.status == "refused"), None)
        reason = first.because if first is not None else ""
        _LOG.warning("hook_refused", feed=feed.name, reason=str(reason))
    for status, told in (
        ("published", "taken"), ("worklist", "taken"), ("refused", "refused"), ("seen", "repeated"),
    ):  # fmt: skip
        if report.counts.get(status):
            return _Outcome(told, report.counts)
    return _Outcome("ignored", report.counts)


def _unreadable(field: str, why: str) -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "unreadable",
        worded("%(field)s: %(why)s", field=field, why=why),
        worded("send it as the sender's documentation says"),
        field=field,
    )


def _answer(feed: Feed, outcome: _Outcome) -> Response:
    headers = {"Cache-Control": "no-store"}
    answer_to = feed.settings.get("answer_to")
    if feed.format == "cti" and isinstance(answer_to, str) and answer_to:
        address = quoteattr(answer_to)  # sipgate sends no more of a call unless told where to
        text = f'<?xml version="1.0"?><Response onAnswer={address} onHangup={address}/>'
        return Response(text, media_type="application/xml", headers=headers)
    body = msgspec.json.encode({"status": outcome.status, **outcome.counts})
    return Response(body, media_type="application/json", headers=headers)
