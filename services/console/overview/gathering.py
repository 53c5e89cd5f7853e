"""What the overview shows, gathered once for all its viewers who see the same."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from events.envelope import CustomerId
from events.policy import Reference
from services.console.alerts.queries import AlertFilter, JournalEntry, alert_journal
from services.console.alerts.standing import StandingFilter, count_alerts
from services.console.cases.board import Board, board
from services.console.overview.rates import WINDOW_S, RateMeter, Rates
from services.console.receivables.ageing import (
    BranchBalance,
    CurrencyAgeing,
    ageing,
    balances_by_branch,
)
from services.console.shared.cursor import CursorSigner
from services.console.shared.freshness import Freshness, page_freshness
from services.console.shared.reading import VALUE, Reader, ReadModel
from services.console.value.pyramid import Pyramid, pyramid
from services.people.principal import Principal, Right
from services.search.persons import Person, Persons

FEED_LENGTH = 6
COLUMN_LENGTH = 4

_SHARE = 20
"""An answer is asked for again once this many times its cost has passed: at most 5% of a core
and of a connection goes into any of them, however large the company."""

T = TypeVar("T")
State = tuple[int, int, date]  # change number, policies in force, day: what figures depend on


class Overview(Struct, frozen=True):
    """Everything on the overview at one instant."""

    at: datetime
    change: int
    reference: Reference
    freshness: Freshness
    rates: Rates
    customers: int
    standing: int  # alerts, counted up to the cap
    ageing: tuple[CurrencyAgeing, ...]
    balances: tuple[BranchBalance, ...]
    feed: tuple[JournalEntry, ...]
    pyramid: Pyramid
    board: Board
    persons: Mapping[str, Person]  # of the feed and the board
    is_past: bool = False  # as of a past instant: nothing comes in
    interrupted: bool = False  # the database went away: these are the last figures known

    @property
    def named(self) -> list[str]:
        """Return whose name or telephone number is shown."""
        return [one for one, person in self.persons.items() if person.name or person.phone]


class Paced(Generic[T]):
    """Keeps an answer while nothing changed, and for a multiple of what asking for it costs."""

    def __init__(self, ask: Callable[[Reader], Awaitable[T]]) -> None:
        self._ask = ask
        self._kept: tuple[State, T] | None = None
        self._due = 0.0

    async def get(self, reader: Reader, state: State) -> T:
        """Return the answer; while it is expensive, perhaps one of a little earlier."""
        started = time.monotonic()
        if self._kept is not None and (self._kept[0] == state or started < self._due):
            return self._kept[1]
        answer = await self._ask(reader)
        ended = time.monotonic()
        self._due = ended + _SHARE * (ended - started)
        self._kept = (state, answer)
        return answer


class OverviewSource:
    """Gathers the overview of one audience; one each, since it counts the events that come."""

    def __init__(
        self,
        model: ReadModel,
        signer: Callable[[], Awaitable[CursorSigner]],
        persons: Persons,
        principal: Principal,
    ) -> None:
        self._model = model
        self._principal = principal
        self._persons = persons
        self._signer = signer
        self._meter = RateMeter()
        self._customers = Paced(count_customers)
        self._ageing = Paced(ageing)
        self._balances = Paced(balances_by_branch)
        self._standing = Paced(lambda reader: count_alerts(reader, StandingFilter()))
        self._feed = Paced(self._latest)
        self._pyramid = Paced(pyramid)
        self._board = Paced(lambda reader: board(reader, COLUMN_LENGTH))

    async def gather(self) -> Overview:
        """Return the overview as it is now. Raises: Unavailable."""
        async with self._model.reading(self._principal) as reader:
            state = _state(reader)
            found = Overview(
                at=reader.at,
                change=reader.progress.change,
                reference=reader.reference,
                freshness=await page_freshness(reader),
                rates=await self._meter.count(reader),
                customers=await self._customers.get(reader, state),
                standing=await self._standing.get(reader, state),
                ageing=await self._ageing.get(reader, state),
                balances=await self._balances.get(reader, state),
                feed=await self._feed.get(reader, state),
                pyramid=await self._pyramid.get(reader, state),
                board=await self._board.get(reader, state),
                persons={},
            )
        return await _named(found, self._principal, self._persons)

    async def _latest(self, reader: Reader) -> tuple[JournalEntry, ...]:
        return await _feed(reader, await self._signer())


async def gather_then(reader: Reader, signer: CursorSigner, persons: Persons) -> Overview:
    """Return the overview of a past instant, in which nothing comes in. Raises: Unavailable."""
    found = Overview(
        at=reader.at,
        change=reader.progress.change,
        reference=reader.reference,
        freshness=await page_freshness(reader),
        rates=Rates((0,) * WINDOW_S, ()),
        customers=await reader.count(reader.statements.sql("overview/count_own_customers")),
        standing=await count_alerts(reader, StandingFilter()),
        ageing=await ageing(reader),
        balances=await balances_by_branch(reader),
        feed=await _feed(reader, signer),
        pyramid=await pyramid(reader),
        board=await board(reader, COLUMN_LENGTH),
        persons={},
        is_past=True,
    )
    return await _named(found, reader.principal, persons)


async def _feed(reader: Reader, signer: CursorSigner) -> tuple[JournalEntry, ...]:
    page = await alert_journal(reader, AlertFilter(), FEED_LENGTH, signer, None)
    return page.entries


async def _named(found: Overview, principal: Principal, persons: Persons) -> Overview:
    """Return an overview with who the customers in it are, for whoever may see that."""
    if not principal.may(Right.SEE_PERSONS):
        return found
    shown = [CustomerId(one) for one in _customers(found)]
    return replace(found, persons={**await persons.of(shown)})


def _customers(overview: Overview) -> Iterator[str]:
    """Yield whom the feed and the board name."""
    yield from (entry.customer_id for entry in overview.feed)
    for column in overview.board.columns:
        yield from (work.customer_id for work in column.work)


def _state(reader: Reader) -> State:
    in_force = reader.reference.count_in_force(reader.at)
    return (reader.progress.change, in_force, reader.today(None))


async def count_customers(reader: Reader) -> int:
    """Return how many customers registered, bought, paid, complained or were visited."""
    if reader.principal.scope.branches is not None:
        return await reader.count(reader.statements.sql("overview/count_own_customers"))
    return await reader.count(
        reader.statements.sql("overview/count_customers"), *reader.version_of(VALUE)
    )
