"""How commands write instants and counts for people, and what they say to a misspelt word."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from events.calendars import zone
from services.wording import counted, moment, nearest


def test_an_instant_has_its_offset() -> None:
    at = datetime(2026, 3, 20, 2, 0, 59, tzinfo=UTC)
    assert moment(at, zone("Asia/Shanghai")) == "2026-03-20 10:00+08:00"
    assert moment(at, UTC) == "2026-03-20 02:00+00:00"


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 events"), (1, "1 event"), (2, "2 events"), (2_096, "2,096 events")]
)
def test_one_is_singular(count: int, told: str) -> None:
    assert counted(count, "event") == told


def test_a_plural_of_its_own_is_given() -> None:
    assert counted(1, "branch", "branches") == "1 branch"
    assert counted(12, "branch", "branches") == "12 branches"


@pytest.mark.parametrize(
    ("word", "known", "told"),
    [
        ("teirs", {"tiers", "costs"}, "; did you mean 'tiers'?"),
        ("teirs" * 100_000, {"tiers", "costs"}, "; known are costs, tiers"),
        ("teirs", (), ""),
        ("payment_reversed", {"payment_received"}, "; known are payment_received"),
        (
            "payment.payment_reversed",
            {"payment.payment_received", "payment.reversed"},
            "; did you mean 'payment.reversed'?",
        ),
        (
            "payment.recieved",
            {"payment.payment_received"},
            "; did you mean 'payment.payment_received'?",
        ),
        ("invoiceid", {"invoice_id", "payment_id"}, "; did you mean 'invoice_id'?"),
        ("promise_kept", {"promise_made", "visit_made"}, "; known are promise_made, visit_made"),
        (
            "level_1_days",
            {"level_1_days_past_due", "level_2_days"},
            "; did you mean 'level_1_days_past_due'?",
        ),
        ("SH-02", {"SH-01", "BJ-11"}, "; did you mean 'SH-01'?"),
        ("SH", {"HS", "BJ"}, "; known are BJ, HS"),
        ("---", {"a", "b"}, "; known are a, b"),
        ("x", map(str, range(10, 51)), f"; known are {', '.join(map(str, range(10, 50)))}, ..."),
    ],
)
def test_a_misspelt_word_is_told_the_nearest_or_those_there_are(
    word: str, known: Iterable[str], told: str
) -> None:
    assert nearest(word, known) == told
