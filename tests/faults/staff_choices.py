"""What a member of staff may do with a case as it stands: the commands that make sense."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec
from msgspec import Struct

from events.touchpoints.policy import Role

CALLER, HEADQUARTERS_STAFF, HEAD = "caller-1", "hq-1", "service-head"

STAFF: Mapping[str, tuple[str | None, *tuple[Role, ...]]] = MappingProxyType(
    {
        "service-1": ("service",),
        "service-2": ("service",),
        HEAD: ("service",),
        "logistics-1": ("logistics",),
        "logistics-head": ("logistics",),
        "sales-1": ("sales",),
        "sales-head": ("sales",),
        CALLER: ("calls", "call_centre"),
        HEADQUARTERS_STAFF: (None, "headquarters"),
    }
)
"""Who works there: the department and the roles."""

_OTHERS = ("logistics", "sales")
_MOST_OWED = 2


class Owed(Struct, frozen=True):
    """What a department owes, as the API shows it."""

    obligation_id: str
    department: str


class Shown(Struct, frozen=True):
    """A case, as the API shows it."""

    case_id: str
    version: int
    status: str
    priority: str
    owner: str | None
    cycle: int
    callback_attempts: int
    owed: Sequence[Owed]


class Event(Struct, frozen=True):
    """One of its events, as the API shows it."""

    type: str
    data: Mapping[str, object]


class _History(Struct, frozen=True):
    case: Shown
    events: Sequence[Event]


class Case(NamedTuple):
    """A case and its events, as somebody saw them."""

    shown: Shown
    events: Sequence[Event]

    @classmethod
    def of(cls, body: bytes) -> Case:
        """Read the answer of the API."""
        found = msgspec.json.decode(body, type=_History)
        return cls(found.case, found.events)

    @property
    def case_id(self) -> str:
        """Return its id."""
        return self.shown.case_id

    @property
    def version(self) -> int:
        """Return its version."""
        return self.shown.version


class Choice(NamedTuple):
    """A command and who gives it."""

    word: str
    by: str
    body: Mapping[str, object] = MappingProxyType({})


def choices(case: Case, due_minutes: int) -> Sequence[Choice]:
    """Return what may be done with a case as it is; what is handed on is due in so many minutes."""
    match case.shown.status:
        case "open" | "waiting":
            return list(_on_a_live_one(case, due_minutes))
        case "resolved":
            outcomes = ("satisfied", "dissatisfied", "unreachable", "unreachable")
            return [Choice("record-callback", CALLER, {"outcome": one}) for one in outcomes]
        case _ if case.shown.cycle == 1:
            return [Choice("reopen", HEAD, {"reason": "it came back"})]
        case _:
            return []


def _on_a_live_one(case: Case, due_minutes: int) -> Iterator[Choice]:
    shown, owner = case.shown, case.shown.owner or "service-1"
    yield from (Choice("take", one) for one in ("service-1", "service-2") if one != owner)
    yield Choice("reply", owner)
    yield Choice("note", owner, {"personal": {"note": "she called again"}})
    yield Choice("set-priority", HEAD, {"priority": _other(shown.priority)})
    if shown.status == "open":
        yield Choice("wait", owner)
    else:
        yield Choice("resume", owner)
    if len(shown.owed) < _MOST_OWED:
        for department in _OTHERS:
            body = {"department": department, "owes": "a visit", "due_minutes": due_minutes}
            yield Choice("hand-off", owner, body)
    for one in shown.owed:
        done = {"obligation_id": one.obligation_id}
        yield Choice("fulfil", f"{one.department}-1", done)
        yield Choice("fulfil", owner, done)
        yield Choice("withdraw", owner, done)
    if not shown.owed:
        yield from [Choice("resolve", owner)] * 3
        yield Choice("close", owner, {"reason": "she thanked us"})
    if not any(event.type == "case.referred" for event in case.events):
        yield Choice("refer", owner, {"department": "sales"})
    for step in _escalated(case):
        yield Choice("acknowledge", HEAD, step)


def _other(priority: str) -> str:
    return "low" if priority != "low" else "medium"


def _escalated(case: Case) -> Iterator[Mapping[str, object]]:
    """Yield the steps that reached the head of the department, of clocks that may still run."""
    for event in case.events:
        said = event.data
        if event.type != "case.escalated" or said["to_role"] != "department_head":
            continue
        if said["cycle"] == case.shown.cycle and said["clock"] != "obligation":
            yield {name: said[name] for name in ("clock", "percent", "cycle")}
