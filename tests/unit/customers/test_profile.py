"""What registering a customer and changing a profile comes to, and why it is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC

import pytest

from events.cases.staff import Staff
from events.customers import profile
from events.customers.identity import Identity
from events.customers.profile import ChangeProfile, Profile, Register, decide, profile_of
from events.envelope import CustomerId
from events.refusals import Named, Reason, Refused, Word, english, refuse
from events.touchpoints.customer import (
    CustomerErased,
    CustomerMerged,
    CustomerProfileChanged,
    CustomerRegistered,
)
from services.casework.reading import command_in
from services.intake.answers import EventRefused
from services.web.languages import LANGUAGES
from services.web.refusal_words import refusal_teller
from tests.support.merging import hours, move

A, B = CustomerId("C-A"), CustomerId("C-B")
BRANCHES = ("BJ-1", "SH-1")
CLERK = Staff("clerk-1", "sales", "SH-1", frozenset())
STRANGER = Staff("clerk-2", "sales", "BJ-1", frozenset({"credit"}))
HEADQUARTERS = Staff("hq-1", None, None, frozenset({"headquarters"}))
NOBODY = Profile(A, Identity({}))
KNOWN = NOBODY._replace(
    is_known=True, registered=hours(0), home="SH-1", segment="retail", personal={"phone": "1"}
)
MERGED = NOBODY._replace(
    identity=Identity({A: [move(1, hours(1), CustomerMerged(into=B))]}), is_known=True
)


def decided(
    told: Profile,
    command: profile.Command,
    by: Staff = CLERK,
    personal: Mapping[str, str] | None = None,
) -> profile.Decision:
    return decide(told, command, personal, by, hours(9), BRANCHES)


def test_a_branch_registers_who_is_at_home_there() -> None:
    for command in (Register(kind="person"), Register(home_branch="SH-1", kind="person")):
        registered = CustomerRegistered(home_branch="SH-1", kind="person", by="clerk-1")
        assert decided(NOBODY, command) == (registered,)


@pytest.mark.parametrize("kind", ["robot", "Person", ""])
def test_no_kind_is_registered_but_person_and_company(kind: str) -> None:
    assert command_in({"kind": "company"}, Register).command == Register(kind="company")
    with pytest.raises(EventRefused) as refused:
        command_in({"kind": kind}, Register)
    assert refused.value.field == "data.kind"
    assert refused.value.remedy == "say one of: person, company"


def test_headquarters_registers_for_every_branch() -> None:
    found = decided(NOBODY, Register(home_branch="BJ-1", segment="vip"), HEADQUARTERS)
    assert found == (CustomerRegistered(home_branch="BJ-1", segment="vip", by="hq-1"),)


def test_who_bought_before_and_was_never_registered_may_be() -> None:
    bought = NOBODY._replace(is_known=True, home="SH-1")
    assert decided(bought, Register()) == (CustomerRegistered(home_branch="SH-1", by="clerk-1"),)


def test_no_branch_registers_away_who_is_at_home_at_another() -> None:
    """Whoever bought there is at home there, registered or not; headquarters may move them."""
    bought = NOBODY._replace(is_known=True, home="SH-1")
    refused = decided(bought, Register(), STRANGER)
    assert isinstance(refused, Refused)
    assert refused.rule == "not_at_home"
    assert refused.named["branch"] == "SH-1"
    moved = decided(bought, Register(home_branch="BJ-1"), HEADQUARTERS)
    assert moved == (CustomerRegistered(home_branch="BJ-1", by="hq-1"),)


@pytest.mark.parametrize(
    ("command", "personal"),
    [
        (ChangeProfile(segment="vip"), None),
        (ChangeProfile(home_branch="BJ-1"), None),
        (ChangeProfile(), {"phone": "2"}),
        (ChangeProfile(), {"phone": "1", "email": "a@b.cn"}),
        (ChangeProfile(segment="retail"), {"phone": "2"}),
    ],
)
def test_what_is_other_than_before_is_recorded(
    command: ChangeProfile, personal: Mapping[str, str] | None
) -> None:
    assert decided(KNOWN, command, personal=personal) == (
        CustomerProfileChanged(
            home_branch=command.home_branch, segment=command.segment, by="clerk-1"
        ),
    )


@pytest.mark.parametrize(
    ("told", "command", "by", "personal", "rule", "names"),
    [
        (KNOWN, Register(), CLERK, None, "registered", {"customer": A, "since": hours(0)}),
        (NOBODY, Register(), Staff("x", None, None, frozenset()), None, "no_branch",
         {"known": BRANCHES}),
        (NOBODY, Register(home_branch="GZ-1"), HEADQUARTERS, None, "unknown_branch",
         {"branch": "GZ-1", "known": BRANCHES}),
        (NOBODY, Register(home_branch="BJ-1"), CLERK, None, "not_at_home",
         {"branch": "BJ-1", "who": (Word("home_branch"), Word("headquarters"))}),
        (KNOWN._replace(erased=hours(1)), Register(), HEADQUARTERS, None, "erased",
         {"since": hours(1)}),
        (MERGED, Register(), CLERK, None, "not_a_root", {"customer": A, "root": B}),
        (MERGED, ChangeProfile(segment="x"), HEADQUARTERS, None, "not_a_root", {"root": B}),
        (NOBODY, ChangeProfile(segment="x"), CLERK, None, "unknown_customer", {"customer": A}),
        (KNOWN, ChangeProfile(segment="x"), STRANGER, None, "not_at_home", {"branch": "SH-1"}),
        (KNOWN, ChangeProfile(home_branch="GZ-1"), CLERK, None, "unknown_branch",
         {"branch": "GZ-1"}),
        (KNOWN._replace(erased=hours(1)), ChangeProfile(segment="x"), CLERK, None, "erased", {}),
        (KNOWN, ChangeProfile(), CLERK, None, "nothing_changed", {"customer": A}),
        (KNOWN, ChangeProfile(home_branch="SH-1", segment="retail"), CLERK, {"phone": "1"},
         "nothing_changed", {}),
    ],
)  # fmt: skip
def test_a_refusal_names_its_rule_and_what_would_make_it_pass(
    told: Profile,
    command: profile.Command,
    by: Staff,
    personal: Mapping[str, str] | None,
    rule: str,
    names: Mapping[str, object],
) -> None:
    refused = decided(told, command, by, personal)
    assert isinstance(refused, Refused)
    assert refused.rule == rule
    assert {name: refused.named[name] for name in names} == names


def test_a_profile_is_what_was_said_last_in_fact_order_however_it_came() -> None:
    facts = [
        move(3, hours(3), CustomerProfileChanged(segment="vip")),
        move(1, hours(1), CustomerRegistered(home_branch="SH-1", segment="retail")),
        move(2, hours(2), CustomerProfileChanged(home_branch="BJ-1")),
    ]
    opened: dict[str, Mapping[str, str]] = {
        facts[1].id: {"name": "Li", "phone": "1"},
        facts[2].id: {"phone": "2"},
    }
    found = profile_of(A, facts, opened, Identity({A: facts}), "BJ-1")
    assert (found.registered, found.segment, found.home) == (hours(1), "vip", "BJ-1")
    assert found.personal == {"name": "Li", "phone": "2"}
    assert found.erased is None
    erased = [*facts, move(4, hours(4), CustomerErased(receipt="r"))]
    assert profile_of(A, erased, {}, Identity({}), None).erased == hours(4)


REASONS = [one for one in vars(profile).values() if isinstance(one, Reason)]
NAMED: dict[str, Named | tuple[Named, ...]] = {"by": "1", "customer": "2", "into": "3", "root": "4",
         "since": hours(0), "branch": "5", "known": ("6", "7"),
         "who": (Word("home_branch"), Word("headquarters"))}  # fmt: skip


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.rule)
def test_a_refusal_is_told_whole_in_both_languages(reason: Reason) -> None:
    for teller in (english(UTC), *(refusal_teller(one, UTC) for one in LANGUAGES)):
        told = teller.tell(refuse(reason, **NAMED))
        assert told.detail
        assert told.remedy
        assert "%(" not in f"{told.detail}{told.remedy}"
    chinese = refusal_teller("zh-CN", UTC).tell(refuse(reason, **NAMED))
    assert not re.search("[A-Za-z]{2,}", f"{chinese.detail}{chinese.remedy}"), chinese
