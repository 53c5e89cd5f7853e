"""A deadline reckoned through a year that is not announced yet may still move, and says so."""

from datetime import date

from msgspec import structs

from events.business_time import STANDARD_HOURS
from events.touchpoints.complaint import ServiceRequested
from events.touchpoints.policy import BranchSet, CalendarSet, PublicDaysSet
from tests.support.cases import Stand, called_back, complaint, handed_off, resolved, story
from tests.support.given import Told, instant, told


def rules(country: str | None, *more: Told) -> tuple[Told, ...]:
    calendar = CalendarSet(
        effective_from=instant("2020-01-01"), calendar_id="desk", hours=STANDARD_HOURS,
        country=country,
    )  # fmt: skip
    branch = BranchSet(
        effective_from=instant("2020-01-01"), branch_id="B-1", name="B", calendar_id="desk"
    )
    return (told(calendar, "2020-01-01"), told(branch, "2020-01-01"), *more)


NOTICE = PublicDaysSet(
    effective_from=instant("2026-11-25"),
    country="CN",
    year=2027,
    holidays=tuple(date(2027, 1, day) for day in (1, 4, 5)),
    makeup_workdays=(date(2027, 1, 2),),
)
"""A notice as it might be: 1 January and the Monday and Tuesday after are off, Saturday is not."""

FILED = complaint("medium", on="2026-12-31 14:00")  # 4 h that day; solution in 24 h


def marks(stands: Stand) -> tuple[bool, bool]:
    return stands.case.response_provisional, stands.case.solution_provisional


def test_days_of_the_next_year_are_provisional_until_they_are_announced() -> None:
    """1 January is off by law; Monday 4, 8 h, Tuesday 5, 8 h, Wednesday 6, 4 h."""
    before = story(FILED, rules=rules("CN")).at("2026-12-31 15:00")
    before.then(response_due_at="2027-01-04 14:00", solution_due_at="2027-01-06 14:00")
    assert marks(before) == (True, True)


def test_once_they_are_announced_the_deadline_moves_and_is_certain() -> None:
    """Saturday 2, 8 h, Wednesday 6, 8 h, Thursday 7, 4 h."""
    published = rules("CN", told(NOTICE, "2026-11-25"))
    after = story(FILED, rules=published).at("2026-12-31 15:00")
    after.then(response_due_at="2027-01-02 14:00", solution_due_at="2027-01-07 14:00")
    assert marks(after) == (False, False)


def test_what_was_known_before_the_notice_is_what_was_shown() -> None:
    late = told(NOTICE, "2026-12-31 16:00")
    told_late = story(FILED, rules=rules("CN", late))
    shown = told_late.known("2026-12-31 15:30").at("2026-12-31 15:30")
    shown.then(solution_due_at="2027-01-06 14:00", solution_provisional=True)
    told_late.at("2026-12-31 15:30").then(
        solution_due_at="2027-01-07 14:00", solution_provisional=False
    )


def test_a_later_record_of_the_same_year_counts_in_place_of_the_earlier() -> None:
    corrected = structs.replace(NOTICE, country="chn", holidays=(date(2027, 1, 1),))
    published = rules("CN", told(NOTICE, "2026-11-25"), told(corrected, "2026-11-26"))
    story(FILED, rules=published).at("2026-12-31 15:00").then(solution_due_at="2027-01-05 14:00")


def test_a_deadline_this_year_and_a_calendar_without_a_country_are_certain() -> None:
    early = complaint("medium", on="2026-12-01 14:00")
    assert marks(story(early, rules=rules("CN")).at("2026-12-01 15:00")) == (False, False)
    assert marks(story(FILED, rules=rules(None)).at("2026-12-31 15:00")) == (False, False)
    assert marks(story(FILED, rules=rules("DE")).at("2026-12-31 15:00")) == (False, False)


def test_what_a_department_owes_and_a_call_back_are_marked_too() -> None:
    owed = story(
        FILED, handed_off("sales", "a note", 8, on="2026-12-31 15:00"), rules=rules("CN")
    ).at("2026-12-31 16:00")
    assert owed.obligation("sales").provisional
    soon = story(
        FILED, handed_off("sales", "a note", 1, on="2026-12-31 15:00"), rules=rules("CN")
    ).at("2026-12-31 16:00")
    assert not soon.obligation("sales").provisional
    done = (FILED, resolved(on="2026-12-31 16:00"))
    story(*done, rules=rules("CN")).at("2026-12-31 17:00").then(
        callback_due_at="2027-01-05 18:00", callback_provisional=True
    )
    over = (*done, called_back("satisfied", on="2026-12-31 16:30"))
    story(*over, rules=rules("CN")).at("2026-12-31 17:00").then(callback_provisional=False)


def test_a_date_that_the_customer_asked_for_is_no_matter_of_holidays() -> None:
    wish = ServiceRequested(
        kind="new_connection", severity="low", wanted_by=instant("2027-01-08 12:00")
    )
    story(told(wish, "2026-12-31 14:00", "complaint"), rules=rules("CN")).at(
        "2026-12-31 15:00"
    ).then(solution_due_at="2027-01-08 12:00", solution_provisional=False)
