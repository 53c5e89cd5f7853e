"""Promises to pay, judged: kept or broken by the end of their local day (decision 24).

What no later fact can change of a promise is worked out once, so that only promises that are
live, or might still be judged otherwise, cost anything when the books go on.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from events.calendars import INSTANT
from projections.books.account import Account
from projections.books.commitments import PromiseNote
from projections.books.days import Days
from projections.books.ledger import Ledger
from projections.books.records import Entry, Item, Step

Verdict = Literal["live", "kept", "broken"]


class PromiseState(NamedTuple):
    """A promise with the items that it is about and its verdict."""

    note: PromiseNote
    items: Sequence[Item]
    judged_at: datetime
    verdict: Verdict
    received: int  # by the end of its day, or so far


def step_at(item: Item, t: datetime) -> Step | None:
    """Return how an item stood at `t`; None: it was not there yet."""
    steps = item.steps
    if steps and steps[-1].at <= t:
        return steps[-1]
    i = bisect_right(steps, t, key=lambda step: step.at)
    return steps[i - 1] if i else None


def is_open(item: Item, t: datetime) -> bool:
    """Return whether anything of the item was owed at `t`."""
    step = step_at(item, t)
    return step is not None and step.balance > 0


def received(note: PromiseNote, items: Sequence[Item], t: datetime) -> int:
    """Return what the items received in payments since the promise, net, by `t`."""
    return sum(e.amount for item in items for e in item.entries if _counts(e, note, t))


def _counts(entry: Entry, note: PromiseNote, t: datetime) -> bool:
    return (
        entry.source.kind == "payment"
        and entry.serial > note.serial
        and entry.at <= t
        and (entry.undone_at is None or entry.undone_at > t)
    )


class Promises:
    """Every promise in the books as judged at the latest instant asked, in fact order."""

    def __init__(self, book: Ledger, days: Days) -> None:
        self.states: list[PromiseState] = []
        self._book = book
        self._days = days
        self.unsettled: list[int] = []  # those whose state may still become another
        self.settled: Counter[tuple[str, Verdict]] = Counter()  # by currency
        self.by_item: dict[Item, list[int]] = {}

    def judge(self, at: datetime) -> dict[Item, None]:
        """Judge at an instant, not an earlier one than before; return what it was about."""
        notes = self._book.promises
        for note in notes[len(self.states) :]:
            self.unsettled.append(len(self.states))
            self.states.append(PromiseState(note, (), note.at, "live", 0))
        items: dict[Item, None] = {}
        unsettled = []
        for i in self.unsettled:
            before, state = self.states[i], self._judged(self.states[i].note, at)
            self.states[i] = state
            self._file(i, before.items, state.items)
            items.update(dict.fromkeys(before.items))
            items.update(dict.fromkeys(state.items))
            if self._is_settled(state):
                self.settled[state.note.account.currency, state.verdict] += 1
            else:
                unsettled.append(i)
        self.unsettled = unsettled
        return items

    def about(self, item: Item) -> Iterator[PromiseState]:
        """Yield the promises about an item, in fact order."""
        for i in self.by_item.get(item, ()):
            yield self.states[i]

    def name(self, item: Item) -> bool:
        """Return whether any promise is about an item."""
        return bool(self.by_item.get(item))

    def live(self) -> Iterator[PromiseState]:
        """Yield those whose day is not over."""
        for i in self.unsettled:
            if self.states[i].verdict == "live":
                yield self.states[i]

    def with_open_items(self) -> Iterator[PromiseState]:
        """Yield those about anything that is open now."""
        if self.by_item:
            accounts = self._book.accounts.values()
            items = (item for account in accounts for item in account.open_items)
            for i in sorted({i for item in items for i in self.by_item.get(item, ())}):
                yield self.states[i]

    def counts(self, account: Account) -> dict[Verdict, int]:
        """Return how many promises in a currency have each verdict."""
        found: dict[Verdict, int] = {
            verdict: self.settled[account.currency, verdict]
            for verdict in ("live", "kept", "broken")
        }
        for i in self.unsettled:
            if self.states[i].note.account is account:
                found[self.states[i].verdict] += 1
        return found

    def _file(self, i: int, before: Sequence[Item], after: Sequence[Item]) -> None:
        if before == after:
            return
        for item in before:
            self.by_item[item].remove(i)
        for item in after:
            insort(self.by_item.setdefault(item, []), i)

    def _is_settled(self, state: PromiseState) -> bool:
        """Whether no later fact can change it: its day and instant are over, its items were seen.

        An invoice that it names and that is issued later was not open when its day was over.
        """
        note = state.note
        return (
            state.judged_at <= self._book.walked_at
            and note.at < self._book.walked_at
            and all(self._book.items_of(ref) is not None for ref in note.invoice_ids)
        )

    def _judged(self, note: PromiseNote, at: datetime) -> PromiseState:
        """Judge a promise when its local day has ended.

        Kept: its items received the amount in payments after it was made and before the day
        was over, or had nothing open any more by then. A payment of the next day's first
        instant is a day late.
        """
        items = self._items(note)
        judged_at = max(self._days.start(note.promised_on.toordinal() + 1), note.at)
        if at < judged_at:
            return PromiseState(note, items, judged_at, "live", received(note, items, at))
        eve = judged_at - INSTANT
        got = received(note, items, eve)
        closed = bool(items) and not any(is_open(item, eve) for item in items)
        kept = got >= note.amount or closed
        return PromiseState(note, items, judged_at, "kept" if kept else "broken", got)

    def _items(self, note: PromiseNote) -> Sequence[Item]:
        """The invoices named; else all overdue when it was made; else all that was open."""
        if note.invoice_ids:
            found = {
                item.item_id: item
                for ref in note.invoice_ids
                for item in self._book.items_of(ref) or ()
                if item.invoice.currency == note.account.currency
            }
            return tuple(found.values())
        made_on = self._days.of(note.at)
        owing = note.owing.items if note.owing is not None else ()
        steps = [(item, step_at(item, note.at)) for item in dict.fromkeys(owing)]
        owed = [(item, step.due_on) for item, step in steps if step is not None and step.balance]
        overdue = tuple(item for item, due_on in owed if due_on.toordinal() < made_on)
        return overdue or tuple(item for item, _ in owed)
