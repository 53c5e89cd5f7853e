"""Finds customers: candidates by tokens, then what is opened of them is compared, letter by letter.

Nothing is told that was not compared with what it stands for, so that no hit is wrong; nothing is
looked at without a bound, so that none takes long however large the company is. What is just what
was typed comes first, then who was heard of last.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from asyncpg import Record

from events.codec import decode
from events.envelope import CustomerId
from events.errors import EventError
from events.policy import Reference as Rules
from services.people.principal import Principal, Right
from services.postgres.pool import Connection, Pool, one_state, translated
from services.postgres.question import Question
from services.postgres.statements import sql
from services.search.entries import Entry, Text, entry_of
from services.search.letters import plain_of
from services.search.persons import Persons
from services.search.phones import region_of
from services.search.references import Reference, references_in
from services.search.terms import Asked, Found, Span, Term, asked_for, find, reference_spans
from services.search.tokens import Kind, Tokens

_MOST_CANDIDATES = 1_000
"""Of more than so many, those heard of last are looked at."""

_RECENT = 10_000
_BY_INDEX_ALONE = "SET LOCAL enable_seqscan = off"
"""Of common tokens the planner expects so many rows that it would rather walk them all."""

_SPARE = 10
_NEVER = date(1, 1, 1)


Seen = Callable[[Sequence[str]], Awaitable[Collection[str]]]
"""Tells whom of some customers whoever asks may see: as the database keeps rows apart."""


@dataclass(frozen=True, slots=True, repr=False)  # a traceback or a log line may show it
class Hit:
    """A customer that was found, by which texts and references, and how well."""

    customer: CustomerId
    branch_id: str | None
    latest: date | None
    is_whole: bool  # something of it is just what was typed
    texts: Sequence[tuple[Text, Sequence[Span]]] = ()
    reference: Reference | None = None
    reference_spans: Sequence[Span] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Results:
    """What was found; `more`: there are others than these."""

    hits: Sequence[Hit]
    more: bool


class Finder:
    """Finds customers for whoever may see them."""

    def __init__(self, pool: Pool, tokens: Tokens, persons: Persons) -> None:
        self._pool = pool
        self._tokens = tokens
        self._persons = persons

    async def search(
        self,
        typed: str,
        principal: Principal,
        rules: Rules,
        now: datetime,
        limit: int,
        seen: Seen,
    ) -> Results:
        """Return the customers that what was typed may mean, of those who may be seen.

        The tokens are asked for without row-level security, under which PostgreSQL leaves their
        index alone; `seen` is what applies it, before anything is opened. No connection is held
        while another is waited for. Raises: Unavailable.
        """
        zones = {rules.zone_of(branch).key for branch in (None, *rules.branches)}
        asked = asked_for(typed, {region_of(zone) for zone in zones})
        with translated():
            async with self._pool.acquire() as connection, one_state(connection, _BY_INDEX_ALONE):
                looked = _Look(connection, self._tokens, principal, limit)
                referred = await looked.references(asked)
                rows = await looked.candidates(asked)
        visible = await seen(
            sorted({*(hit.customer for hit in referred), *(row["customer_id"] for row in rows)})
        )
        found = [hit for hit in referred if hit.customer in visible]
        there = [row for row in rows if row["customer_id"] in visible]
        found += await self._customers(looked, there, asked, rules, now)
        hits: dict[tuple[str, Reference | None], Hit] = {}
        for hit in found:
            hits.setdefault((hit.customer, hit.reference), hit)
        ranked = sorted(hits.values(), key=_rank)
        return Results(ranked[:limit], len(ranked) > limit or looked.left_out)

    async def _customers(
        self, looked: _Look, rows: Sequence[Record], asked: Asked, rules: Rules, now: datetime
    ) -> Sequence[Hit]:
        if not rows:
            return ()
        words = await self._persons.words([CustomerId(row["customer_id"]) for row in rows])
        hits = []
        for row in rows:
            some = words[CustomerId(row["customer_id"])]
            head = some.identity.root_at(CustomerId(row["customer_id"]), now)
            region = region_of(rules.zone_of(row["branch_id"]).key)
            entry = entry_of(some, head, now, region)
            if not looked.sees_persons:
                entry = Entry(head, [text for text in entry.texts if text.field == "id"])
            there = find(asked, entry)
            if there is not None:
                hits.append(_hit(head, row, entry, there))
        return hits


def _hit(head: CustomerId, row: Record, entry: Entry, there: Found) -> Hit:
    """Return a customer with all its own texts, marked where something stands."""
    spans = {id(text): some for text, some in there.spans}
    shown = [
        (text, spans.get(id(text), ()))
        for text in entry.texts
        if id(text) in spans or (text.of == head and not text.is_contact)
    ]
    return Hit(head, row["branch_id"], row["latest"], there.is_whole, shown)


def _rank(hit: Hit) -> tuple[bool, bool, int, str]:
    latest = (hit.latest or _NEVER).toordinal()
    return (not hit.is_whole, hit.reference is None, -latest, hit.customer)


class _Look:
    """One search: what it asks of the index for whom, and whether it left anybody out."""

    def __init__(
        self, connection: Connection, tokens: Tokens, principal: Principal, limit: int
    ) -> None:
        self._connection = connection
        self._tokens = tokens
        self._branches = principal.scope.branches
        self._limit = limit
        self.sees_persons = principal.may(Right.SEE_PERSONS)
        self.left_out = False

    async def candidates(self, asked: Asked) -> Sequence[Record]:
        """Return whom the tokens name, the likeliest first, a few more than are wanted."""
        if not asked.terms:
            return ()
        most = self._limit + _SPARE
        meets = self._meets(asked)
        if meets is None:
            return ()
        whole = self._question()
        whole.conditions.append(f"tokens && {whole.add(self._tokens.of_whole(asked))}::bigint[]")
        first = await self._found(whole, most) if self.sees_persons else []
        found = await self._found(meets, _MOST_CANDIDATES)
        if len(found) == _MOST_CANDIDATES:
            self.left_out = True
            found = await self._recent(meets, most)
            if len(found) < most:
                found += await self._found(meets, most)
        rows = {row["customer_id"]: row for row in (*first, *found)}
        self.left_out = self.left_out or len(rows) > most
        return list(rows.values())[:most]

    async def references(self, asked: Asked) -> Sequence[Hit]:
        """Return what is named as was typed, or ends so."""
        term = asked.reference
        if term is None:
            return ()
        token, ending = self._tokens.of_reference(term.plain)
        rows = await self._referred("r.token", token)
        if term.may_end_reference:
            rows = [*rows, *await self._referred("r.ending", ending)]
        return [hit for row in rows for hit in _referred(row, term)]

    def _question(self) -> Question:
        """Return what holds of all that is asked: of the branches that may be seen."""
        question = Question()
        if self._branches is not None:
            branches = sorted(self._branches)
            own = [self._tokens.of(Kind.BRANCH, branch) for branch in branches]
            question.conditions.append(f"tokens && {question.add(own)}::bigint[]")
            question.conditions.append(f"branch_id = ANY ({question.add(branches)}::text[])")
        return question

    def _meets(self, asked: Asked) -> Question | None:
        question = self._question()
        if not self.sees_persons:
            term = asked.reference
            if term is None:
                return None
            own = [self._tokens.of(Kind.ID, term.plain)]
            if term.may_end_reference:
                own.append(self._tokens.of(Kind.ENDING, term.plain))
            question.conditions.append(f"tokens && {question.add(own)}::bigint[]")
            return question
        for term in asked.terms:
            all_of, any_of = self._tokens.of_term(term)
            if all_of:
                question.conditions.append(f"tokens @> {question.add(all_of)}::bigint[]")
            if any_of:
                question.conditions.append(f"tokens && {question.add(any_of)}::bigint[]")
        return question

    async def _found(self, question: Question, limit: int) -> list[Record]:
        statement = sql("search_found").format(
            conditions=question.where, limit=limit, few=_MOST_CANDIDATES
        )
        return list(await self._connection.fetch(statement, *question.parameters))

    async def _recent(self, question: Question, limit: int) -> list[Record]:
        statement = sql("search_recent").format(
            conditions=question.where, among=_RECENT, limit=limit
        )
        return list(await self._connection.fetch(statement, *question.parameters))

    async def _referred(self, column: str, token: int) -> list[Record]:
        question = Question()
        question.conditions.append(f"{column} = {question.add(token)}")
        if self._branches is not None:
            seen = question.add(sorted(self._branches))
            question.conditions.append(f"s.branch_id = ANY ({seen}::text[])")
        statement = sql("search_referred").format(conditions=question.where, limit=self._limit + 1)
        rows = list(await self._connection.fetch(statement, *question.parameters))
        self.left_out = self.left_out or len(rows) > self._limit
        return rows


def _referred(row: Record, term: Term) -> Iterable[Hit]:
    """Yield what an event names that was typed."""
    try:
        data = decode(row["data"])
    except EventError:  # its customer is parked for it
        return
    seen: set[Reference] = set()
    for reference in references_in(data, str(row["event_id"])):
        whole = term.plain in map(plain_of, reference.written)
        spans = [(0, len(reference.text))] if whole else reference_spans(term, reference.text)
        if spans and reference not in seen:
            seen.add(reference)
            yield Hit(
                CustomerId(row["head"]),
                row["branch_id"],
                row["day"],
                whole,
                reference=reference,
                reference_spans=spans,
            )
