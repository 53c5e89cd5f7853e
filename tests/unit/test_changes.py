"""A customer's assessment goes into a batch's changes whole or not at all."""

from collections.abc import Sequence

import pytest

from events.envelope import CustomerId
from projections.protocol import Assessment, Row, Total
from services.rows.changes import Changes
from services.rows.written import Written
from tests.support.counting import Counting, CountRow
from tests.support.log import START

CUSTOMER = CustomerId("C-1")


class Indivisible(Counting):
    """Cannot say what the rows of one currency share in."""

    def totals(self, row: Row) -> Sequence[Total]:
        assert isinstance(row, CountRow)
        if row.currency == "XXX":
            raise ValueError("of no country")
        return super().totals(row)


def paid(currency: str, minor: int) -> CountRow:
    return CountRow(currency=currency, payments=1, paid_minor=minor, quiet=False)


@pytest.mark.parametrize("bad", [paid("XXX", 1), paid("USD", 2**63)])
def test_what_raises_leaves_nothing_behind(bad: CountRow) -> None:
    changes, written = Changes(), Written(rows={"sums": {("CNY",): paid("CNY", 7)}})
    assessment = Assessment(rows={"sums": [paid("CNY", 8), bad]}, uses=frozenset())
    with pytest.raises((ValueError, OverflowError)):
        changes.add(Indivisible(), CUSTOMER, written, assessment, START)
    assert changes == Changes()
    assert written.rows == {"sums": {("CNY",): paid("CNY", 7)}}


def test_totals_are_what_the_rows_share_in() -> None:
    changes, written = Changes(), Written(rows={"sums": {("CNY",): paid("CNY", 7)}})
    assessment = Assessment(rows={"sums": [paid("USD", 5)]}, uses=frozenset())
    changes.add(Counting(), CUSTOMER, written, assessment, START)
    assert changes.totals == {("paid", "CNY", "", 0): (-1, -7), ("paid", "USD", "", 0): (1, 5)}
    assert changes.deletes == {"sums": [(CUSTOMER, ("CNY",))]}
    assert [row for _, row in changes.upserts["sums"]] == [paid("USD", 5)]
