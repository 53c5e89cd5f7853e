"""Receipts: signed statements of what the platform holds of a source, which a branch keeps.

    ORIGIN
    touchstone receipt v1
    source /branches/SH-01/till-3
    epoch 2                    the epoch that it speaks of
    newest-epoch 2             of the source; none: nothing of it was ever taken
    from 1
    through 480                every number from `from` on is held, but:
    gap 17 19                  a line for each
    refused 17 17              an event of this number came and was not taken; a line for each
    ids sha256 BASE64          of the held events' ids, 16 bytes each, in order of their numbers
    taken 480                  the highest number of the epoch that is in use
    position TOKEN             a reader that has reached it has taken all of it in
    issued 2026-03-09T01:00:00.000000Z

Whoever reads one ignores lines that it does not know: others may follow.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from events.envelope import PositionVector
from events.texts import worded
from services.casework.parts import CaseworkPlatform
from services.gateway import openapi
from services.gateway.bodies import held_bodies
from services.intake.draft import Scope
from services.intake.holding import Holding, Range, holding
from services.intake.keys import Keys
from services.intake.speaking import scope_of, speaking_for_a_branch
from services.vault.signing import Signer, signer_of
from services.web.doors import Doors
from services.web.problems import Problem
from services.web.rates import Rates

KIND = "touchstone receipt v1"

_MAX = 2**63 - 1
_TEXT = "text/plain; charset=utf-8"

Number = Annotated[int | None, Query(ge=0, le=_MAX)]


def receipt_text(origin: str, held: Holding, position: PositionVector, at: datetime) -> str:
    """Return what is signed."""
    return "".join(f"{line}\n" for line in _lines(origin, held, position, at))


def _lines(origin: str, held: Holding, position: PositionVector, at: datetime) -> Iterator[str]:
    yield origin
    yield KIND
    yield f"source {held.source}"
    yield f"epoch {held.epoch}"
    yield f"newest-epoch {'none' if held.newest_epoch is None else held.newest_epoch}"
    yield f"from {held.first}"
    yield f"through {held.through}"
    yield from _ranges("gap", held.gaps)
    yield from _ranges("refused", held.refused)
    yield f"ids sha256 {base64.b64encode(held.ids).decode('ascii')}"
    yield f"taken {held.taken}"
    yield f"position {position.token()}"
    yield f"issued {at:%Y-%m-%dT%H:%M:%S.%fZ}"


def _ranges(word: str, ranges: Iterable[Range]) -> Iterator[str]:
    return (f"{word} {one.first} {one.last}" for one in ranges)


class Notary:
    """Signs for a platform; its key is read, or made, when it is first needed."""

    def __init__(self, platform: CaseworkPlatform, origin: str | None) -> None:
        """Sign as an origin, or as the one that the key was made under."""
        self._platform = platform
        self._origin = origin
        self._signer: Signer | None = None

    async def signer(self) -> Signer:
        """Return what signs. Raises: UsageError, Unavailable, MasterKeyUnusable."""
        if self._signer is None:
            one = self._platform
            self._signer = await signer_of(one.pool, one.vault, one.clock, self._origin)
        return self._signer

    async def receipt(self, held: Holding) -> str:
        """Return the receipt for what is held. Raises: as `signer`, LogMoved."""
        signer = await self.signer()
        position = await self._platform.log.heads()  # after it was read: nothing lies beyond
        return signer.note(receipt_text(signer.origin, held, position, self._platform.clock.now()))


def receipts_router(platform: CaseworkPlatform, rates: Rates, notary: Notary) -> APIRouter:
    """Return the routes under /api/v1/receipts; the application adds the problem handlers."""
    router = APIRouter(prefix="/api/v1", tags=["events"])
    keys = Keys(platform.pool, platform.clock)
    doors = Doors(rates, held_bodies())

    @router.get("/receipts/key", openapi_extra=openapi.RECEIPT_KEY, summary="The public key")
    async def show_key(request: Request) -> Response:
        """Return the key that receipts are checked with, as C2SP signed notes write it."""
        scope = speaking_for_a_branch(await scope_of(keys, doors, request))
        async with doors.calming():
            doors.throttle.enter(str(scope.key_id))
        with doors.asking.slot() as slot:
            signer = await slot.within_patience(notary.signer())
        return as_text(f"{signer.verifier}\n")

    @router.get(
        "/receipts/{source:path}", openapi_extra=openapi.SOURCE_RECEIPT, summary="Ask for a receipt"
    )
    async def show_receipt(
        request: Request,
        source: str,
        epoch: Number = None,
        first: Annotated[int, Query(alias="from", ge=1, le=_MAX)] = 1,
        upto: Number = None,
    ) -> Response:
        """Return a signed statement of what is held of a source of this branch."""
        scope = speaking_for_a_branch(await scope_of(keys, doors, request))
        async with doors.calming():
            doors.throttle.enter(str(scope.key_id))
        asked = _own_source(scope, f"/{source.lstrip('/')}")
        last = _MAX if upto is None else upto
        with doors.asking.slot() as slot:
            held = await slot.within_patience(
                holding(platform.pool, scope.branch_id, asked, epoch=epoch, first=first, last=last)
            )
            note = await slot.within_patience(notary.receipt(held))
        return as_text(note)

    return router


def _own_source(scope: Scope, source: str) -> str:
    """Let a source of the key's own branch pass. Raises: Problem."""
    prefix = f"/branches/{scope.branch_id}/"
    if source.startswith(prefix) and source != prefix and source.isprintable():
        return source
    raise Problem(
        HTTPStatus.FORBIDDEN,
        "not_allowed",
        worded("this is no source of branch %(branch_id)s", branch_id=scope.branch_id),
        worded(
            "ask for /api/v1/receipts%(prefix)s and the device, with the branch's key",
            prefix=prefix,
        ),
        field="source",
    )


def as_text(body: str) -> Response:
    """Return what was signed, as it is."""
    return Response(body, media_type=_TEXT, headers={"Cache-Control": "no-store"})
