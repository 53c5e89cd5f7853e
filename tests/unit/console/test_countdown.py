"""Countdowns tell business time, and a pyramid stands on its axis."""

import re
from datetime import UTC, datetime, timedelta

from events.business_time import STANDARD_HOURS
from events.calendars import zone
from events.policy import Reference
from events.touchpoints.policy import BranchSet, CalendarSet
from services.console.overview.charts import Bar, Words, pyramid_chart
from services.console.shared.countdown import countdown
from services.console.shared.i18n import speaker
from tests.support.touchpoints import recorded

EARLY = datetime(2020, 1, 1, tzinfo=UTC)
REFERENCE = Reference(
    [
        recorded(CalendarSet(effective_from=EARLY, calendar_id="desk", hours=STANDARD_HOURS), 0),
        recorded(BranchSet(effective_from=EARLY, branch_id="B-1", name="B", calendar_id="desk"), 1),
    ]
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone("Asia/Shanghai"))


FRIDAY, MONDAY = local("2026-03-20T16:30"), local("2026-03-23T11:30")


def test_what_is_left_counts_working_hours_only() -> None:
    left = countdown(REFERENCE, "B-1", FRIDAY, MONDAY)
    assert (left.left_s, left.over_s, left.is_over) == (4 * 3600, 0, False)


def test_what_is_over_counts_working_hours_only() -> None:
    over = countdown(REFERENCE, "B-1", MONDAY, FRIDAY)
    assert (over.left_s, over.over_s, over.is_over) == (0, 4 * 3600, True)


def test_a_deadline_of_this_instant_is_over() -> None:
    assert countdown(REFERENCE, "B-1", MONDAY, MONDAY).is_over
    assert not countdown(REFERENCE, "B-1", MONDAY - timedelta(seconds=1), MONDAY).is_over


def test_a_deadline_outside_working_hours_is_not_over_before_it_is_reached() -> None:
    saturday = local("2026-03-21T10:00")
    assert not countdown(REFERENCE, "B-1", saturday, saturday + timedelta(hours=1)).is_over


def test_a_clock_that_stands_still_keeps_what_is_left() -> None:
    still = countdown(REFERENCE, "B-1", MONDAY, None, 90)
    assert (still.due_at, still.left_s, still.is_over) == (None, 90, False)


def test_time_left_through_a_year_that_is_not_announced_is_provisional() -> None:
    china = [
        recorded(
            CalendarSet(
                effective_from=EARLY, calendar_id="desk", hours=STANDARD_HOURS, country="CN"
            ),
            0,
        ),
        recorded(BranchSet(effective_from=EARLY, branch_id="B-1", name="B", calendar_id="desk"), 1),
    ]
    eve, later = local("2026-12-31T16:00"), local("2027-01-06T10:00")
    assert countdown(Reference(china), "B-1", eve, later).provisional
    assert not countdown(REFERENCE, "B-1", eve, later).provisional
    assert not countdown(Reference(china), "B-1", FRIDAY, MONDAY).provisional


def test_working_time_is_said_in_hours_and_minutes() -> None:
    assert speaker("en").working_time(4 * 3600 + 5 * 60 + 59) == "4 h 5 min of business time"
    assert speaker("zh-CN").working_time(59 * 60) == "营业时间 59 分钟"


def test_the_levels_of_a_pyramid_stand_on_one_axis() -> None:
    bars = [Bar("Gold", 1, "1", "tier-0"), Bar("<Lead>", 400, "400", "tier-1")]
    drawn = str(pyramid_chart(Words("p", "Pyramid", "by tier"), bars))
    places = re.findall(r'<rect class="bar tier-\d" x="([\d.]+)%" y="\d+" width="([\d.]+)%"', drawn)
    middles = {float(x) + float(width) / 2 for x, width in places}
    assert middles == {23.0}
    assert min(float(width) for _, width in places) >= 2
    assert "&lt;Lead&gt;" in drawn
