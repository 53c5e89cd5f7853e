"""The directory: what the platform knows of the numbers, accounts and names of some lines.

It is built from indexed rows for the lines at hand alone, so that its size follows theirs and not
the company's. Numbers, accounts and names are looked up by their keyed tokens; what was found is
compared as a whole before it counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from asyncpg import Record

from events.codec import decode
from events.envelope import CustomerId
from events.errors import EventError
from events.money import Money
from events.touchpoints.base import Touchpoint
from events.touchpoints.order import OrderPlaced
from events.touchpoints.payment import InvoiceIssued, PaymentReceived, PaymentReversed
from projections import PROJECTIONS
from services.connectors.ports import Directory, KnownPayment, Named, OpenItem, Questions
from services.log.merged import each_merged_with
from services.ports import Clock, Vault
from services.postgres.pool import Pool, translated
from services.postgres.statements import sql
from services.rows.row_tables import scoped_tables
from services.search.letters import plain_of
from services.search.persons import Persons
from services.search.references import references_in
from services.search.tokens import Kind, Tokens, tokens_of

_LOG = structlog.get_logger(__name__)

_OWN: Mapping[type[Touchpoint], str] = {
    InvoiceIssued: "invoice",
    OrderPlaced: "order",
    PaymentReceived: "payment",
}
"""Events that say whose something is; others only cite it, and may be wrong about that."""

_MOST_NAMESAKES = 20
_PAYMENTS = [PaymentReceived.event_type, PaymentReversed.event_type]


class DirectoryPlatform(Protocol):
    """The open parts of a platform that the directory takes."""

    @property
    def pool(self) -> Pool:
        """Connections to the database."""
        ...

    @property
    def vault(self) -> Vault:
        """Keys: for names, and the company's own for tokens."""
        ...

    @property
    def clock(self) -> Clock:
        """The time by which words hold."""
        ...


@dataclass(slots=True)
class _Found:
    """What was found so far, and who is merged into whom."""

    named: dict[str, list[Named]] = field(default_factory=dict)
    holders: dict[str, frozenset[CustomerId]] = field(default_factory=dict)
    bearers: dict[str, frozenset[CustomerId]] = field(default_factory=dict)
    callers: dict[str, frozenset[CustomerId]] = field(default_factory=dict)

    @property
    def customers(self) -> set[CustomerId]:
        """Return everybody who was found."""
        found = {one.customer for some in self.named.values() for one in some}
        for group in (self.holders, self.bearers, self.callers):
            found.update(*group.values())
        return found


