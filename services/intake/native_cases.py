"""What happens on a native case is decided by commands: nobody publishes it.

A case is native once it has a stream of its own. One whose events others published before, and
that has no stream, is another system's: its events stay welcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from events.envelope import EventId
from events.streams import case_stream
from events.texts import worded
from events.touchpoints.complaint import CaseTouchpoint
from events.touchpoints.contact import CallbackMade, CallbackPromised
from services.intake.answers import EventRefused
from services.intake.draft import Draft
from services.postgres.pool import Pool, retried
from services.postgres.statements import sql

COMMAND_FOR: Mapping[str, str] = {
    "case.assigned": "take",
    "case.replied": "reply",
    "case.handed_off": "hand-off",
    "case.obligation_fulfilled": "fulfil",
    "case.obligation_withdrawn": "withdraw",
    "case.customer_told": "tell-customer",
    "case.waiting_started": "wait",
    "case.waiting_ended": "resume",
    "case.referred": "refer",
    "case.resolved": "resolve",
    "case.closed": "close",
    "case.reopened": "reopen",
    "case.escalated": "escalate",
    "case.escalation_acknowledged": "acknowledge",
    "case.noted": "note",
    "case.priority_set": "set-priority",
    "case.declined": "decline",
    "case.duplicate_found": "mark-duplicate",
    "callback.promised": "resolve",  # which promises the call
    "callback.made": "record-callback",
}
"""The command that records an event of a type; what is not here is recorded by none."""


async def decided_events(pool: Pool, drafts: Sequence[Draft]) -> frozenset[EventId]:
    """Return which of these events are about a native case and not in the log. Raises: Unavailable.

    Asks nothing where none is about a case.
    """
    about = {draft.envelope.id: case_of(draft) for draft in drafts}
    streams = {event_id: case_stream(case) for event_id, case in about.items() if case is not None}
    if not streams:
        return frozenset()
    rows = await retried(lambda: pool.fetch(sql("decided_events"), [*streams], [*streams.values()]))
    return frozenset(row["event_id"] for row in rows)


def case_of(draft: Draft) -> str | None:
    """Return the case whose course an event is a part of."""
    if isinstance(draft.data, CaseTouchpoint | CallbackPromised | CallbackMade):
        return draft.data.case_id
    return None


def refusal(draft: Draft) -> EventRefused:
    """Return why an event about a native case is not let in, and what to send instead."""
    command = COMMAND_FOR.get(draft.envelope.type)
    kept = worded("is about a case that is worked on here, and such a case takes commands alone")
    if command is None:
        remedy = worded("leave it out: no command does this, the platform does it by itself")
        return EventRefused("not_allowed", "data.case_id", kept, remedy)
    return EventRefused(
        "not_allowed",
        "data.case_id",
        worded(
            "is case %(case)s, which is worked on here and takes commands alone",
            case=case_of(draft),
        ),
        worded(
            "send the command with a key of a member of staff: POST %(address)s",
            address=f"/api/v1/cases/{{case_id}}/{command}",
        ),
        kept_reason=kept,
    )
