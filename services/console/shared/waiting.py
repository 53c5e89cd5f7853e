"""Waiting until the rows reflect a position, so that a writer reads its own writes."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from events.envelope import PositionVector
from events.errors import EventError
from events.texts import worded
from services.console.shared.reading import ReadModel
from services.console.shared.refusals import BadParameter
from services.web.problems import Problem

PATIENCE_S = 5.0
_POLL_S = 0.05


async def wait_until(model: ReadModel, token: str | None, patience_s: float = PATIENCE_S) -> None:
    """Return once the rows reflect the position that a token names; at once without one.

    Raises: Problem (400 for what is no token, 409 for one that this log cannot reach, 503 when
    the projector does not get there in time), Unavailable.
    """
    if token is None:
        return
    try:
        asked = PositionVector.from_token(token)
    except EventError as error:
        raise BadParameter(
            "at_least", worded("it is no position that this platform gave out")
        ) from error
    wanted = model.platform.log.resolve(asked)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    while True:
        progress = await model.progress()
        if wanted is not None and progress.position.reaches(wanted):
            return
        if wanted is None or not progress.heads.reaches(wanted):
            raise Problem(
                HTTPStatus.CONFLICT,
                "position_not_in_log",
                worded("the token names events that this log does not hold"),
                worded(
                    "it comes from another installation or from before a restore: ask without it"
                ),
                field="at_least",
            )
        if loop.time() >= deadline:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "position_not_reached",
                worded(
                    "the rows do not reflect this position after %(patience_s)s s; events that "
                    "wait: %(events_behind)s",
                    patience_s=format(patience_s, ".0f"),
                    events_behind=progress.events_behind,
                ),
                worded("ask again with the same token"),
                field="at_least",
                headers={"Retry-After": "1"},
            )
        await asyncio.sleep(_POLL_S)
