"""Writes the index: customers with the tokens that find them, and what their events name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

import structlog
from asyncpg import Record

from events.codec import decode
from events.customers.identity import MOVES
from events.envelope import CustomerId
from events.errors import EventError
from events.home import Home
from events.policy import Reference as Rules
from events.touchpoints.customer import ContactPersonAdded, CustomerErased
from services.ports import Clock, Vault
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.search.entries import due_at, entry_of
from services.search.letters import plain_of
from services.search.payers import learn_payers
from services.search.persons import PROFILE, Persons, Words
from services.search.phones import region_of
from services.search.references import NAMING_TYPES, references_in
from services.search.tokens import Tokens, tokens_of

_LOG = structlog.get_logger(__name__)

_TELLING = frozenset(
    kind.event_type for kind in (*PROFILE, ContactPersonAdded, CustomerErased, *MOVES)
)
"""Types of events that change how a customer is found."""


class _Row(NamedTuple):
    """A customer as the index keeps it."""

    customer: CustomerId
    head: CustomerId
    branch_id: str | None
    home_named: bool
    tokens: list[int]
    due_at: datetime | None
    read_at: datetime


class Index:
    """The index of one company's customers. What is written twice is written once."""

    def __init__(self, pool: Pool, vault: Vault, clock: Clock) -> None:
        self._pool = pool
        self._vault = vault
        self._clock = clock
        self._persons = Persons(pool, vault, clock)
        self._tokens: Tokens | None = None

    async def take_in(self, events: Sequence[Record], rules: Rules, *, whole: bool = False) -> None:
        """Take in events of customers, as `search_events` gives them.

        `whole`: their customers are written whatever the events say. Raises: Unavailable.
        """
        if not events:
            return
        heard: dict[str, date] = {}
        told: set[str] = set()
        for row in events:
            customer, day = row["customer_id"], row["effective_at"].astimezone(UTC).date()
            heard[customer] = max(day, heard.get(customer, day))
            if whole or row["type"] in _TELLING:
                told.add(customer)
        tokens = await self._made()
        await learn_payers(self._pool, self._vault, tokens, events)
        named = _references(events, tokens)
        with translated():
            unknown = await self._pool.fetch(sql("search_unknown"), [*heard], [*told])
            order = sorted(heard)
            await self._pool.execute(sql("search_heard"), order, [heard[one] for one in order])
            if named:
                await self._pool.execute(sql("search_refer"), *map(list, zip(*named, strict=True)))
        await self.write([CustomerId(row["asked"]) for row in unknown], rules)

    async def write(self, customers: Sequence[CustomerId], rules: Rules) -> None:
        """Write customers, and all whom merges connect with them, as they are found just now.

        Raises: Unavailable.
        """
        if not customers:
            return
        now = self._clock.now()
        with translated():
            read_at = await self._pool.fetchval("SELECT clock_timestamp()")
        words = await self._persons.words(customers)
        everybody = {one for some in words.values() for one in some.told_of}
        with translated():
            rows = await self._pool.fetch(sql("search_homes"), sorted(everybody))
        first = {
            CustomerId(row["customer_id"]): (row["effective_at"], row["branch_id"]) for row in rows
        }
        tokens = await self._made()
        kept: dict[CustomerId, _Row] = {}
        for some in words.values():
            for row in _rows(some, first, tokens, rules, now, read_at):
                kept[row.customer] = row
        with translated():
            await self._pool.executemany(sql("search_keep"), [kept[one] for one in sorted(kept)])

    async def due(self, limit: int) -> Sequence[CustomerId]:
        """Return customers of whom something takes effect by now. Raises: Unavailable."""
        with translated():
            rows = await self._pool.fetch(sql("search_due"), self._clock.now(), limit)
        return [CustomerId(row["customer_id"]) for row in rows]

    async def _made(self) -> Tokens:
        if self._tokens is None:
            self._tokens = await tokens_of(self._vault)
        return self._tokens


def _rows(
    words: Words,
    first: Mapping[CustomerId, tuple[datetime, str]],
    tokens: Tokens,
    rules: Rules,
    now: datetime,
    read_at: datetime,
) -> Iterable[_Row]:
    """Yield the rows of customers whom merges connect: the heads' have the tokens of all."""
    due = due_at(words, now)
    for head, members in words.identity.groups_at(now).items():
        home = Home(fact for one in members for fact in words.told_of.get(one, ()))
        is_named = any(key[0] <= now for key, _ in home.named)
        firsts = [first[one] for one in members if one in first]
        branch = home.branch_at(now) if is_named else min(firsts)[1] if firsts else None
        region = region_of(rules.zone_of(branch).key)
        found = tokens.of_entry(entry_of(words, head, now, region), branch)
        for one in members:
            mine = found if one == head else []
            yield _Row(one, head, branch, is_named, mine, due, read_at)


def _references(events: Sequence[Record], tokens: Tokens) -> list[tuple[int, str, int, UUID, date]]:
    """Return what events name, each once: its token, whose it is, the token of its end."""
    found: dict[tuple[int, str], tuple[int, str, int, UUID, date]] = {}
    for row in events:
        if row["type"] not in NAMING_TYPES:
            continue
        try:
            data = decode(row["data"])
        except EventError as error:
            _LOG.warning("search_unreadable", event_id=str(row["event_id"]), reason=str(error))
            continue
        day = row["effective_at"].astimezone(UTC).date()
        for reference in references_in(data, str(row["event_id"])):
            for plain in map(plain_of, reference.written):
                token, ending = tokens.of_reference(plain)
                key = (token, row["customer_id"])
                if plain and key not in found:
                    found[key] = (token, row["customer_id"], ending, row["event_id"], day)
    return [found[key] for key in sorted(found)]
