"""Memos that are kept outside of memory, and come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from events.business_time import BusinessTime
from events.facts import Fact
from events.policy import Reference
from projections.books.days import Days
from projections.books.rules import BookRules
from projections.facts import Facts, FactsLeftOut
from projections.keeping import KeptFacts, packed
from projections.protocol import Assessment, Projection
from tests.support.given import CUSTOMER


def kept_and_back(facts: Facts, projection: Projection, reference: Reference) -> Facts:
    """Return facts with their memo as they come back, those that it walked left out.

    Every object of the memo has what it had, and is as often the same.
    """
    if facts.memo is None:
        return facts
    kept = msgspec.msgpack.decode(packed(facts.kept()), type=KeptFacts)
    memo = projection.brought_back(projection.kept(facts.memo), reference)
    assert_same(facts.memo, memo)
    return Facts.brought_back(kept, facts._handles, memo)


def assess(
    projection: Projection, facts: Facts, told: Iterable[Fact], at: datetime, reference: Reference
) -> tuple[Facts, Assessment]:
    """Return an assessment, after reading again what was told where facts left out are needed."""
    try:
        return facts, projection.assess(CUSTOMER, facts, at, reference)
    except FactsLeftOut:
        facts = Facts(told)
        return facts, projection.assess(CUSTOMER, facts, at, reference)


NOT_KEPT = frozenset({"event", "home", "stamp", "alerts"})
"""What is nothing between two facts, what tells assessments apart, and what has no order."""

SHARED = (Reference, BookRules, Days, BusinessTime)
"""What everybody has in common who is assessed under the same rules."""


def assert_same(one: object, other: object) -> None:
    """Hold two graphs of objects to be alike, whatever points to whom."""
    met: dict[int, int] = {}
    waiting = [("memo", one, other)]
    while waiting:
        path, a, b = waiting.pop()
        assert type(a) is type(b), f"{path}: {type(a)} came back as {type(b)}"
        if isinstance(a, SHARED):
            assert a is b, path
        elif isinstance(a, dict | list | tuple | set | frozenset):
            waiting.extend(_held(path, a, b))
        elif not _is_ours(a):
            assert a == b, f"{path}: {a!r} came back as {b!r}"
        elif id(a) in met:
            assert met[id(a)] == id(b), f"{path}: another object"
        else:
            met[id(a)] = id(b)
            waiting.extend(_attributes(path, a, b))
    assert len(set(met.values())) == len(met)


def _is_ours(one: object) -> bool:
    module = type(one).__module__
    return module.startswith(("projections.", "events.")) and not isinstance(one, msgspec.Struct)


def _held(path: str, a: object, b: object) -> Iterator[tuple[str, object, object]]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        assert len(a) == len(b), path
        for (key, value), (other_key, other) in zip(a.items(), b.items(), strict=True):
            yield f"{path} key", key, other_key
            yield f"{path}[{key!r:.50}]", value, other
    elif isinstance(a, list | tuple) and isinstance(b, list | tuple):
        assert len(a) == len(b), path
        for place, (value, other) in enumerate(zip(a, b, strict=True)):
            yield f"{path}[{place}]", value, other
    else:
        assert a == b, path


def _attributes(path: str, a: object, b: object) -> Iterator[tuple[str, object, object]]:
    for name in _names(a):
        if name not in NOT_KEPT:
            has = [hasattr(one, name) for one in (a, b)]
            assert has[0] == has[1], f"{path}.{name}"
            if has[0]:
                yield f"{path}.{name}", getattr(a, name), getattr(b, name)


def _names(one: object) -> list[str]:
    """Return the attributes of an object: of slots, a dictionary, or a compiled class."""
    told = [name for kind in type(one).__mro__ for name in _told_by(kind)]
    return [name for name in (*told, *getattr(one, "__dict__", ())) if not name.startswith("__")]


def _told_by(kind: type) -> Sequence[str]:
    names: Sequence[str] = vars(kind).get("__mypyc_attrs__") or vars(kind).get("__slots__", ())
    return names
