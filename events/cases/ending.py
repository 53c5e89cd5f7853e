"""Decisions on the end of a case: solved, confirmed by a call, closed, turned away, begun again."""

from __future__ import annotations

from events.cases.asking import Asking, Decision
from events.cases.commands import Close, Decline, MarkDuplicate, RecordCallback, Reopen, Resolve
from events.cases.flows import next_stages
from events.cases.reasons import (
    ATTEMPTS_USED,
    CALLBACK_DUE,
    ITSELF,
    NOT_CLOSED,
    NOT_RESOLVED,
    OBLIGATION_OPEN,
    REASON_WANTED,
)
from events.cases.state import part_id
from events.refusals import Refused, Word, refuse
from events.touchpoints.base import Touchpoint
from events.touchpoints.complaint import (
    CaseClosed,
    CaseDeclined,
    CaseDuplicateFound,
    CaseReopened,
    CaseResolved,
    CustomerTold,
)
from events.touchpoints.contact import CallbackMade, CallbackPromised

SATISFACTION = "satisfaction"
"""The purpose of the call that follows a resolve."""


def resolve(asking: Asking, command: Resolve) -> Decision:
    """Decide that the case is solved: nothing may be owed on it, and a call falls due."""
    case, agent = asking.case, asking.by.agent
    if not asking.is_owner:
        return asking.not_yours("owner")
    refused = asking.not_live() or _obligation_open(asking)
    if refused:
        return refused
    events: list[Touchpoint] = [CaseResolved(case_id=case.case_id, agent=agent, by=agent)]
    due_at = asking.time.end_of_working_day(asking.now, asking.terms.callback_days)
    if due_at is not None:
        callback_id = part_id(case.case_id, "callback", case.resolves + 1)
        events.append(
            CallbackPromised(
                callback_id=callback_id, purpose=SATISFACTION, due_at=due_at, case_id=case.case_id
            )
        )
    told = CustomerTold(case_id=case.case_id, step="resolved", channel=command.channel, by=agent)
    return (*events, told)


def _obligation_open(asking: Asking) -> Refused | None:
    owed = asking.case.owed
    return refuse(OBLIGATION_OPEN, owed=asking.owing(*owed)) if owed else None


def record_callback(asking: Asking, command: RecordCallback) -> Decision:
    """Decide that somebody called back, or tried to; never the owner, who would judge the own work.

    Satisfied closes the case, dissatisfied lets it go on, and the last attempt that reaches
    nobody closes it unconfirmed: by the call itself, without another event.
    """
    case = asking.case
    if "call_centre" not in asking.by.roles or asking.is_owner:
        return asking.not_yours("call_centre")
    if case.status != "resolved":
        if case.status == "closed" and case.attempts >= case.callback_attempts:
            return refuse(ATTEMPTS_USED, most=case.callback_attempts)
        return refuse(NOT_RESOLVED, status=Word(case.status))
    return (
        CallbackMade(
            callback_id=case.callback_id or part_id(case.case_id, "callback", case.resolves),
            outcome=command.outcome,
            minutes=command.minutes,
            case_id=case.case_id,
            scores=command.scores,
            by=asking.by.agent,
        ),
    )


def close(asking: Asking, command: Close) -> Decision:
    """Decide that the case ends without a call-back: by the owner for a reason, or from above."""
    case = asking.case
    if not (asking.is_owner or asking.is_above):
        return asking.not_yours("owner", "above")
    if refused := _obligation_open(asking):
        return refused
    if case.status == "resolved" and case.callback_due_at is not None:
        return refuse(
            CALLBACK_DUE,
            due=case.callback_due_at,
            attempts=case.attempts,
            most=case.callback_attempts,
        )
    if case.status == "closed" and (refused := asking.not_live()):
        return refused
    if not (command.reason or asking.is_above):
        return refuse(REASON_WANTED)
    return (
        CaseClosed(
            case_id=case.case_id, confirmed=False, reason=command.reason, by=asking.by.agent
        ),
    )


def reopen(asking: Asking, command: Reopen) -> Decision:
    """Decide that the case begins again: closed, a new cycle; resolved, the same one goes on.

    What closing cut short of its flow begins again, too.
    """
    case = asking.case
    if case.is_live:
        return refuse(NOT_CLOSED, status=Word(case.status))
    reopened = CaseReopened(case_id=case.case_id, reason=command.reason, by=asking.by.agent)
    return (reopened, *next_stages(asking.rules.reference, case))


def decline(asking: Asking, command: Decline) -> Decision:
    """Decide that we will not do what was asked for."""
    if not asking.is_above:
        return asking.not_yours("above")
    return asking.not_live() or (
        CaseDeclined(case_id=asking.case.case_id, reason=command.reason, by=asking.by.agent),
    )


def mark_duplicate(asking: Asking, command: MarkDuplicate) -> Decision:
    """Decide that the same was told before, in another case."""
    case = asking.case
    if not asking.is_above:
        return asking.not_yours("above")
    if refused := asking.not_live():
        return refused
    if command.duplicate_of == case.case_id:
        return refuse(ITSELF)
    return (
        CaseDuplicateFound(
            case_id=case.case_id, duplicate_of=command.duplicate_of, by=asking.by.agent
        ),
    )
