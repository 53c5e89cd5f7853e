from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from events.calendars import INSTANT, zone
from events.envelope import RecordedEvent
from events.policy import Reference
from events.touchpoints.policy import (
    AgeingPolicy,
    AlertsPolicy,
    AlertsPolicyPublished,
    BranchSet,
    CalendarSet,
    CompanySet,
    DepartmentSet,
    DunningPolicy,
    StaffSet,
)
from tests.support.touchpoints import START, recorded

SPRING = datetime(2026, 4, 1, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, tzinfo=UTC)


def alerts(n: int, effective_from: datetime, days: int) -> RecordedEvent:
    """The n-th published alert policy: "due soon" that many days before."""
    policy = AlertsPolicy(due_soon_days=days)
    data = AlertsPolicyPublished(effective_from=effective_from, policy=policy)
    return recorded(data, n, effective_at=START + timedelta(minutes=n))


def due_soon(reference: Reference, at: datetime) -> int:
    return reference.in_force(AlertsPolicy, at).due_soon_days


def test_before_anything_is_published_the_domains_defaults_hold() -> None:
    reference = Reference()

    assert reference.in_force(AgeingPolicy, SPRING).upper_days == (0, 30, 60, 90, 120)
    assert reference.in_force(DunningPolicy, SPRING).level_2_days_past_due == 30
    assert reference.next_version_after(DunningPolicy, SPRING) is None
    assert reference.versions(DunningPolicy) == ()


def test_a_policy_counts_from_its_instant_until_the_next() -> None:
    reference = Reference([alerts(0, SPRING, 5), alerts(1, SUMMER, 7)])

    assert due_soon(reference, SPRING - INSTANT) == 3
    assert due_soon(reference, SPRING) == 5
    assert due_soon(reference, SUMMER - INSTANT) == 5
    assert due_soon(reference, SUMMER) == 7
    assert reference.next_version_after(AlertsPolicy, SPRING - INSTANT) == SPRING
    assert reference.next_version_after(AlertsPolicy, SPRING) == SUMMER
    assert reference.next_version_after(AlertsPolicy, SUMMER) is None
    begun = [reference.count_in_force(at) for at in (SPRING - INSTANT, SPRING, SUMMER)]
    assert begun == [0, 1, 2]


def test_of_two_policies_from_one_instant_the_later_in_fact_order_counts() -> None:
    first, second = alerts(0, SPRING, 5), alerts(1, SPRING, 7)

    for order in ([first, second], [second, first]):
        assert due_soon(Reference(order), SPRING) == 7


@given(st.permutations(range(4)))
def test_the_order_of_arrival_decides_nothing(order: list[int]) -> None:
    published = [
        alerts(0, SUMMER, 7),
        alerts(1, SPRING, 5),
        alerts(2, SPRING, 6),
        recorded(BranchSet(effective_from=SPRING, branch_id="B", name="B", zone="UTC"), 3),
    ]

    reference = Reference(published[i] for i in order)

    assert due_soon(reference, SPRING) == 6
    assert due_soon(reference, SUMMER) == 7
    assert reference.zone_of("B") == zone("UTC")


def test_taking_in_more_leaves_what_was_known_as_it_was() -> None:
    before = Reference([alerts(0, SPRING, 5)])

    after = before.remember([alerts(1, SPRING, 7)])

    assert (before.count, after.count) == (1, 2)
    assert (due_soon(before, SPRING), due_soon(after, SPRING)) == (5, 7)


def test_what_was_known_at_an_instant_is_what_was_recorded_by_then() -> None:
    early, late = alerts(0, SPRING, 5), alerts(60, SPRING, 7)
    reference = Reference([early, late])

    assert due_soon(reference.known_at(late.recorded_at), SPRING) == 7
    assert due_soon(reference.known_at(late.recorded_at - INSTANT), SPRING) == 5
    assert due_soon(reference.known_at(early.recorded_at - INSTANT), SPRING) == 3


def test_a_version_cites_the_event_that_published_it() -> None:
    event = alerts(0, SPRING, 5)

    (version,) = Reference([event]).versions(AlertsPolicy)

    assert version.event_id == event.envelope.id
    assert version.effective_from == SPRING


def test_a_branch_has_its_own_zone_or_the_companys_or_shanghais() -> None:
    branch = recorded(
        BranchSet(effective_from=SPRING, branch_id="B-2", name="B", zone="Asia/Urumqi"), 0
    )
    company = recorded(CompanySet(effective_from=SPRING, name="C", zone="Asia/Tokyo"), 1)

    reference = Reference([branch, company])

    assert reference.zone_of("B-2") == zone("Asia/Urumqi")
    assert reference.zone_of("B-9") == zone("Asia/Tokyo")
    assert reference.zone_of(None) == zone("Asia/Tokyo")
    assert Reference([branch]).zone_of("B-9") == zone("Asia/Shanghai")


def test_reference_data_is_found_by_its_id_in_its_latest_form() -> None:
    reference = Reference(
        [
            recorded(BranchSet(effective_from=SUMMER, branch_id="B", name="new"), 0),
            recorded(BranchSet(effective_from=SPRING, branch_id="B", name="old"), 1),
            recorded(DepartmentSet(effective_from=SPRING, department_id="D", name="Sales"), 2),
            recorded(StaffSet(effective_from=SPRING, staff_id="7", role="agent"), 3),
            recorded(CalendarSet(effective_from=SPRING, calendar_id="K", hours=()), 4),
        ]
    )

    assert reference.branches["B"].name == "new"
    assert reference.departments["D"].name == "Sales"
    assert reference.staff["7"].role == "agent"
    assert reference.calendars["K"].hours == ()
