"""What a policy's numbers are measured in, as people read it."""

import pytest
from msgspec import inspect

from services.policies.kinds import KINDS
from services.policies.units import in_lines, measured, unit_of


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("drop_days", 30, "30 days"),
        ("overdue_days", [1, 31], "[1,31] days"),
        ("callback_business_days", 2, "2 business days"),
        ("provision", [0, 100], "[0,100] basis points"),
        ("capital_per_day", 150, "150 parts per million"),
        ("callback_attempts", 3, "3"),
        ("weight_model", 0, "0 basis points"),
        ("currency", "CNY", '"CNY"'),
        ("default_limit", None, "null"),
        ("default_limit", {"minor": 5_000, "currency": "CNY"}, "50.00 CNY"),
        ("tiers", [], "[]"),
        (
            "reminder_fees",
            [{"level": 1, "amount": {"minor": 1_500, "currency": "CNY"}}],
            "level 1, amount 15.00 CNY",
        ),
        ("interest_per_year", 46_500, "46500 parts per million"),
        ("tiers", [{"name": "gold", "line_minor": 5_000}], 'name "gold", line 50.00 CNY'),
    ],
)
def test_a_value_is_told_with_its_unit(field: str, value: object, told: str) -> None:
    assert measured(field, value, "CNY") == told


def test_an_amount_of_an_unknown_currency_is_in_minor_units() -> None:
    assert measured("line_minor", 5_000) == "5000 minor units"


def numbers(kind: inspect.Type, name: str) -> set[str]:
    match kind:
        case inspect.IntType():
            return {name}
        case inspect.VarTupleType(item_type=item):
            return numbers(item, name)
        case inspect.StructType(fields=fields):
            return {found for field in fields for found in numbers(field.type, field.name)}
    return set()


def test_every_whole_number_of_every_policy_has_a_unit_or_counts() -> None:
    fields = {n for kind in KINDS.values() for n in numbers(inspect.type_info(kind.record), "")}
    counts = {"callback_attempts", "level", "percent"}
    money = {"minor"}  # of an amount, which has its currency beside it
    assert {name for name in fields if not unit_of(name)} == counts | money


def test_records_that_hold_records_are_told_one_by_one() -> None:
    flows = [{"flow": "f", "stages": [{"stage": "a", "minutes": 60, "after": []}]}]
    assert list(in_lines("flows", flows)) == [
        "flows =",
        '    flow "f"',
        '        stage "a", minutes 60 business minutes',
    ]
    assert list(in_lines("upper_days", (0, 30))) == ["upper_days = [0,30] days"]
