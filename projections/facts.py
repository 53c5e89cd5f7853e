"""The facts of one customer as projections read them, and what was made of them to go on from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter, lt
from typing import NamedTuple, Protocol

from events.envelope import EventId, FactKey
from events.facts import Fact
from events.home import Home
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.policy import PolicyRecord
from projections.keeping import (
    KeptFacts,
    KeptHome,
    digest_of,
    facts_again,
    is_among,
    joined,
    kept_facts,
)

_FACT_KEY = attrgetter("fact_key")
_SHARE = 8  # of those left out, that more are left out with


class FactsLeftOut(Exception):
    """Facts were asked for that are not held any more: they must be read again."""


class Memo:
    """What a projection worked out of the first `walked` facts; each has a kind of its own.

    `stamp` is that of the assessment it made last, `reference` the rules that it belongs to.
    """

    stamp: object
    reference: Reference

    @property
    def walked(self) -> int:
        """Return how many of the facts it has taken in."""
        raise NotImplementedError


class News(NamedTuple):
    """What was new of some events: facts, and perhaps where the customer of known ones lives."""

    facts: list[Fact]
    moved: bool


class Facts:
    """The touchpoints of one customer that a projection handles, in fact order.

    It is told facts of any kind: of those that are not among `handles` (None: all are) only
    `home` takes note, which knows where the customer is at home.

    Idempotent per event id and indifferent to the order of arrival. Events that arrive in
    fact order, the usual case, are appended; a late one is inserted where it belongs.

    `memo` is what a projection worked out of the facts in order and may go on from instead of
    beginning anew. No answer depends on it: a late fact drops it, and the projection checks
    that it belongs to the same rules and that all it has seen pass had passed by the instant
    asked for. `sharing` says that several projections are told of them, and what they share.

    Those that a memo walked may be left out: what is asked of them then raises FactsLeftOut.
    """

    __slots__ = (
        "_events", "_handles", "_ids", "_left", "_left_ids", "_left_last", "home", "memo",
        "sharing",
    )  # fmt: skip

    def __init__(
        self,
        events: Iterable[Fact] = (),
        handles: frozenset[type[Touchpoint]] | None = None,
    ) -> None:
        self.memo: Memo | None = None
        self.sharing: Sharing | None = None
        self.home = Home()
        self._handles = handles
        self._ids: dict[EventId, None] = {}  # smaller than a set where there are few
        self._events: list[Fact] = []
        self._left = 0  # how many stand before these, and are not held
        self._left_ids = b""
        self._left_last: FactKey | None = None
        self._take_whole(events if isinstance(events, Sequence) else list(events))

    def remember(self, event: Fact) -> bool:
        """Take in one event; return whether what the facts mean may be other than before.

        One that is known already changes nothing.
        """
        moved = self.home.remember(event)
        if self._handles is not None and type(event.data) not in self._handles:
            return moved and len(self) > 0
        return self._insert(event)

    def remember_all(self, events: Sequence[Fact]) -> News:
        """Take in some events; return which were new, and whether the home may be elsewhere."""
        if not self._ids and not self._left:
            self._take_whole(events)
            return News(self._events[:], moved=False)
        fresh: list[Fact] = []
        moved = False
        handles = self._handles
        for event in events:
            moved = self.home.remember(event) or moved
            if (handles is None or type(event.data) in handles) and self._insert(event):
                fresh.append(event)
        return News(fresh, moved)

    def _insert(self, event: Fact) -> bool:
        """Take in an event of a kind that is handled; return whether it was new."""
        events = self._events
        event_id = event.id
        if event_id in self._ids:
            return False
        if self._left and is_among(digest_of(event_id), self._left_ids):
            return False
        self._ids[event_id] = None
        if _follows(event, events[-1]) if events else self._follows_left(event):
            events.append(event)
        else:
            events.insert(bisect_right(events, event.fact_key, key=_FACT_KEY), event)
            self.memo = None
        return True

    def _take_whole(self, dossier: Sequence[Fact]) -> None:
        """Take in a dossier where nothing is known yet: sort at most once, for all together."""
        self.home.take_whole(dossier)
        handles = self._handles
        mine = [fact for fact in dossier if handles is None or type(fact.data) in handles]
        ids: dict[EventId, None] = {fact.id: None for fact in mine}
        if len(ids) < len(mine):  # of what came again, the first counts
            mine = [*{fact.id: fact for fact in reversed(mine)}.values()]
        instants = [fact.effective_at for fact in mine]
        if not all(map(lt, instants, instants[1:])):
            mine.sort(key=_FACT_KEY)
        self._ids = ids
        self._events = mine

    def after(self, count: int) -> Sequence[Fact]:
        """Return the facts that follow the first `count` of them. Raises: FactsLeftOut."""
        if count < self._left:
            raise FactsLeftOut
        return self._events[count - self._left :]

    def __iter__(self) -> Iterator[Fact]:
        return iter(self.after(0))

    def __len__(self) -> int:
        return self._left + len(self._events)

    @property
    def held(self) -> int:
        """Return how many are not left out."""
        return len(self._events)

    def _follows_left(self, event: Fact) -> bool:
        return self._left_last is None or event.fact_key > self._left_last

    def leave_out(self) -> None:
        """Hold the facts no longer that the memo has taken in: it alone goes on from them.

        Of a long dossier not each one at once: their digests are sorted each time.
        """
        if self.memo is None:
            return
        count = self.memo.walked - self._left
        if count <= 0 or count * _SHARE < self._left:
            return
        walked = self._events[:count]
        self._left_ids = joined(self._left_ids, [fact.id for fact in walked])
        self._left_last = walked[-1].fact_key
        self._left += count
        del self._events[:count]
        self._ids = {fact.id: None for fact in self._events}

    def kept(self) -> KeptFacts:
        """Return them as they are kept with their memo, those that it walked left out."""
        assert self.memo is not None
        walked = self._events[: self.memo.walked - self._left]
        return KeptFacts(
            count=self.memo.walked,
            ids=joined(self._left_ids, [fact.id for fact in walked]),
            last=walked[-1].fact_key if walked else self._left_last,
            home=KeptHome(self.home.first, self.home.named),
            later=kept_facts(self._events[len(walked) :]),
        )

    @classmethod
    def brought_back(
        cls, kept: KeptFacts, handles: frozenset[type[Touchpoint]] | None, memo: Memo
    ) -> Facts:
        """Return facts as they were kept, with the memo that walked those left out."""
        facts = cls(handles=handles)
        facts.home.first, facts.home.named = kept.home.first, kept.home.named
        facts._events = facts_again(kept.later)
        facts._ids = {fact.id: None for fact in facts._events}
        facts._left = kept.count
        facts._left_ids = kept.ids
        facts._left_last = kept.last
        facts.memo = memo
        return facts


Walk = Callable[["Facts", Memo | None, datetime, Reference], Memo]
"""What walks a customer's facts to an instant, from where an earlier walk left off if it may."""


