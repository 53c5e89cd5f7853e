"""What merging and parting customers comes to, and why it is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC

import pytest

from events.calendars import INSTANT
from events.cases.staff import Staff
from events.customers import merging
from events.customers.identity import Identity
from events.customers.merging import Known, Merge, Unmerge, decide
from events.envelope import CustomerId
from events.refusals import Named, Reason, Refused, Word, english, refuse
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from services.web.languages import LANGUAGES
from services.web.refusal_words import refusal_teller
from tests.support.merging import Dossiers, hours, move

HEADQUARTERS = Staff("agent-1", None, None, frozenset({"headquarters"}))
CLERK = Staff("agent-2", "sales", "B-1", frozenset({"department_head", "credit"}))
A, B, C, D = (CustomerId(one) for one in ("C-A", "C-B", "C-C", "C-D"))
APART = Known(Identity({}))


def merged(*edges: tuple[CustomerId, CustomerId]) -> Known:
    """Customers who were merged, one each hour."""
    told: Dossiers = {}
    for n, (member, into) in enumerate(edges):
        told.setdefault(member, []).append(move(n, hours(n), CustomerMerged(into=into)))
    return Known(Identity(told))


def test_two_roots_are_merged() -> None:
    decided = decide(A, Merge(into=B, reason="same tax number"), HEADQUARTERS, hours(9), APART)
    assert decided == (CustomerMerged(into=B, reason="same tax number", by=HEADQUARTERS.agent),)


def test_whoever_was_merged_into_another_may_get_others_himself() -> None:
    decided = decide(B, Merge(into=C), HEADQUARTERS, hours(9), merged((A, B)))
    assert decided == (CustomerMerged(into=C, by=HEADQUARTERS.agent),)


def test_an_unmerge_ends_the_own_merge_though_the_root_was_merged_onward() -> None:
    decided = decide(A, Unmerge(), HEADQUARTERS, hours(9), merged((A, B), (B, C)))
    assert decided == (CustomerUnmerged(out_of=B, by=HEADQUARTERS.agent),)


@pytest.mark.parametrize(
    ("customer", "command", "known", "by", "rule", "names"),
    [
        (A, Merge(into=A), APART, HEADQUARTERS, "itself", {"customer": A}),
        (A, Merge(into=B), APART, CLERK, "for_headquarters", {"by": "agent-2"}),
        (A, Unmerge(), APART, CLERK, "for_headquarters", {"who": Word("headquarters")}),
        (A, Unmerge(), APART, HEADQUARTERS, "not_merged", {"customer": A}),
        (B, Unmerge(), merged((A, B)), HEADQUARTERS, "not_merged", {"customer": B}),
        (A, Merge(into=C), merged((A, B)), HEADQUARTERS, "not_a_root",
         {"customer": A, "root": B, "since": hours(0)}),
        (C, Merge(into=A), merged((A, B)), HEADQUARTERS, "not_a_root", {"customer": A, "root": B}),
        (B, Merge(into=A), merged((A, B)), HEADQUARTERS, "not_a_root", {"customer": A, "root": B}),
        (C, Merge(into=A), merged((A, B), (B, D)), HEADQUARTERS, "not_a_root",
         {"customer": A, "into": B, "root": D}),
        (A, Merge(into=B), APART._replace(erased={B: hours(1)}), HEADQUARTERS, "erased",
         {"customer": B, "since": hours(1)}),
        (A, Merge(into=B), APART._replace(unknown={B}), HEADQUARTERS, "unknown_customer",
         {"customer": B}),
    ],
)  # fmt: skip
def test_a_refusal_names_its_rule_and_what_would_make_it_pass(
    customer: CustomerId,
    command: merging.Command,
    known: Known,
    by: Staff,
    rule: str,
    names: Mapping[str, object],
) -> None:
    refused = decide(customer, command, by, hours(9), known)
    assert isinstance(refused, Refused)
    assert refused.rule == rule
    assert {name: refused.named[name] for name in names} == names


def test_before_a_merge_takes_effect_each_is_a_root() -> None:
    known = merged((A, B))
    assert isinstance(decide(A, Merge(into=C), HEADQUARTERS, hours(-1), known), tuple)
    assert known.identity.no_earlier_than(hours(-1)) == hours(0) + INSTANT


REASONS = [one for one in vars(merging).values() if isinstance(one, Reason)]
NAMED: dict[str, Named] = {"by": "1", "customer": "2", "into": "3", "root": "4", "since": hours(0),
         "who": Word("headquarters")}  # fmt: skip


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.rule)
def test_a_refusal_is_told_whole_in_both_languages(reason: Reason) -> None:
    for teller in (english(UTC), *(refusal_teller(one, UTC) for one in LANGUAGES)):
        told = teller.tell(refuse(reason, **NAMED))
        assert told.detail
        assert told.remedy
        assert "%(" not in f"{told.detail}{told.remedy}"
    chinese = refusal_teller("zh-CN", UTC).tell(refuse(reason, **NAMED))
    assert not re.search("[A-Za-z]{2,}", f"{chinese.detail}{chinese.remedy}"), chinese
