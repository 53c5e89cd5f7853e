"""An account rests after wrong tries in a row: longer and longer, an hour at most."""

from datetime import UTC, datetime, timedelta

import pytest

from services.people.lockout import locked_until

AT = datetime(2026, 3, 20, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("failures", [0, 1, 4])
def test_a_few_slips_lock_nothing(failures: int) -> None:
    assert locked_until(failures, AT) is None


@pytest.mark.parametrize(
    ("failures", "minutes"), [(5, 1), (6, 2), (7, 4), (8, 8), (10, 32), (11, 60), (1_000_000, 60)]
)
def test_it_rests_twice_as_long_each_time(failures: int, minutes: int) -> None:
    assert locked_until(failures, AT) == AT + timedelta(minutes=minutes)
