"""Why a command is refused: the rule, what stands in its way, and what would make it pass.

A reason is written once, in English, beside the rule that gives it; the console has its other
language in its catalogue. What a reason names is put in as it is told: instants in the zone of
whoever reads, words in their language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from msgspec import Struct

from events.money import Money, from_minor
from events.texts import N_

WORDS: Mapping[str, str] = {
    "above": N_("the head of its department, its branch's manager, headquarters"),
    "branch_manager": N_("the manager of its branch"),
    "call_centre": N_("the call centre"),
    "closed": N_("closed"),
    "credit": N_("credit control"),
    "department": N_("its department"),
    "department_head": N_("the head of the department"),
    "headquarters": N_("headquarters"),
    "high": N_("high"),
    "home_branch": N_("somebody of the branch where the customer is at home"),
    "low": N_("low"),
    "medium": N_("medium"),
    "on_it": N_("whoever works on the case"),
    "open": N_("open"),
    "order_entry": N_("order entry"),
    "owing_department": N_("a department that owes something on it"),
    "owner": N_("its owner"),
    "platform": N_("the platform itself"),
    "receivables": N_("receivables"),
    "resolved": N_("resolved"),
    "urgent": N_("urgent"),
    "waiting": N_("waiting on the customer"),
}
"""What the words that a refusal names are called."""


class Reason(Struct, frozen=True):
    """A rule that refuses, and its texts; `%(name)s` in them stands for what is named."""

    rule: str
    detail: str
    remedy: str


class Word(Struct, frozen=True):
    """A word of ours, such as a state or a role, that has a name in each language."""

    code: str


class Department(Struct, frozen=True):
    """A department by its id; whoever reads is told its name, too."""

    department_id: str


class Owing(Struct, frozen=True):
    """What a department owes, and by when; None: never."""

    department: str
    owes: str
    due_at: datetime | None


_PEOPLE = frozenset({"agent", "by", "owner"})
"""What a refusal names members of staff by."""

Named = str | int | datetime | date | Money | Word | Department | Owing | None
"""What a refusal may name; a text is somebody's own and is shown as it is. None: nobody, never."""


class Refused(Struct, frozen=True):
    """A command that was refused; nothing happened."""

    reason: Reason
    named: Mapping[str, Named | tuple[Named, ...]]

    @property
    def rule(self) -> str:
        """Return the rule that refused, as one word."""
        return self.reason.rule


def department(department_id: str | None) -> Department | None:
    """Return a department as a refusal names it; None or an empty id: none."""
    return Department(department_id) if department_id else None


def refuse(reason: Reason, **named: Named | tuple[Named, ...]) -> Refused:
    """Return the refusal for a reason, and what it names."""
    return Refused(reason, named)


class Told(NamedTuple):
    """A refusal in words for people: what is wrong, and the remedy."""

    detail: str
    remedy: str


class Teller(NamedTuple):
    """How a language writes: its texts, its instants, and a list."""

    text: Callable[[str], str]
    instant: Callable[[datetime], str]
    day: Callable[[date], str]
    money: Callable[[Money], str]
    comma: str
    nothing: str  # for an empty list, nobody, or an instant that never comes
    by: str  # what stands between what is owed and its deadline: "%(owed)s by %(due)s"
    department: Callable[[str], str]  # what a department of that id is called
    staff: Callable[[str], str]  # what a member of staff of that number is called

    def tell(self, refused: Refused) -> Told:
        """Return a refusal in the words of the language."""
        named = {
            name: self.staff(value)
            if name in _PEOPLE and isinstance(value, str)
            else self._each(value)
            for name, value in refused.named.items()
        }
        reason = refused.reason
        return Told(self.text(reason.detail) % named, self.text(reason.remedy) % named)

    def _each(self, value: Named | tuple[Named, ...]) -> str:
        if isinstance(value, tuple):
            return self.comma.join(map(self._one, value)) or self.nothing
        return self._one(value)

    def _one(self, value: Named) -> str:
        match value:
            case None:
                return self.nothing
            case datetime():
                return self.instant(value)
            case date():
                return self.day(value)
            case Money():
                return self.money(value)
            case Word(code):
                return self.text(WORDS[code]) if code in WORDS else code
            case Department(department_id):
                return self.department(department_id)
            case Owing(department_id, owes, due_at):
                owed = f"{self.department(department_id)}: {owes}"
                return self.by % {"owed": owed, "due": self._one(due_at)}
            case _:
                return str(value)


def english(tz: tzinfo) -> Teller:
    """Return how programs and logs are told: in English, instants in one zone."""
    return Teller(
        text=_as_it_is,
        instant=lambda at: at.astimezone(tz).isoformat(" ", "minutes"),
        day=date.isoformat,
        money=lambda amount: f"{from_minor(amount.minor, amount.currency)} {amount.currency}",
        comma=", ",
        nothing="none",
        by="%(owed)s by %(due)s",
        department=_as_it_is,
        staff=_as_it_is,
    )


def _as_it_is(text: str) -> str:
    return text
