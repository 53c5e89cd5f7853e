"""The API of bulks: one command on many, tried or done, answered line by line."""

from __future__ import annotations

from contextlib import aclosing
from typing import Protocol

import structlog
from fastapi import APIRouter
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from events.cases.commands import CaseCommand
from events.customers.account_commands import AccountCommand
from events.texts import worded
from services.casework.ages import NoSuchBucket
from services.casework.api import ACCOUNT_COMMANDS, COMMANDS
from services.casework.bulk import openapi
from services.casework.bulk.asking import MOST_ITEMS, AskedOfMany, Found
from services.casework.bulk.bodies import MAX_BYTES, MAX_VALUES, On, Sent, sent
from services.casework.bulk.finding import found as found_by
from services.casework.bulk.finding import unknown_name
from services.casework.bulk.lines import MEDIA_TYPE, encoded
from services.casework.bulk.running import Lines, Run, done, tried
from services.casework.bulk.subjects import subjects
from services.casework.bulk.telling import Telling
from services.casework.desk import Asking, Desk
from services.casework.parts import CaseworkPlatform
from services.casework.problems import said, unreadable
from services.casework.reading import key_of, only_tries
from services.casework.undoing import undo_of
from services.intake.answers import EventRefused
from services.people.principal import Right
from services.web.bodies import Held, Limits, read
from services.web.languages import told
from services.web.patience import Slots
from services.web.rates import Rates
from services.wording import nearest

_LOG = structlog.get_logger()

_LIMITS = Limits(
    MAX_BYTES,
    MAX_VALUES,
    worded(
        "send at most %(most_items)s items and %(max_bytes)s bytes",
        most_items=MOST_ITEMS,
        max_bytes=MAX_BYTES,
    ),
)
_HELD_BYTES = 8 * MAX_BYTES
_AT_ONCE, _SHARE = 4, 2
"""Bulks that run at once, and of one key."""


Kind = type[CaseCommand] | type[AccountCommand]


class _Stream(StreamingResponse):
    """Sends lines while somebody listens; a bulk ends where nobody does any more."""

    def __init__(self, lines: Lines, slots: Slots, key: str) -> None:
        super().__init__(
            (encoded(some) async for some in lines),
            media_type=MEDIA_TYPE,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._lines = lines
        self._slots = slots
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, unless too many bulks run already. Raises: Problem."""
        with self._slots.slot(self._key):
            async with aclosing(self._lines):
                await super().__call__(scope, receive, send)


class _Desk(Desk):
    """What the routes of bulks share."""

    def __init__(self, platform: CaseworkPlatform, rates: Rates) -> None:
        super().__init__(platform, rates)
        self._bodies = Held(_LIMITS, _HELD_BYTES)
        self._running = Slots(_AT_ONCE, _SHARE)

    async def bulk(self, request: Request, word: str, kind: Kind) -> Response:
        """Try a command on many cases or accounts, or do it. Raises: Problem, Unavailable."""
        asking = await self.asking(request, Right.COMMAND)
        only_tried = only_tries(request.query_params, asking.language)
        key = "" if only_tried else key_of(request.headers, asking.language)
        got = await self._sent(asking, kind, only_tried=only_tried)
        found = await self._found(asking, got.on)
        self.doors.throttle.count(asking.scope.key_id, len(found.items))
        asked = AskedOfMany[Struct](
            command=got.asked.command,
            by=asking.by,
            scope=asking.principal.scope,
            reference=asking.reference,
            key=key,
            personal=got.asked.personal,
        )
        run = Run(
            subjects=subjects(self.platform, self.commanding, asked),
            found=found,
            telling=Telling(asking.teller, asking.language, asking.reference),
            undo=undo_of(kind, asking.language),
        )
        _LOG.info("bulk_begins", command=word, items=len(found.items), tried=only_tried)
        lines = tried(run, self.commanding.customers, asking.reference) if only_tried else done(run)
        return _Stream(lines, self._running, asking.scope.key_id)

    async def _sent(self, asking: Asking, kind: Kind, *, only_tried: bool) -> Sent:
        key = asking.scope.key_id
        async with self.doors.calming():
            with self._bodies.body() as body:
                with self.doors.reading.slot(key):
                    await read(asking.request, body)
                try:
                    return sent(
                        bytes(body.content), kind, only_tried=only_tried, language=asking.language
                    )
                except EventRefused as why:
                    raise unreadable(why) from why

    async def _found(self, asking: Asking, on: On) -> Found:
        if on.where is None:
            return Found(on.items or (), None)
        with self.doors.asking.slot() as slot:
            finding = found_by(self.platform, asking.principal.scope, on.where, asking.reference)
            try:
                found = await slot.within_patience(finding)
            except NoSuchBucket as why:
                code, field = "bulk_unknown_bucket", "where.bucket"
                raise said(code, asking.language, field=field, last=why.last) from why
        if len(found.items) > MOST_ITEMS:
            raise said("bulk_too_many", asking.language, field="where", most=MOST_ITEMS)
        slip = None if found.items else unknown_name(on.where, asking.reference)
        if slip is not None:
            near = told(nearest(slip.name, slip.known), asking.language)
            code, field = f"bulk_unknown_{slip.field}", f"where.{slip.field}"
            raise said(code, asking.language, field=field, name=slip.name, near=near)
        return found


def bulk_router(platform: CaseworkPlatform, rates: Rates) -> APIRouter:
    """Return the routes under /api/v1/bulk; the application adds the problem handlers."""
    router = APIRouter(prefix="/api/v1/bulk", tags=["bulk"])
    desk = _Desk(platform, rates)
    for of, words in (("cases", COMMANDS), ("customers", ACCOUNT_COMMANDS)):
        for word, kind in words.items():
            router.add_api_route(
                f"/{of}/{word}",
                _route(desk, word, kind),
                methods=["POST"],
                operation_id=f"bulk_{word.replace('-', '_')}",
                summary=f"On many {of}: {(kind.__doc__ or '').strip()}",
                description=openapi.DESCRIPTION,
                openapi_extra=openapi.bulk(kind),
            )
    return router


class _Route(Protocol):
    async def __call__(self, request: Request) -> Response: ...


def _route(desk: _Desk, word: str, kind: Kind) -> _Route:
    async def do(request: Request) -> Response:
        return await desk.bulk(request, word, kind)

    return do