class Directories:
    """Answers what readings ask, as things are just now."""

    def __init__(self, platform: DirectoryPlatform) -> None:
        """Read a platform's rows and events."""
        self._pool = platform.pool
        self._vault = platform.vault
        self._persons = Persons(platform.pool, platform.vault, platform.clock)
        self._tokens: Tokens | None = None
        self._open = sql("directory_open").format(**scoped_tables(PROJECTIONS, None))

    async def answers(self, asked: Questions) -> Directory:
        """Return what is known of what was asked. Raises: Unavailable."""
        tokens = await self._made()
        found = _Found()
        with translated():
            seen = await self._seen(asked.ids)
            found.named = await self._named(asked.references, tokens)
            found.holders = await self._holders(asked.accounts, tokens)
            found.callers = await self._callers(asked.phones, tokens)
        found.bearers = await self._bearers(asked.names, tokens)
        with translated():
            heads = await self._heads(found.customers)
            open_items = await self._open_items(heads.values())
            payments = await self._payments(asked.returned, heads.values())
        return Directory(
            seen=seen,
            named=found.named,
            holders=found.holders,
            bearers=found.bearers,
            callers=found.callers,
            heads=heads,
            open_items=open_items,
            payments=payments,
        )

    async def payments_of(self, customer: CustomerId, amount: Money) -> Sequence[KnownPayment]:
        """Return a customer's payments of just this amount. Raises: Unavailable."""
        with translated():
            heads = await self._heads({customer})
            payments = await self._payments(frozenset({amount}), heads.values())
        return payments.get(heads.get(customer, customer), ())

    async def _made(self) -> Tokens:
        if self._tokens is None:
            self._tokens = await tokens_of(self._vault)
        return self._tokens

    async def _seen(self, ids: frozenset[str]) -> frozenset[str]:
        if not ids:
            return frozenset()
        rows = await self._pool.fetch(sql("directory_seen"), sorted(ids))
        return frozenset(str(row["event_id"]) for row in rows)

    async def _named(self, plains: frozenset[str], tokens: Tokens) -> dict[str, list[Named]]:
        asked = {tokens.of_reference(plain)[0]: plain for plain in plains}
        if not asked:
            return {}
        rows = await self._pool.fetch(sql("directory_named"), list(asked))
        own: dict[str, list[Named]] = {}
        cited: dict[str, list[Named]] = {}
        for row in rows:
            plain = asked[row["token"]]
            for named, is_own in _meant(row, plain):
                (own if is_own else cited).setdefault(plain, []).append(named)
        return cited | own

    async def _holders(
        self, accounts: frozenset[str], tokens: Tokens
    ) -> dict[str, frozenset[CustomerId]]:
        asked = {tokens.of(Kind.ACCOUNT, one): one for one in accounts}
        if not asked:
            return {}
        found: dict[str, set[CustomerId]] = defaultdict(set)
        for row in await self._pool.fetch(sql("directory_holders"), list(asked)):
            found[asked[row["token"]]].add(CustomerId(row["customer_id"]))
        return {account: frozenset(some) for account, some in found.items()}

    async def _callers(
        self, phones: frozenset[str], tokens: Tokens
    ) -> dict[str, frozenset[CustomerId]]:
        return await self._by_token({tokens.of(Kind.WHOLE, one): one for one in phones})

    async def _bearers(
        self, names: frozenset[str], tokens: Tokens
    ) -> dict[str, frozenset[CustomerId]]:
        """Return whose own name each is: one of a contact person is another's."""
        with translated():
            found = await self._by_token({tokens.of(Kind.WHOLE, one): one for one in names})
        few = {name: some for name, some in found.items() if len(some) <= _MOST_NAMESAKES}
        persons = await self._persons.of({one for some in few.values() for one in some})
        return found | {
            name: frozenset(one for one in some if plain_of(persons[one].name or "") == name)
            for name, some in few.items()
        }

    async def _by_token(self, asked: Mapping[int, str]) -> dict[str, frozenset[CustomerId]]:
        if not asked:
            return {}
        found: dict[str, set[CustomerId]] = defaultdict(set)
        for row in await self._pool.fetch(sql("directory_found"), list(asked)):
            for token in asked.keys() & set(row["tokens"]):
                found[asked[token]].add(CustomerId(row["customer_id"]))
        return {text: frozenset(some) for text, some in found.items()}

    async def _heads(self, customers: set[CustomerId]) -> dict[CustomerId, CustomerId]:
        if not customers:
            return {}
        rows = await self._pool.fetch(sql("directory_heads"), sorted(customers))
        return {CustomerId(row["customer_id"]): CustomerId(row["head"]) for row in rows}

    async def _open_items(self, heads: Iterable[CustomerId]) -> dict[CustomerId, list[OpenItem]]:
        whose = sorted(set(heads))
        found: dict[CustomerId, list[OpenItem]] = {}
        if whose:
            for row in await self._pool.fetch(self._open, whose):
                item = OpenItem(row["invoice_id"], Money(row["balance_minor"], row["currency"]))
                found.setdefault(CustomerId(row["customer_id"]), []).append(item)
        return found

    async def _payments(
        self, amounts: frozenset[Money], heads: Iterable[CustomerId]
    ) -> dict[CustomerId, list[KnownPayment]]:
        """Return the payments of these amounts by whom they belong to, merged or not."""
        if not amounts:
            return {}
        connected = await each_merged_with(self._pool, sorted(set(heads)))
        whose = {one: head for head, some in connected.items() for one in some}
        rows = await self._pool.fetch(sql("directory_payments"), sorted(whose), _PAYMENTS)
        return _known_payments(rows, whose, amounts)


def _meant(row: Record, plain: str) -> Iterable[tuple[Named, bool]]:
    """Yield what of an event is so named, and whether the event says whose it is."""
    try:
        data = decode(row["data"])
    except EventError as error:  # its customer is parked for it
        _LOG.warning("directory_unreadable", event_id=str(row["event_id"]), reason=str(error))
        return
    own = _OWN.get(type(data))
    for reference in references_in(data, str(row["event_id"])):
        if plain_of(reference.text) != plain:
            continue
        text = reference.text
        if reference.kind == "invoice" and isinstance(data, InvoiceIssued):
            text = data.invoice_id  # also where its payment reference was found
        if reference.kind in ("invoice", "order", "payment"):
            customer, head = CustomerId(row["customer_id"]), CustomerId(row["head"])
            yield Named(reference.kind, text, customer, head), reference.kind == own


def _known_payments(
    rows: Sequence[Record],
    whose: Mapping[CustomerId, CustomerId],
    amounts: frozenset[Money],
) -> dict[CustomerId, list[KnownPayment]]:
    received: dict[CustomerId, list[PaymentReceived]] = {}
    reversed_ids: set[str] = set()
    for row in rows:
        try:
            data = decode(row["data"])
        except EventError as error:
            _LOG.warning("directory_unreadable", event_id=str(row["event_id"]), reason=str(error))
            continue
        if isinstance(data, PaymentReversed):
            reversed_ids.add(data.payment_id)
        elif isinstance(data, PaymentReceived) and data.amount in amounts:
            received.setdefault(whose[row["customer_id"]], []).append(data)
    return {
        head: [
            KnownPayment(one.payment_id, one.amount, one.payment_id in reversed_ids) for one in some
        ]
        for head, some in received.items()
    }
