"""A digest tells answers apart, and nothing else."""

from events.envelope import CustomerId
from projections.digest import RunningDigest, combine, customer_lines
from tests.support.given import CUSTOMER, RECEIVABLES, given, invoice, paid

STORY = (invoice("A", "1000.00", due="2026-03-01"), paid("P", "600.00", on="2026-03-20 10:00"))


def test_lines_may_come_in_any_order() -> None:
    lines = customer_lines(RECEIVABLES, CUSTOMER, given(*STORY).at("2026-03-25").assessment)
    assert combine({CUSTOMER: lines}) == combine({CUSTOMER: lines[::-1]})
    assert combine({CUSTOMER: lines}) != combine({CUSTOMER: [*lines, lines[0]]})


def test_customers_may_be_told_in_any_order_and_one_without_a_line_leaves_no_trace() -> None:
    a, b, c = CustomerId("A"), CustomerId("B"), CustomerId("C")
    assert combine({a: [b"1"], b: [b"2"]}) == combine({b: [b"2"], c: [], a: [b"1"]})
    assert combine({a: [b"1", b"2"]}) != combine({a: [b"1"], b: [b"2"]})


def test_parts_of_the_company_may_be_digested_apart() -> None:
    whole, part, other = RunningDigest(), RunningDigest(), RunningDigest()
    for lines in ([b"1"], [b"2", b"3"], [b"4"]):
        whole.add(lines)
    other.add([b"4"])
    part.add([b"2", b"3"])
    part.add([b"1"])
    part.merge(other.product)
    assert part.hexdigest() == whole.hexdigest() != RunningDigest().hexdigest()


def test_another_balance_or_alert_is_another_digest() -> None:
    digests = {given(*STORY).at(day).digest for day in ("2026-03-19", "2026-03-21", "2026-04-02")}
    assert len(digests) == 3


def test_record_times_do_not_count() -> None:
    late = [fact.recorded_on("2026-05-01") for fact in STORY]
    assert given(*late).at("2026-03-25").digest == given(*STORY).at("2026-03-25").digest
