"""The commands of the API: the word in the address, what is asked for, and what it must bring."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from events.cases.alerts import AcknowledgeAlert, DelegateAlert, SnoozeAlert
from events.cases.commands import (
    Acknowledge,
    AddNote,
    Assign,
    BringBack,
    CaseCommand,
    Close,
    Decline,
    Delegate,
    Escalate,
    Fulfil,
    HandOff,
    HoldDunning,
    MarkDuplicate,
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
from events.customers.account_commands import (
    AccountCommand,
    CheckCredit,
    ConfirmPayment,
    DisputeInvoice,
    OverrideCredit,
    RecordPromise,
    RejectPayment,
    SetCreditLimit,
    SettleDispute,
)
from events.customers.merging import Merge, Unmerge
from events.customers.profile import ChangeProfile, Register
from events.touchpoints.base import PersonalTouchpoint
from events.touchpoints.complaint import CaseNoted
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered

COMMANDS: Mapping[str, type[CaseCommand]] = MappingProxyType(
    {
        "take": Take,
        "assign": Assign,
        "reply": Reply,
        "hand-off": HandOff,
        "fulfil": Fulfil,
        "withdraw": Withdraw,
        "tell-customer": TellCustomer,
        "wait": Wait,
        "resume": Resume,
        "refer": Refer,
        "resolve": Resolve,
        "record-callback": RecordCallback,
        "close": Close,
        "reopen": Reopen,
        "escalate": Escalate,
        "acknowledge": Acknowledge,
        "snooze": Snooze,
        "delegate": Delegate,
        "hold-dunning": HoldDunning,
        "note": AddNote,
        "set-priority": SetPriority,
        "decline": Decline,
        "mark-duplicate": MarkDuplicate,
        "put-off": PutOff,
        "bring-back": BringBack,
    }
)
"""Every command that somebody may give over HTTP; opening is the platform's own."""

ACCOUNT_COMMANDS: Mapping[str, type[AccountCommand]] = MappingProxyType(
    {
        "check-credit": CheckCredit,
        "override-credit": OverrideCredit,
        "set-credit-limit": SetCreditLimit,
        "dispute-invoice": DisputeInvoice,
        "settle-dispute": SettleDispute,
        "record-promise": RecordPromise,
        "confirm-payment": ConfirmPayment,
        "reject-payment": RejectPayment,
    }
)
"""Every command on a customer's account."""

ALERT_COMMANDS: Mapping[str, type[CaseCommand]] = MappingProxyType(
    {
        "acknowledge": AcknowledgeAlert,
        "snooze": SnoozeAlert,
        "delegate": DelegateAlert,
    }
)
"""Every command on an alert that is about no clock of a case."""

IDENTITY_COMMANDS: Mapping[str, type[Struct]] = MappingProxyType(
    {
        "register": Register,
        "change-profile": ChangeProfile,
        "merge": Merge,
        "unmerge": Unmerge,
    }
)
"""Every command on who a customer is."""

WORDS: Mapping[type[Struct], str] = MappingProxyType(
    {
        kind: word
        for words in (COMMANDS, ACCOUNT_COMMANDS, IDENTITY_COMMANDS, ALERT_COMMANDS)
        for word, kind in words.items()
    }
)
"""The word of each command."""

ON_A_VERSION: frozenset[type[Struct]] = frozenset({Take, Assign, Resolve, Close})
"""Commands that are wrong on another case than was seen: they say which version that was."""


def kept_sealed(kind: type[Struct]) -> type[PersonalTouchpoint] | None:
    """Return the touchpoint whose personal fields a command may bring; None: it brings none.

    They are said in clear under `personal`, and are sealed under the customer's key.
    """
    if issubclass(kind, CaseCommand):
        return CaseNoted  # any event of a case may hold a note
    return _KEPT_SEALED.get(kind)


_KEPT_SEALED: Mapping[type[Struct], type[PersonalTouchpoint]] = MappingProxyType(
    {Register: CustomerRegistered, ChangeProfile: CustomerProfileChanged}
)

MAX_BYTES = 64 * 1024
MAX_VALUES = 1_000
