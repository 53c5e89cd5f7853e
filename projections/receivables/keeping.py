"""The memo of receivables as it is kept, and the same memo made of that again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from events.calendars import zone
from events.policy import Reference
from projections.books.days import days_in
from projections.books.keeping import Numbers, items_of, kept_books
from projections.books.records import Item
from projections.books.restoring import fill
from projections.books.stage import SharedBooks
from projections.facts import Memo
from projections.keeping import packed
from projections.receivables.balances import Tally
from projections.receivables.kept import KeptMemo, KeptPromiseState, KeptReading, KeptTally
from projections.receivables.memo import BookMemo
from projections.receivables.promises import Promises, PromiseState
from projections.receivables.reading import Frame

_DECODER = msgspec.msgpack.Decoder(KeptMemo)
_READING = msgspec.msgpack.Decoder(KeptReading)


def kept_memo(memo: BookMemo) -> bytes:
    """Return a memo, which has assessed, as it is kept."""
    numbers = Numbers(memo.book)
    reading = _kept_reading(memo, numbers.items)
    return packed(KeptMemo(books=kept_books(memo.book, numbers), reading=reading))


def memo_again(state: bytes, reference: Reference) -> BookMemo:
    """Return a memo as it was kept under the same rules. Raises: msgspec.DecodeError."""
    told = _DECODER.decode(state)
    memo = BookMemo(reference)
    parts = fill(memo.book, told.books)
    _read_again(memo, told.reading, parts.items)
    return memo


class Beside:
    """Keeps what receivables made of books that others walk, without the books."""

    def __init__(self, name: str) -> None:
        self._name = name

    def kept(self, memo: Memo, reference: Reference) -> bytes | None:
        """Return it as it is kept; None: there is nothing that was made under these rules."""
        assert isinstance(memo, SharedBooks)
        mine = memo.readings.get(self._name)
        if not isinstance(mine, BookMemo) or mine.reference is not reference:
            return None
        items = items_of(mine.book) if mine.promises.states else []
        return packed(_kept_reading(mine, {item: number for number, item in enumerate(items)}))

    def bring_back(self, memo: Memo, kept: bytes, reference: Reference) -> BookMemo:
        """Let the memo have it again, and return it. Raises: msgspec.DecodeError."""
        assert isinstance(memo, SharedBooks)
        told = _READING.decode(kept)
        mine = BookMemo(reference, memo.ledger)
        _read_again(mine, told, items_of(mine.book) if told.states else [])
        memo.readings[self._name] = mine
        return mine


def _kept_reading(memo: BookMemo, numbers: Mapping[Item, int]) -> KeptReading:
    assert memo.frame is not None
    promises = memo.promises
    return KeptReading(
        at=memo.at,
        branch_id=memo.frame.branch_id,
        zone=memo.frame.zone,
        states=[
            KeptPromiseState(
                tuple(numbers[item] for item in state.items),
                state.judged_at,
                state.verdict,
                state.received,
            )
            for state in promises.states
        ],
        unsettled=promises.unsettled,
        settled=promises.settled,
        tallies=[
            KeptTally(currency, tally.settled, tally.days_late)
            for currency, tally in memo.tallies.items()
        ],
    )


def _read_again(memo: BookMemo, told: KeptReading, items: Sequence[Item]) -> None:
    """Let a memo that has its books have what was made of them."""
    memo.at = told.at
    memo.frame = Frame(told.branch_id, told.zone)
    memo.promises = _promises_again(memo, told, items)
    for one in told.tallies:
        tally = memo.tallies[one.currency] = Tally()
        tally.settled, tally.days_late = one.settled, one.days_late


def _promises_again(memo: BookMemo, told: KeptReading, all_items: Sequence[Item]) -> Promises:
    promises = Promises(memo.book, days_in(zone(told.zone)))
    notes = memo.book.promises[: len(told.states)]  # others came since they were judged
    for i, (note, one) in enumerate(zip(notes, told.states, strict=True)):
        items = tuple(all_items[n] for n in one.items)
        promises.states.append(PromiseState(note, items, one.judged_at, one.verdict, one.received))
        for item in items:
            promises.by_item.setdefault(item, []).append(i)
    promises.unsettled = told.unsettled
    promises.settled.update(told.settled)
    return promises
