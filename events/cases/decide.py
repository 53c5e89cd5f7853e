"""What a command comes to: the events of one unit, or why it is refused. Pure.

The case is the fold of its own stream; who asks, when, and the reference data come in beside it.
All events of a unit take effect at `now`, which is never before the stream's last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from events.cases.asking import Asking, Decision, Rules
from events.cases.commands import (
    Acknowledge,
    AddNote,
    Assign,
    BringBack,
    CaseCommand,
    Close,
    Command,
    Decline,
    Delegate,
    Escalate,
    Fulfil,
    HandOff,
    HoldDunning,
    MarkDuplicate,
    Open,
    PutOff,
    RecordCallback,
    Refer,
    Reopen,
    Reply,
    Resolve,
    Resume,
    SetPriority,
    Snooze,
    Take,
    TellCustomer,
    Wait,
    Withdraw,
)
from events.cases.ending import close, decline, mark_duplicate, record_callback, reopen, resolve
from events.cases.escalating import acknowledge, delegate, escalate, snooze
from events.cases.opening import open_case
from events.cases.reasons import UNKNOWN_CASE
from events.cases.staff import Staff
from events.cases.state import Case
from events.cases.working import (
    add_note,
    assign,
    bring_back,
    fulfil,
    hand_off,
    hold_dunning,
    put_off,
    refer,
    reply,
    resume,
    set_priority,
    take,
    tell_customer,
    wait,
    withdraw,
)
from events.refusals import refuse


def decide(case: Case | None, command: Command, by: Staff, now: datetime, rules: Rules) -> Decision:
    """Return the events of a command, or its refusal; `case` is None before its stream begins."""
    if isinstance(command, Open):
        return open_case(case, command, by, now, rules)
    if case is None:
        return refuse(UNKNOWN_CASE)
    return _DECIDERS[type(command)](Asking(case, by, now, rules), command)


_DECIDERS: Mapping[type[CaseCommand], Callable[[Asking, Any], Decision]] = MappingProxyType(
    {
        Take: take,
        Assign: assign,
        Reply: reply,
        HandOff: hand_off,
        Fulfil: fulfil,
        Withdraw: withdraw,
        TellCustomer: tell_customer,
        Wait: wait,
        Resume: resume,
        Refer: refer,
        Resolve: resolve,
        RecordCallback: record_callback,
        Close: close,
        Reopen: reopen,
        Escalate: escalate,
        Acknowledge: acknowledge,
        Snooze: snooze,
        Delegate: delegate,
        HoldDunning: hold_dunning,
        AddNote: add_note,
        SetPriority: set_priority,
        Decline: decline,
        MarkDuplicate: mark_duplicate,
        PutOff: put_off,
        BringBack: bring_back,
    }
)
