"""What the gateway asks of a calendar beyond the types of its fields."""

import pytest

from events.business_time import STANDARD_HOURS
from events.touchpoints.policy import CalendarSet
from services.intake.answers import EventRefused
from services.intake.soundness import check_data
from tests.support.given import instant


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
