"""What comes back frozen does all that it did, and what cannot be frozen is refused."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from io import BytesIO
from pickle import UnpicklingError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.policy import Reference
from projections.books.account import Account
from projections.books.records import Invoice, Item
from projections.frozen.freezing import Unfreezable
from projections.frozen.thawing import Unthawable, _Unpickler, thaw
from projections.protocol import Anatomy
from tests.support.frozen import frozen

RULES = Reference()
ITEMS = Anatomy(parts=(Account, Invoice, Item), long={Account: ("items",)})
PLAIN = Anatomy(parts=(), long={})

numbers = st.integers(0, 20)
Change = Callable[[Any], object]


def changes(*kinds: Callable[[int, int], Change]) -> st.SearchStrategy[Sequence[Change]]:
    """Some changes, each of a kind that two numbers make one of."""
    one = st.builds(lambda kind, a, b: kind(a, b), st.sampled_from(kinds), numbers, numbers)
    return st.lists(one, max_size=12)


def thawed(container: object) -> Any:  # noqa: ANN401 - what it stands for
    """Return the container as it comes back."""
    [found] = thaw(frozen(None, PLAIN, RULES, [container]), PLAIN, RULES).long
    assert type(found) is not type(container)
    return found


def done(change: Change, to: object) -> object:
    try:
        return change(to)
    except (IndexError, KeyError, ValueError) as error:
        return type(error)


@given(
    st.lists(numbers, max_size=12),
    changes(
        lambda a, b: lambda one: one.append(a),
        lambda a, b: lambda one: one.insert(a, b),
        lambda a, b: lambda one: one.__setitem__(a, b),
        lambda a, b: lambda one: one.__delitem__(a),
        lambda a, b: lambda one: one.__delitem__(slice(a, b)),
        lambda a, b: lambda one: one[a],
        lambda a, b: lambda one: one[-a],
        lambda a, b: lambda one: one[a:b],
        lambda a, b: lambda one: one[a::-1],
        lambda a, b: lambda one: a in one,
        lambda a, b: lambda one: one.pop(),
        lambda a, b: lambda one: one.remove(a),
        lambda a, b: lambda one: one.extend((a, b)),
        lambda a, b: lambda one: list(reversed(one)),
        lambda a, b: lambda one: (len(one), list(one)),
    ),
)
def test_a_list_that_was_frozen_is_that_list(whole: list[int], changes: Sequence[Change]) -> None:
    back = thawed(whole)
    for change in changes:
        assert done(change, back) == done(change, whole)
    assert list(thawed_again(back)) == whole


def thawed_again(back: object) -> Any:  # noqa: ANN401 - what it stands for
    """Return what came back, after it was frozen and thawed once more."""
    [found] = thaw(frozen(None, PLAIN, RULES, [back]), PLAIN, RULES).long
    return found


@given(
    st.dictionaries(numbers, numbers),
    changes(
        lambda a, b: lambda one: one.__setitem__(a, b),
        lambda a, b: lambda one: one.__delitem__(a),
        lambda a, b: lambda one: one[a],
        lambda a, b: lambda one: one.get(a, b),
        lambda a, b: lambda one: a in one,
        lambda a, b: lambda one: one.pop(a, b),
        lambda a, b: lambda one: one.setdefault(a, b),
        lambda a, b: lambda one: one.update({a: b}),
        lambda a, b: lambda one: (len(one), list(one.items()), list(one.values())),
    ),
)
def test_a_dictionary_that_was_frozen_is_that_dictionary(
    whole: dict[int, int], changes: Sequence[Change]
) -> None:
    back = thawed(whole)
    for change in changes:
        assert done(change, back) == done(change, whole)
    assert list(thawed_again(back).items()) == list(whole.items())


@given(
    st.sets(numbers),
    changes(
        lambda a, b: lambda one: one.add(a),
        lambda a, b: lambda one: one.discard(a),
        lambda a, b: lambda one: one.remove(a),
        lambda a, b: lambda one: a in one,
        lambda a, b: lambda one: (len(one), sorted(one)),
    ),
)
def test_a_set_that_was_frozen_is_that_set(whole: set[int], changes: Sequence[Change]) -> None:
    back = thawed(whole)
    for change in changes:
        assert done(change, back) == done(change, whole)
    assert sorted(thawed_again(back)) == sorted(whole)


def an_account(count: int) -> Account:
    """An account with so many items, each of an invoice of its own."""
    account = Account("CNY")
    for n in range(count):
        invoice = Invoice(f"I-{n}", "CNY", 100, None)
        item = Item(f"I-{n}", invoice, 100, date(2026, 1, 1))
        invoice.items.append(item)
        account.issue(item, datetime(2026, 1, 1, tzinfo=UTC), f"e-{n}")
    return account


def test_a_part_is_one_whoever_points_to_it_and_keeps_what_it_was_told_unread() -> None:
    account = thaw(frozen(an_account(200), ITEMS, RULES), ITEMS, RULES).root
    item = account.items[150]
    item.counted_late = 7
    assert (item.item_id, item.counted_late, item.paid) == ("I-150", 7, 0)
    assert type(item) is Item
    assert item.invoice.items[0] is item
    assert item in account.open_items
    with pytest.raises(AttributeError, match="issued_at"):
        assert item.invoice.issued_at is None
    again = thaw(frozen(account, ITEMS, RULES), ITEMS, RULES).root
    assert again.items[150].counted_late == 7
    assert [one.item_id for one in again.items] == [f"I-{n}" for n in range(200)]


def test_what_two_pages_point_to_and_is_no_part_is_refused() -> None:
    account = an_account(2)
    shared = [1]
    account.items[0].steps = account.items[1].invoice.items = shared  # type: ignore[assignment]
    with pytest.raises(Unfreezable, match="a list is pointed to from two pages"):
        frozen(account, ITEMS, RULES)


def test_other_rules_are_refused() -> None:
    with pytest.raises(Unfreezable, match="other rules"):
        frozen(Reference(), PLAIN, RULES)


def test_nothing_but_what_a_graph_is_made_of_is_loaded() -> None:
    with pytest.raises(Unthawable, match="not part of a frozen graph"):
        thaw(frozen(os.getcwd, PLAIN, RULES), PLAIN, RULES)


@pytest.mark.parametrize(
    "name",
    [
        "builtins eval",
        "projections.frozen.freezing pickle.codecs.builtins.eval",
        "projections.frozen.freezing freeze",
        "projections.protocol uuid",
        "datetime sys",
        "datetimes date",
    ],
)
def test_no_page_names_what_could_run(name: str) -> None:
    named = "".join(f"V{word}\n" for word in name.split()).encode() + b"\x93."
    reader = _Unpickler(BytesIO(named), None)  # type: ignore[arg-type]
    with pytest.raises(UnpicklingError, match="not part of a frozen graph"):
        reader.load()


@pytest.mark.parametrize("damaged", [b"", b"abc", b"\0" * 100])
def test_bytes_of_something_else_are_refused(damaged: bytes) -> None:
    with pytest.raises(Unthawable):
        thaw(damaged, PLAIN, RULES)
