"""What happens on a native case is decided by commands: nobody publishes it.

A case is native once it has a stream of its own: an event about it relies on there being none,
and of rivals, who opens the case and who publishes, one comes first. One whose events others
published before, and that has no stream, is another system's: its events stay welcome.
"""

from __future__ import annotations

from collections.abc import Mapping

from events.streams import case_stream
from events.texts import worded
from events.touchpoints.complaint import CaseTouchpoint
from events.touchpoints.contact import CallbackMade, CallbackPromised
from services.intake.answers import EventRefused
from services.intake.draft import Draft
from services.ports import StreamVersion

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
    "case.put_off": "put-off",
    "case.brought_back": "bring-back",
    "callback.promised": "resolve",  # which promises the call
    "callback.made": "record-callback",
}
"""The command that records an event of a type; what is not here is recorded by none."""


def no_stream_for(draft: Draft) -> tuple[StreamVersion, ...]:
    """Return what an event relies on: that the case that it is about, if any, has no stream."""
    case = case_of(draft)
    return () if case is None else (StreamVersion(case_stream(case), 0),)


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
