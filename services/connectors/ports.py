"""The seams between formats, transports and what is known: a format never meets a socket.

A format reads bytes to a `Reading`. The reading says what it asks of the directory and makes
touchpoints with its answers; both are pure, so that the same document, feed and directory give
the same touchpoints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, Protocol

from msgspec import Struct

from events.envelope import CustomerId
from events.money import Money
from services.connectors.document import Document, Feed

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Event = dict[str, Json]
"""A CloudEvent as JSON."""

NamedKind = Literal["invoice", "order", "payment"]


class Questions(Struct, frozen=True, kw_only=True):
    """What a part of a reading needs to know; texts are plain (`services.search.letters`)."""

    ids: frozenset[str] = frozenset()  # of events that the log may have already
    references: frozenset[str] = frozenset()  # numbers of invoices, orders and payments
    accounts: frozenset[str] = frozenset()  # of payers
    names: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()  # E.164, or the digits as they are
    returned: frozenset[Money] = frozenset()  # amounts of payments that were taken back


class Named(Struct, frozen=True):
    """What a number stands for, and whose it is; `head` is who the customer is merged into."""

    kind: NamedKind
    id: str
    customer: CustomerId
    head: CustomerId


class OpenItem(Struct, frozen=True):
    """An invoice on which something is open."""

    invoice_id: str
    balance: Money


class KnownPayment(Struct, frozen=True):
    """A payment that came in; the later ones stand behind."""

    payment_id: str
    amount: Money
    is_reversed: bool = False


class Directory(Struct, frozen=True, kw_only=True):
    """What is known of what was asked, as it was at one moment."""

    seen: frozenset[str] = frozenset()  # ids that the log has
    named: Mapping[str, Sequence[Named]] = MappingProxyType({})  # by plain reference
    holders: Mapping[str, frozenset[CustomerId]] = MappingProxyType({})  # by account
    bearers: Mapping[str, frozenset[CustomerId]] = MappingProxyType({})  # by name
    callers: Mapping[str, frozenset[CustomerId]] = MappingProxyType({})  # by phone
    heads: Mapping[CustomerId, CustomerId] = MappingProxyType({})  # of who is merged
    open_items: Mapping[CustomerId, Sequence[OpenItem]] = MappingProxyType({})  # by head
    payments: Mapping[CustomerId, Sequence[KnownPayment]] = MappingProxyType({})  # by head

    def head(self, customer: CustomerId) -> CustomerId:
        """Return who a customer is merged into, itself where it is not."""
        return self.heads.get(customer, customer)


class MadeEvent(Struct, frozen=True, kw_only=True):
    """A touchpoint that is ready to be published, and why it is what it is."""

    key: tuple[str, ...]
    block: str
    event: Event
    because: str  # worded: the rule that decided
    for_worklist: bool = False  # a person is to say what it is


class NotMade(Struct, frozen=True, kw_only=True):
    """A part of a document of which nothing is made, and why."""

    key: tuple[str, ...]
    why: str  # worded


class Made(Struct, frozen=True, kw_only=True):
    """What became of a part of a document: every line stands in exactly one of these lists."""

    events: Sequence[MadeEvent] = ()
    ignored: Sequence[NotMade] = ()
    refused: Sequence[NotMade] = ()
    seen: Sequence[NotMade] = ()  # the log has them already, whatever would be made today


class Reading(Protocol):
    """What a document says, read and checked as a whole, in parts to be made one after another."""

    @property
    def lines(self) -> int:
        """Return how many parts there are."""
        ...

    @property
    def controls(self) -> Sequence[str]:
        """Return what was checked before anything is published, in words."""
        ...

    def asks(self, start: int, stop: int) -> Questions:
        """Return what lines from `start` on and before `stop` need to know."""
        ...

    def made(self, start: int, stop: int, directory: Directory) -> Made:
        """Return what becomes of these lines."""
        ...


class Connector(Protocol):
    """Knows one format."""

    @property
    def format(self) -> str:
        """Return its name, as feeds give it."""
        ...

    @property
    def title(self) -> str:
        """Return what it reads, worded."""
        ...

    @property
    def settings(self) -> type[Struct]:
        """Return the type of a feed's settings; what is unknown is refused by it."""
        ...

    def read(self, document: Document, feed: Feed) -> Reading:
        """Return what a document says. Raises: DocumentRefused, UsageError."""
        ...
