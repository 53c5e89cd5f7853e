"""Members of staff and offices are shown by name wherever somebody acts."""

from datetime import UTC, datetime

import pytest

from events.cases.reasons import NOT_YOURS
from events.cases.staff import BY_ITSELF
from events.policy import Reference
from events.refusals import refuse
from events.touchpoints.policy import BranchSet, StaffSet
from services.casework.problems import staff_teller
from services.console.shared.reading import branch_names
from services.console.shared.staff import staff_of
from tests.support.given import recorded_events, told

SINCE = datetime(2026, 3, 2, tzinfo=UTC)


def company(*published: StaffSet | BranchSet) -> Reference:
    return Reference(
        recorded_events(
            told(one, one.effective_from.isoformat(), str(n)) for n, one in enumerate(published)
        )
    )


def member(number: str, name: str | None = None, name_en: str | None = None) -> StaffSet:
    return StaffSet(
        effective_from=SINCE, staff_id=number, branch_id="HQ", name=name, name_en=name_en
    )


@pytest.mark.parametrize(("language", "shown"), [("en", "Fang Wang"), ("zh-CN", "王芳")])
def test_a_name_is_shown_and_the_number_is_at_hand(language: str, shown: str) -> None:
    staff = staff_of(company(member("S-1", "王芳", "Fang Wang")), language)
    assert str(staff("S-1")) == f'<span title="S-1"><bdi>{shown}</bdi></span>'
    assert staff.called("S-1") == f"{shown} (S-1)"


def test_one_spelling_serves_both_languages_and_no_name_is_the_number() -> None:
    staff = staff_of(company(member("S-1", "王芳"), member("S-2")), "en")
    assert "王芳" in staff("S-1")
    assert (str(staff("S-2")), staff.called("S-2")) == ("<bdi>S-2</bdi>", "S-2")
    assert str(staff("nobody")) == "<bdi>nobody</bdi>"


def test_two_of_one_name_are_told_apart_by_their_numbers() -> None:
    staff = staff_of(company(member("S-1", "王芳"), member("S-2", "王芳")), "zh-CN")
    assert "<small>S-1</small>" in staff("S-1")
    assert "<small>S-2</small>" in staff("S-2")


def test_a_name_is_text_and_no_markup() -> None:
    staff = staff_of(company(member("<i>", "<b>x</b>")), "en")
    assert "<b>" not in staff("<i>")
    assert "<i>" not in staff("<i>")


@pytest.mark.parametrize(("language", "shown"), [("en", "Headquarters"), ("zh-CN", "总部")])
def test_where_headquarters_works_has_a_name_without_being_a_branch(
    language: str, shown: str
) -> None:
    office = StaffSet(effective_from=SINCE, staff_id="H-1", branch_id="HQ", roles=("headquarters",))
    names = branch_names(company(office), language)
    assert (names["HQ"], names["headquarters"]) == (shown, shown)
    branch = BranchSet(effective_from=SINCE, branch_id="HQ", name="Haupthaus", zone="Asia/Shanghai")
    assert branch_names(company(office, branch), language)["HQ"] == "Haupthaus"


def test_a_refusal_names_people() -> None:
    reference = company(member("S-1", "王芳", "Fang Wang"))
    refused = refuse(NOT_YOURS, by="S-1", who=(), owner="S-2", department=None)
    said = staff_teller(reference, BY_ITSELF, "en").tell(refused)
    assert said.detail.startswith("Fang Wang (S-1) may not do that")
    assert "the owner is S-2" in said.remedy