class Reading(Protocol):
    """Keeps what a projection made of another's walk, beside the memo of that walk."""

    def kept(self, memo: Memo, reference: Reference) -> bytes | None:
        """Return it as it is kept; None: there is nothing that was made under these rules."""
        ...

    def bring_back(self, memo: Memo, kept: bytes, reference: Reference) -> Memo:
        """Let the memo have it again, and return it. Raises: as Projection.brought_back."""
        ...


class Stage(NamedTuple):
    """A walk of the facts that several projections read, so that it is walked once for all.

    One of them walks, whose memo is that of the walk; of any other `reading` keeps what it made.
    `idle` are kinds of facts that mean nothing to it by themselves as long as no policy of a kind
    was published: it need not be asked about those then.
    """

    name: str
    walk: Walk | None = None
    reading: Reading | None = None
    idle: tuple[tuple[type[Touchpoint], type[PolicyRecord]], ...] = ()

    def idle_under(self, reference: Reference) -> frozenset[type[Touchpoint]]:
        """Return those kinds under the rules as they are."""
        return frozenset(kind for kind, policy in self.idle if not reference.versions(policy))


class Sharing:
    """That all projections of a stage are told of the same facts, and walk them once for all.

    `rules` are those by which they are walked; None: those of whoever asks first.
    """

    __slots__ = ("_walk", "rules")

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self.rules: Reference | None = None

    def walked(self, facts: Facts, at: datetime, reference: Reference) -> Memo:
        """Return the memo of the walk to an instant.

        Should the walk raise something, nothing is shared of these facts any more: it is the
        walker's own fault, and the others walk for themselves.
        """
        memo, facts.memo, facts.sharing = facts.memo, None, None
        found = self._walk(facts, memo, at, self.rules or reference)
        facts.memo, facts.sharing = found, self
        return found


def _follows(event: Fact, other: Fact) -> bool:
    """Return whether an event comes later in fact order; mostly its instant says so."""
    at, before = event.effective_at, other.effective_at
    return at > before or (at == before and event.fact_key > other.fact_key)
