"""What is kept of facts outside of memory: of those a memo walked, that they were told."""

from datetime import timedelta

import msgspec
import pytest

from events.codec import encode
from events.envelope import EventId, Position, RecordedEvent
from events.facts import Fact, fact_of
from events.policy import Reference
from projections.facts import Facts, FactsLeftOut, Memo
from projections.keeping import KeptFacts, digest_of, facts_again, is_among, joined, kept_facts
from services.simulator.history import history, open_books
from services.simulator.plan import Plan
from tests.support.log import START, payment


class Walked(Memo):
    """A memo that has walked so many facts."""

    def __init__(self, count: int) -> None:
        self.stamp: object = None
        self.reference = Reference()
        self._count = count

    @property
    def walked(self) -> int:
        return self._count


def a_fact(number: int) -> Fact:
    submission = payment(number)
    return fact_of(
        RecordedEvent(submission.envelope, Position(1, 0, number), START, submission.data)
    )


def brought_back(facts: Facts) -> Facts:
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(facts.kept()), type=KeptFacts)
    assert facts.memo is not None
    return Facts.brought_back(kept, None, Walked(facts.memo.walked))


def some_facts(count: int, walked: int) -> Facts:
    facts = Facts(a_fact(number) for number in range(count))
    facts.memo = Walked(walked)
    return facts


def test_every_touchpoint_of_a_company_comes_back_as_it_was() -> None:
    plan = Plan.ending_today(START, customers=12)
    facts = [
        fact_of(RecordedEvent(r.envelope, Position(1, 0, n), r.recorded_at, r.data))
        for n, r in enumerate(history(open_books(plan)))
    ]
    assert len({type(fact.data) for fact in facts}) > 10
    back = facts_again(kept_facts(facts))
    assert back == facts
    assert [encode(fact.data) for fact in back] == [encode(fact.data) for fact in facts]


def test_what_was_walked_is_known_and_not_held() -> None:
    back = brought_back(some_facts(10, walked=7))
    assert len(back) == 10
    assert [fact.id for fact in back.after(7)] == [a_fact(n).id for n in (7, 8, 9)]
    assert [fact.id for fact in back.after(9)] == [a_fact(9).id]
    with pytest.raises(FactsLeftOut):
        back.after(6)
    with pytest.raises(FactsLeftOut):
        list(back)


def test_none_counts_twice() -> None:
    back = brought_back(some_facts(10, walked=7))
    assert [back.remember(a_fact(number)) for number in range(10)] == [False] * 10
    assert back.memo is not None
    assert back.remember(a_fact(10))
    assert back.memo is not None
    assert len(back) == 11


def test_one_that_comes_late_among_those_left_out_drops_the_memo() -> None:
    facts = Facts(a_fact(number) for number in (0, 1, 3, 4))
    facts.memo = Walked(4)
    back = brought_back(facts)
    assert back.remember(a_fact(2))
    assert len(back) == 5
    assert back.memo is None
    with pytest.raises(FactsLeftOut):
        back.after(0)


def test_kept_again_all_are_known_and_the_home_is_the_same() -> None:
    back = brought_back(some_facts(10, walked=7))
    back.memo = Walked(10)
    again = brought_back(back)
    assert not any(again.remember(a_fact(number)) for number in range(10))
    assert again.after(10) == []
    assert again.home.branch_at(START + timedelta(days=9)) == a_fact(0).branch_id


def test_an_id_is_found_among_others_and_no_other_is() -> None:
    ids = [EventId(f"E-{number}") for number in range(1_000)]
    digests = joined(joined(b"", ids[:400]), ids[400:])
    assert all(is_among(digest_of(known), digests) for known in ids)
    assert not any(is_among(digest_of(EventId(f"F-{n}")), digests) for n in range(1_000))
    assert not is_among(digest_of(ids[0]), b"")
