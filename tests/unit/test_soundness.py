"""What the gateway asks of calendars and holidays beyond the types of its fields."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from msgspec import structs

from events.business_time import STANDARD_HOURS
from events.envelope import BranchId
from events.touchpoints.policy import (
    CalendarSet,
    OpeningHours,
    PublicDaysSet,
    SpecialDay,
    TierLine,
    TierPolicy,
    TierPolicyPublished,
    WorkingHours,
)
from services.intake.answers import EventRefused
from services.intake.draft import Scope
from services.intake.parsing import draft_of
from services.intake.soundness import check_data
from tests.support.given import instant

DAY = date(2026, 2, 16)


def calendar(country: str | None) -> CalendarSet:
    return CalendarSet(
        effective_from=instant("2026-01-01"),
        calendar_id="service",
        hours=STANDARD_HOURS,
        country=country,
    )


@pytest.mark.parametrize("country", [None, "CN", "cn", "DE"])
def test_a_calendar_of_a_known_country_or_of_none_passes(country: str | None) -> None:
    check_data(calendar(country))


@pytest.mark.parametrize("country", ["XX", "China", "C N", ""])
def test_a_calendar_of_an_unknown_country_is_refused_with_field_and_remedy(country: str) -> None:
    with pytest.raises(EventRefused) as refused:
        check_data(calendar(country))
    assert refused.value.field == "data.country"
    assert "country" in refused.value.reason
    assert "ISO 3166" in refused.value.remedy
    assert "data.holidays" in refused.value.remedy


def public_days(**changes: object) -> PublicDaysSet:
    given = {"country": "CN", "year": 2027, "holidays": (date(2027, 1, 1),)} | changes
    return PublicDaysSet(effective_from=instant("2026-11-25"), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"country": "Atlantis"}, "data.country"),
        ({"holidays": (date(2027, 1, 1), date(2026, 12, 31))}, "data.holidays[1]"),
        ({"makeup_workdays": (date(2028, 1, 2),)}, "data.makeup_workdays[0]"),
        ({"makeup_workdays": (date(2027, 1, 1),)}, "data.makeup_workdays"),
    ],
)
def test_a_notice_of_public_holidays_that_contradicts_itself_is_refused(
    changes: dict[str, object], field: str
) -> None:
    check_data(public_days())
    with pytest.raises(EventRefused) as refused:
        check_data(public_days(**changes))
    assert refused.value.field == field


def test_the_notice_that_the_documentation_shows_is_taken() -> None:
    page = (Path(__file__).parents[2] / "docs/howto/public-holidays.md").read_text()
    found = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert found is not None
    draft = draft_of(json.loads(found[1]), Scope(BranchId("headquarters"), headquarters=True))
    check_data(draft.data)
    assert isinstance(draft.data, PublicDaysSet)


@pytest.mark.parametrize("iron", [500, 501])
def test_tiers_whose_lines_do_not_fall_are_refused(iron: int) -> None:
    def published(*lines: int) -> TierPolicyPublished:
        named = zip(("platinum", "gold", "iron"), lines, strict=True)
        tiers = tuple(TierLine(name=name, line_minor=line) for name, line in named)
        policy = TierPolicy(tiers=tiers)
        return TierPolicyPublished(effective_from=instant("2026-01-01"), policy=policy)

    check_data(published(900, 500, 499))
    with pytest.raises(EventRefused) as refused:
        check_data(published(900, 500, iron))
    assert refused.value.field == "data.policy.tiers[2].line_minor"
    assert "gold" in refused.value.reason
    assert "highest down" in refused.value.remedy


def periods(*hours: tuple[int, int]) -> tuple[WorkingHours, ...]:
    return tuple(WorkingHours(opens=opens, closes=closes) for opens, closes in hours)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"hours": (OpeningHours(weekday=1, opens=1320, closes=360),)}, "data.hours[0].closes"),
        ({"hours": (OpeningHours(weekday=1, opens=60, closes=1501),)}, "data.hours[0].closes"),
        (
            {"special_days": (SpecialDay(day=DAY, hours=periods((540, 720), (780, 780))),)},
            "data.special_days[0].hours[1].closes",
        ),
        ({"special_days": (SpecialDay(day=DAY), SpecialDay(day=DAY))}, "data.special_days[1].day"),
        (
            {"special_days": (SpecialDay(day=DAY),), "holidays": (DAY,)},
            "data.special_days[0].day",
        ),
    ],
)
def test_hours_that_contradict_themselves_are_refused(
    changed: dict[str, object], field: str
) -> None:
    with pytest.raises(EventRefused) as refused:
        check_data(structs.replace(calendar(None), **changed))
    assert refused.value.field == field


def test_a_night_shift_and_half_a_holiday_pass() -> None:
    check_data(
        structs.replace(
            calendar("CN"),
            hours=(OpeningHours(weekday=1, opens=1320, closes=1800),),
            special_days=(SpecialDay(day=DAY, hours=periods((540, 720))),),
        )
    )
