"""What a bulk of commands asks for: one command, and on what it is to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID, uuid5

from msgspec import Struct

from events.cases.staff import Staff
from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from events.refusals import Refused
from services.casework.executing import Answer, Moved
from services.casework.ordering import CommandOn
from services.intake.answers import EventRefused
from services.people.principal import Scope

MOST_ITEMS = 10_000

_ITEMS = UUID("5a1f0f8e-7c0b-5c55-8f0e-4f8f9d0c7b11")
"""Namespace of the keys under which a bulk does each item; chosen once, never to change."""

C = TypeVar("C", bound=Struct, covariant=True)


class Item(Struct, frozen=True):
    """A case or a customer to be commanded, and the version that was seen of it."""

    id: str
    version: int | None = None


class AskedOfMany(Struct, Generic[C], frozen=True, kw_only=True):
    """One command, whoever gives it, and the key under which all of the bulk is done once."""

    command: C
    by: Staff
    scope: Scope  # beyond it there is nothing to be commanded
    reference: Reference
    key: str = ""
    personal: Mapping[str, str] | None = None

    def key_of(self, item: Item) -> str:
        """Return the key of the command on one item: repeated, the bulk does nothing twice."""
        return str(uuid5(_ITEMS, f"{self.key}\x1f{item.id}"))

    def order_on(self, item: Item) -> CommandOn[C]:
        """Return the command as it is given on one item."""
        return CommandOn(
            on=item.id,
            command=self.command,
            by=self.by,
            key=self.key_of(item),
            seen=item.version,
            personal=self.personal,
        )


class Unreadable(NamedTuple):
    """An event of the item cannot be read; why."""

    reason: str


Obstacle = Refused | Moved | EventRefused | Unreadable


class Verdict(NamedTuple):
    """What would become of one item: what would be recorded, or what stands in the way."""

    item: Item
    version: int  # of its stream as it is
    customer: CustomerId | None  # whom it is about
    news: Sequence[Fact] = ()
    obstacle: Obstacle | None = None


class Found(NamedTuple):
    """What a filter finds, and how far the rows had got by which it did."""

    items: Sequence[Item]
    position: str | None


class Subjects(Protocol):
    """What one kind of commands is given on, such as cases."""

    @property
    def at_once(self) -> int:
        """Return how many items are commanded at once; 1: one may decide about the next."""
        ...

    async def tried(self, items: Sequence[Item]) -> Sequence[Verdict]:
        """Return what would become of each of some items, read together. Raises: Unavailable."""
        ...

    async def done(self, item: Item) -> Answer:
        """Do the command on one item. Raises: Unavailable, UnreadableEvent, EventRefused."""
        ...
