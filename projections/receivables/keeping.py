"""The memo of receivables as it is kept, and the same memo made of that again."""

from __future__ import annotations

import msgspec

from events.calendars import zone
from events.policy import Reference
from projections.books.days import days_in
from projections.books.keeping import Numbers, kept_books
from projections.books.restoring import Parts, fill
from projections.keeping import packed
from projections.receivables.balances import Tally
from projections.receivables.kept import KeptMemo, KeptPromiseState, KeptTally
from projections.receivables.memo import BookMemo
from projections.receivables.promises import Promises, PromiseState
from projections.receivables.reading import Frame

_DECODER = msgspec.msgpack.Decoder(KeptMemo)


def kept_memo(memo: BookMemo) -> bytes:
    """Return a memo, which has assessed, as it is kept."""
    assert memo.frame is not None
    numbers = Numbers(memo.book)
    promises = memo.promises
    return packed(
        KeptMemo(
            at=memo.at,
            books=kept_books(memo.book, numbers),
            branch_id=memo.frame.branch_id,
            zone=memo.frame.zone,
            states=[
                KeptPromiseState(
                    tuple(numbers.items[item] for item in state.items),
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
    )


def memo_again(state: bytes, reference: Reference) -> BookMemo:
    """Return a memo as it was kept under the same rules. Raises: msgspec.DecodeError."""
    told = _DECODER.decode(state)
    memo = BookMemo(reference)
    memo.at = told.at
    memo.frame = Frame(told.branch_id, told.zone)
    parts = fill(memo.book, told.books)
    memo.promises = _promises_again(memo, told, parts)
    for one in told.tallies:
        tally = memo.tallies[one.currency] = Tally()
        tally.settled, tally.days_late = one.settled, one.days_late
    return memo


def _promises_again(memo: BookMemo, told: KeptMemo, parts: Parts) -> Promises:
    promises = Promises(memo.book, days_in(zone(told.zone)))
    for i, (note, one) in enumerate(zip(memo.book.promises, told.states, strict=True)):
        items = tuple(parts.items[n] for n in one.items)
        promises.states.append(PromiseState(note, items, one.judged_at, one.verdict, one.received))
        for item in items:
            promises.by_item.setdefault(item, []).append(i)
    promises.unsettled = told.unsettled
    promises.settled.update(told.settled)
    return promises
