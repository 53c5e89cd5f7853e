"""What a rebuild gathers of a part: a record per row, and of a customer all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from events.envelope import CustomerId
from projections.protocol import Alert, Assessment
from services.rebuild.builds import Build
from services.rebuild.gathering import Gathered
from services.rows.changes import Parked
from tests.support.counting import USED, Counting, CountRow

AT = datetime(2026, 3, 1, tzinfo=UTC)
ONE, OTHER = CustomerId("C-1"), CustomerId("C-2")


def sums(paid_minor: int, currency: str = "CNY") -> CountRow:
    return CountRow(currency=currency, payments=2, paid_minor=paid_minor, quiet=False)


def assessment(rows: Sequence[CountRow], alerts: Sequence[Alert] = ()) -> Assessment:
    return Assessment(rows={"sums": rows}, uses=USED, alerts=alerts, next_change_at=AT)


def gathering() -> Gathered:
    return Gathered(Build(Counting(), 1, 1), policy_count=7)


def test_a_row_is_a_record_in_the_order_of_the_tables_columns() -> None:
    gathered = gathering()
    gathered.add(ONE, 4, assessment([sums(60), sums(5, "EUR")]), AT)
    gathered.add(OTHER, 9, assessment([sums(70)]), AT)
    assert gathered.rows == {
        "sums": [
            (ONE, 4, "CNY", 2, 60, False), (ONE, 4, "EUR", 2, 5, False),
            (OTHER, 9, "CNY", 2, 70, False),
        ]
    }  # fmt: skip
    assert [(one[0], one[2], one[3], one[5], one[6]) for one in gathered.heads] == [
        ("counting_rebuild", ONE, 4, AT, 7), ("counting_rebuild", OTHER, 9, AT, 7),
    ]  # fmt: skip
    shares = [total for row in (sums(60), sums(5, "EUR")) for total in Counting().totals(row)]
    expected = [("counting_rebuild", 1, 4, *share) for share in shares]
    assert [total for total in gathered.totals if total[2] == 4] == expected
    assert [*gathered.uses] == [USED]


@pytest.mark.parametrize("beyond", [2**63, -(2**63) - 1, 10**30])
def test_of_a_customer_whose_sums_no_column_holds_nothing_is_taken_in(beyond: int) -> None:
    gathered = gathering()
    with pytest.raises(OverflowError, match=f"paid_minor of EUR is {beyond}"):
        gathered.add(ONE, 4, assessment([sums(60), sums(beyond, "EUR")]), AT)
    assert (gathered.rows, gathered.heads, gathered.totals) == ({"sums": []}, [], [])


@pytest.mark.parametrize("still", [2**63 - 1, -(2**63), 0])
def test_the_largest_sums_that_a_column_holds_are_taken_in(still: int) -> None:
    gathered = gathering()
    gathered.add(ONE, 4, assessment([sums(still)]), AT)
    assert gathered.rows["sums"] == [(ONE, 4, "CNY", 2, still, False)]


def test_of_rows_with_one_key_the_last_counts_as_in_the_projector() -> None:
    gathered = gathering()
    gathered.add(ONE, 4, assessment([sums(60), sums(61), sums(5, "EUR")]), AT)
    assert [row[4] for row in gathered.rows["sums"]] == [61, 5]


def test_who_is_parked_has_a_head_that_says_why_and_nothing_else() -> None:
    gathered = gathering()
    gathered.park(Parked(ONE, "it cannot be read", None), 4, AT)
    ((_, _, customer, partition, at, change, _, uses, reason, event_id, parked_at),) = (
        gathered.heads
    )
    assert (customer, partition, at, change, uses) == (ONE, 4, AT, None, 0)
    assert (reason, event_id, parked_at) == ("it cannot be read", None, AT)
    assert gathered.rows == {"sums": []}
