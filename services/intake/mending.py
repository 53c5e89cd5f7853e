"""A refused event corrected and sent again, or discarded, by an operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from events.envelope import BranchId
from events.texts import worded
from services.errors import UsageError
from services.intake.answers import Answer
from services.intake.draft import Scope
from services.intake.intake import Intake
from services.intake.quarantine import Quarantine
from services.web.strict_json import MalformedBody, parse

_LONGEST_REASON = 400


async def resubmit(
    intake: Intake,
    quarantine: Quarantine,
    any_id: str,
    corrected: bytes | None = None,
    changes: Sequence[str] = (),
) -> Answer:
    """Send a refused event again as its branch's, and settle its entry once it is accepted.

    `corrected` stands in its place; of `changes`, each is PATH=VALUE, or PATH to leave it out.
    An event that is refused again waits on as it was. Raises: UsageError, Unavailable.
    """
    entry = await quarantine.one_waiting(any_id)
    if corrected is None and (entry.cut or entry.event is None):
        raise UsageError(
            worded(
                "the event of %(entry)s is not kept whole: give all of it, corrected",
                entry=entry.quarantine_id,
            )
        )
    try:
        event = parse((entry.event or "").encode() if corrected is None else corrected)
    except MalformedBody as error:
        raise UsageError(worded("the event cannot be read: %(why)s", why=str(error))) from error
    for change in changes:
        _change(event, change)
    scope = Scope(BranchId(entry.branch_id), entry.headquarters)
    [answer] = await intake.submit(scope, [event], keep_refused=False)
    if answer.status != "refused":
        await quarantine.settle(entry, "resubmitted", f"{answer.status} as {answer.id}")
    return answer


async def discard(quarantine: Quarantine, any_id: str, reason: str) -> str:
    """Discard a refused event for a reason; return its entry's id.

    Raises: UsageError, Unavailable.
    """
    if not 1 <= len(reason.strip()) <= _LONGEST_REASON or not reason.isprintable():
        raise UsageError(
            worded("reason: say in 1 to %(most)s characters of one line why", most=_LONGEST_REASON)
        )
    entry = await quarantine.one_waiting(any_id)
    await quarantine.settle(entry, "discarded", reason.strip())
    return entry.quarantine_id


def _change(event: object, change: str) -> None:
    """Make one change in place. Raises: UsageError."""
    path, given, text = change.partition("=")
    *holders, last = path.split(".")
    place = event
    for name in holders:
        place = place.get(name) if isinstance(place, Mapping) else None
    if not isinstance(place, dict) or not last or (not given and last not in place):
        raise UsageError(
            worded("%(path)s is no place in the event, such as data.amount.minor", path=repr(path))
        )
    if not given:
        del place[last]
        return
    try:
        place[last] = msgspec.json.decode(text)
    except msgspec.DecodeError:
        place[last] = text  # a text need not be quoted
