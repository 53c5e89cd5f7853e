"""What each role may do, and how far it sees, from the company's reference data."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from events.policy import Reference
from events.touchpoints.policy import DepartmentSet, Role, StaffSet
from services.console.acting.publishing import right_to_record
from services.people.principal import NotAllowed, Principal, Right, Scope
from services.people.roles import RIGHTS, principal_for
from tests.support.given import recorded_events, told

SINCE = datetime(2026, 3, 2, tzinfo=UTC)
LATER = datetime(2026, 3, 20, tzinfo=UTC)


def company(*staff: StaffSet) -> Reference:
    """Return a company of these people, with a department that one of them heads."""
    heads = DepartmentSet(effective_from=SINCE, department_id="sales", name="Sales", head="H-1")
    return Reference(
        recorded_events(told(one, one.effective_from.isoformat()) for one in (heads, *staff))
    )


def member(
    staff_id: str, *roles: Role, branch: str | None = "B-01", role: str | None = None
) -> StaffSet:
    return StaffSet(
        effective_from=SINCE, staff_id=staff_id, branch_id=branch, roles=roles, role=role
    )


def found(reference: Reference, staff_id: str) -> Principal:
    principal = principal_for(reference, staff_id, LATER)
    assert principal is not None
    return principal


def test_every_role_of_the_reference_data_has_its_rights() -> None:
    assert set(RIGHTS) == {"clerk", *get_args(Role)}


def test_whoever_has_no_role_is_a_clerk_of_the_own_branch() -> None:
    clerk = found(company(member("S-1")), "S-1")
    assert clerk.roles == {"clerk"}
    assert clerk.scope == Scope(frozenset({"B-01"}))
    serving = {Right.SEE_CUSTOMERS, Right.SEE_PERSONS, Right.COMMAND}
    assert clerk.rights == serving | {Right.RECORD, Right.PUBLISH}


def test_the_call_centre_records_what_customers_say_and_no_payment() -> None:
    caller = found(company(member("S-1", "call_centre")), "S-1")
    caller.need(right_to_record("complaint.filed"))
    caller.need(right_to_record("callback.made"))
    with pytest.raises(NotAllowed):
        caller.need(right_to_record("payment.payment_received"))
    with pytest.raises(NotAllowed):
        caller.need(right_to_record("order.placed"))


def test_a_clerk_of_no_branch_sees_no_customer() -> None:
    scope = found(company(member("S-1", branch=None)), "S-1").scope
    assert not scope.holds("B-01")
    assert not scope.holds(None)


@pytest.mark.parametrize(
    "role", ["call_centre", "credit", "receivables", "order_entry", "headquarters", "auditor"]
)
def test_who_serves_the_whole_company_sees_all_of_it(role: Role) -> None:
    scope = found(company(member("S-1", role)), "S-1").scope
    assert scope.holds("B-02")
    assert scope.holds(None)


def test_a_manager_sees_the_own_branch_and_the_head_of_a_department_all() -> None:
    reference = company(member("S-1", "branch_manager"), member("H-1"))
    assert found(reference, "S-1").scope == Scope(frozenset({"B-01"}))
    head = found(reference, "H-1")
    assert head.roles == {"department_head"}
    assert (head.department, head.scope) == ("sales", Scope())


def test_two_roles_give_the_rights_of_both() -> None:
    both = found(company(member("S-1", "branch_manager", "auditor")), "S-1")
    assert both.may(Right.AUDIT)
    assert both.may(Right.COMMAND)
    assert both.scope == Scope()


def test_an_auditor_sees_figures_and_no_names_and_changes_nothing() -> None:
    auditor = found(company(member("S-1", "auditor")), "S-1")
    assert auditor.may(Right.SEE_CUSTOMERS)
    for right in (Right.SEE_PERSONS, Right.COMMAND, Right.PUBLISH, Right.SET_POLICIES):
        with pytest.raises(NotAllowed, match="role that allows it"):
            auditor.need(right)


def test_an_administrator_sees_no_customer() -> None:
    administrator = found(company(member("S-1", "administrator")), "S-1")
    assert administrator.may(Right.ADMINISTER)
    assert not administrator.may(Right.SEE_CUSTOMERS)


def test_what_a_company_calls_a_role_by_our_word_counts() -> None:
    assert found(company(member("S-1", role="auditor")), "S-1").roles == {"auditor"}


def test_who_left_or_never_was_there_is_nobody() -> None:
    left = StaffSet(effective_from=LATER, staff_id="S-1", branch_id="B-01", active=False)
    reference = company(member("S-1"), left)
    assert principal_for(reference, "S-1", LATER) is None
    assert principal_for(reference, "S-1", SINCE) is not None
    assert principal_for(reference, "S-9", LATER) is None
