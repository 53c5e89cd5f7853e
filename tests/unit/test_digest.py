"""A digest tells answers apart, and nothing else."""

from projections.digest import combine, customer_lines
from tests.support.given import CUSTOMER, RECEIVABLES, given, invoice, paid

STORY = (invoice("A", "1000.00", due="2026-03-01"), paid("P", "600.00", on="2026-03-20 10:00"))


def test_lines_may_come_in_any_order() -> None:
    lines = customer_lines(RECEIVABLES, CUSTOMER, given(*STORY).at("2026-03-25").assessment)
    assert combine(lines) == combine(reversed(lines))
    assert combine(lines) != combine([*lines, lines[0]])


def test_another_balance_or_alert_is_another_digest() -> None:
    digests = {given(*STORY).at(day).digest for day in ("2026-03-19", "2026-03-21", "2026-04-02")}
    assert len(digests) == 3


def test_record_times_do_not_count() -> None:
    late = [fact.recorded_on("2026-05-01") for fact in STORY]
    assert given(*late).at("2026-03-25").digest == given(*STORY).at("2026-03-25").digest
