"""How a document is told from a row: by its declared fields, and by no hand."""

from datetime import date

import pytest
from msgspec import Struct

from services.console.shared.documents import Document, Money, tell


class Part(Struct):
    event_id: str
    amount_minor: int


class Sum(Struct):
    item_id: str
    due_on: date
    currency: str
    amount_minor: int
    limit_minor: int | None
    parts: tuple[Part, ...]


class PartDocument(Document):
    event: str | None
    amount: Money


class SumDocument(Document):
    item: str
    due_on: date
    amount: Money
    limit: Money | None
    parts: list[PartDocument]
    age: int


ROW = Sum("A-1", date(2026, 3, 20), "CNY", 1_200, None, (Part("e-1", 700), Part("e-2", 500)))


def test_ids_money_and_what_lies_within_are_found_in_the_row() -> None:
    assert tell(SumDocument, ROW, age=4) == SumDocument(
        item="A-1",
        due_on=date(2026, 3, 20),
        amount=Money(minor=1_200, currency="CNY"),
        limit=None,
        parts=[
            PartDocument(event="e-1", amount=Money(minor=700, currency="CNY")),
            PartDocument(event="e-2", amount=Money(minor=500, currency="CNY")),
        ],
        age=4,
    )


def test_an_amount_of_no_currency_is_no_amount() -> None:
    part = tell(PartDocument, Part("e-1", 0))
    assert part.amount is None


def test_a_field_that_the_row_does_not_have_is_named() -> None:
    with pytest.raises(AttributeError, match="age"):
        tell(SumDocument, ROW)


def test_a_field_is_never_taken_from_the_row_when_it_is_given() -> None:
    assert tell(PartDocument, Part("e-1", 700), event="other", currency="EUR") == PartDocument(
        event="other", amount=Money(minor=700, currency="EUR")
    )
