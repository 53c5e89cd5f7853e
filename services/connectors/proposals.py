"""Whose a line of the work list may be: proposals for a person to choose from, never a decision.

They come from what is open at just this amount, from names that are alike, and from whom the
same payer's lines were assigned to before. Each says why it is made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct
from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from events.envelope import CustomerId
from events.policy import Reference
from events.texts import worded
from projections import PROJECTIONS
from services.connectors.worklist import WorkLine
from services.people.principal import Principal
from services.ports import Clock, Vault
from services.postgres.pool import Pool, retried, translated
from services.postgres.statements import sql
from services.rows.row_tables import scoped_tables
from services.search.finding import Finder
from services.search.letters import plain_of
from services.search.persons import Persons
from services.search.terms import LONGEST, asked_for
from services.search.tokens import tokens_of

MOST = 8
_FITTING = 20
_ALIKE = (
    70.0  # of 100, by rapidfuzz's token_set_ratio: below it names have a word in common at most
)
_NAMESAKES = 20


class ProposalPlatform(Protocol):
    """The open parts of a platform that proposals take."""

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


class Proposal(Struct, frozen=True, kw_only=True):
    """A customer whose money it may be, with the invoice that it may pay."""

    customer: CustomerId
    invoice_ids: tuple[str, ...] = ()
    because: tuple[str, ...] = ()  # worded
    score: float = 0.0


class Proposals:
    """Makes proposals for lines, to somebody who sees some customers."""

    def __init__(self, platform: ProposalPlatform, persons: Persons) -> None:
        """Look through a platform's rows and its index of names."""
        self._pool = platform.pool
        self._vault = platform.vault
        self._clock = platform.clock
        self._persons = persons

    async def of(
        self,
        line: WorkLine,
        before: Sequence[WorkLine],
        principal: Principal,
        rules: Reference,
    ) -> Sequence[Proposal]:
        """Return the likeliest customers, the best first; `before` are lines that are assigned.

        Raises: Unavailable.
        """
        fitting = await self._fitting(line, principal)
        named = await self._named(line, principal, rules)
        whose = {one.customer for one in before if one.customer and _same_payer(one, line)}
        past = await self._seen(sorted(whose), principal)
        customers = {*fitting, *named, *past}
        persons = await self._persons.of(customers)
        found = []
        for customer in customers:
            likeness = _likeness(line.payer, persons[customer].name)
            found.append(_proposal(customer, fitting.get(customer, ()), likeness, customer in past))
        ranked = sorted(found, key=lambda one: (-one.score, one.customer))
        return [one for one in ranked if one.because][:MOST]

    async def _fitting(
        self, line: WorkLine, principal: Principal
    ) -> Mapping[CustomerId, Sequence[str]]:
        """Return of whom just so much is open, on which invoices."""
        if line.money.direction != "in":
            return {}
        tables = scoped_tables(PROJECTIONS, principal.scope.branches)
        amount = line.money.amount
        statement = sql("worklist_fitting").format(**tables)
        rows = await retried(
            lambda: self._pool.fetch(statement, amount.currency, amount.minor, _FITTING)
        )
        found: dict[CustomerId, list[str]] = {}
        for row in rows:
            found.setdefault(CustomerId(row["customer_id"]), []).append(row["invoice_id"])
        return found

    async def _named(
        self, line: WorkLine, principal: Principal, rules: Reference
    ) -> Collection[CustomerId]:
        """Return who is found by the words of the payer's name."""
        if not line.payer:
            return ()
        finder = Finder(self._pool, await tokens_of(self._vault), self._persons)
        found: set[CustomerId] = set()

        async def seen(customers: Sequence[str]) -> Collection[str]:
            return await self._seen(customers, principal)

        for typed in _asked(line.payer):
            if asked_for(typed, ()).terms:
                results = await finder.search(
                    typed, principal, rules, self._clock.now(), _NAMESAKES, seen
                )
                found.update(hit.customer for hit in results.hits)
        return found

    async def _seen(self, customers: Sequence[str], principal: Principal) -> Collection[CustomerId]:
        """Return which of some customers may be seen."""
        branches = principal.scope.branches
        if branches is None:
            return [CustomerId(one) for one in customers]
        with translated():
            rows = await self._pool.fetch(sql("directory_at_home"), customers, sorted(branches))
        return [CustomerId(row["customer_id"]) for row in rows]


def _asked(payer: str) -> Sequence[str]:
    """Return what is searched for: the whole name, and its first words without the rest."""
    words = payer.split()
    return list(dict.fromkeys([payer[:LONGEST], " ".join(words[:2])[:LONGEST], words[0][:LONGEST]]))


def _likeness(payer: str | None, name: str | None) -> float:
    if not payer or not name:
        return 0.0
    return float(fuzz.token_set_ratio(_words(payer), _words(name)))


def _words(name: str) -> str:
    """Return the words of a name without case and marks; B.V. is one word."""
    return str(default_process(name.replace(".", "")))


def _same_payer(one: WorkLine, other: WorkLine) -> bool:
    for mine, theirs in ((one.payer_account, other.payer_account), (one.payer, other.payer)):
        if mine and theirs and plain_of(mine) == plain_of(theirs):
            return True
    return False


def _proposal(
    customer: CustomerId, invoices: Sequence[str], likeness: float, assigned_before: bool
) -> Proposal:
    because = []
    if assigned_before:
        because.append(worded("money of this payer was assigned here before"))
    if len(invoices) == 1:
        because.append(worded("just this amount is open on %(invoice)s", invoice=invoices[0]))
    elif invoices:
        because.append(worded("just this amount is open on several invoices"))
    if likeness >= _ALIKE:
        because.append(worded("the names are alike (%(percent)s of 100)", percent=int(likeness)))
    return Proposal(
        customer=customer,
        invoice_ids=tuple(invoices[:1]) if len(invoices) == 1 else (),
        because=tuple(because),
        score=assigned_before * 100.0 + bool(invoices) * 60.0 + max(0.0, likeness - 30.0),
    )
