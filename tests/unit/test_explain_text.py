"""The text of an explanation: every instant in the customer's zone, business time named as such."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from msgspec import structs

from events.business_time import STANDARD_HOURS
from events.cases.terms import native_case_id
from events.customers.identity import Edge
from events.envelope import BranchId, CustomerId
from events.facts import fact_of
from events.money import Money
from events.policy import Reference
from events.touchpoints.complaint import CaseWaitingStarted, ComplaintFiled, ServiceRequested
from events.touchpoints.contact import CallbackPromised
from events.touchpoints.payment import CreditLimitSet
from events.touchpoints.policy import BranchSet, CalendarSet
from projections.case_board.explain import explain_callbacks, explain_cases
from projections.facts import Facts
from projections.receivables.statement import explain as explain_receivables
from projections.timeline.entries import page
from projections.value_tiers.explain import explain_value
from services.audit.explain import Explanation, limits_set
from services.audit.explain_text import explanation_lines
from services.audit.ways import ways
from tests.support.given import CUSTOMER, Told, event_id, instant, recorded_events, told

EARLY = instant("2020-01-01")
NEW_YORK = (
    told(
        CalendarSet(
            effective_from=EARLY, calendar_id="desk", hours=STANDARD_HOURS, country="CN"
        ),
        "2020-01-01",
    ),
    told(
        BranchSet(
            effective_from=EARLY, branch_id="NY", name="NY", zone="America/New_York",
            calendar_id="desk",
        ),
        "2020-01-01",
    ),
)  # fmt: skip


LIMITS = (
    told(CreditLimitSet(limit=Money(100_00, "CNY"), by="credit-1"), "2026-03-01", "first"),
    told(CreditLimitSet(limit=Money(900_00, "CNY"), by="hq-1"), "2026-03-03", "member"),
    told(CreditLimitSet(limit=Money(5_00, "USD")), "2026-03-02", "dollars"),
    told(CreditLimitSet(limit=Money(1_00, "CNY")), "2026-04-01", "later"),
)


def lines(*facts: Told, at: str, of: Mapping[str, str] | None = None) -> list[str]:
    whose = {event_id(name): customer for name, customer in (of or {}).items()}
    events = [
        structs.replace(
            one,
            envelope=structs.replace(
                one.envelope,
                branch_id=BranchId("NY"),
                subject=CustomerId(whose.get(one.envelope.id, CUSTOMER)),
            ),
        )
        for one in recorded_events(facts)
    ]
    rules = Reference(recorded_events(NEW_YORK))
    instant_ = instant(at)
    known = Facts(map(fact_of, events))
    edge = Edge(CustomerId("C-2"), CUSTOMER, instant_, event_id("merged"))
    found = Explanation(
        merges=[edge] if of else (),
        limits=limits_set(events, instant_),
        known_at=None,
        position="",
        events=len(events),
        receivables=explain_receivables(CUSTOMER, Facts(known), instant_, rules),
        value=explain_value(CUSTOMER, Facts(known), instant_, rules),
        cases=explain_cases(CUSTOMER, Facts(known), instant_, rules),
        callbacks=explain_callbacks(known, instant_, rules),
        timeline=page(events, 20),
        ways=ways(CUSTOMER, list(known), instant_, rules),
    )
    return list(explanation_lines(found))


def test_every_instant_is_in_the_customers_zone_also_in_the_words_of_a_touchpoint() -> None:
    """20:00 in Shanghai is 08:00 in New York in June; nothing is left in UTC."""
    promised = CallbackPromised(callback_id="B", purpose="q", due_at=instant("2026-06-03 20:00"))
    wish = ServiceRequested(kind="enquiry", wanted_by=instant("2026-06-04 20:00"))
    text = "\n".join(
        lines(
            told(promised, "2026-06-01 20:00"),
            told(wish, "2026-06-01 21:00", "wish"),
            at="2026-06-02 20:00",
        )
    )
    assert "as of 2026-06-02 08:00 America/New_York" in text
    assert "due_at=2026-06-03 08:00" in text
    assert "wanted_by=2026-06-04 08:00" in text
    assert "call-back B promised 2026-06-01 08:00: q, due 2026-06-03 08:00, open" in text
    assert not re.search(r"\+00:00|\d\d:\d\d:\d\d", text)


def test_time_of_a_clock_is_called_business_time_beside_the_date_and_time() -> None:
    filed = ComplaintFiled(severity="high", agent="a1", department="service")
    waits = CaseWaitingStarted(case_id=native_case_id(event_id("filed")))
    text = "\n".join(
        lines(
            told(filed, "2026-06-01 22:00", "filed"),  # 10:00 in New York; solution in 4 h
            told(waits, "2026-06-01 23:00", "waits"),
            at="2026-06-02 00:00",
        )
    )
    assert "first answer due 2026-06-01 11:00" in text
    assert "solution its clock stands still, 180 business minutes left" in text
    assert re.search(r"2026-06-01 11:00  waiting .*\(180 business minutes left\)", text)


def test_a_deadline_that_may_still_move_says_so() -> None:
    filed = ComplaintFiled(severity="medium", agent="a1", department="service")
    text = "\n".join(lines(told(filed, "2027-01-01 01:00", "filed"), at="2027-01-01 02:00"))
    assert str(date(2026, 12, 31)) in text
    mark = r"\(provisional: public holidays until then are not announced yet\)"
    assert re.search(rf"first answer due 2027-01-\d\d \d\d:\d\d {mark}", text)
    assert re.search(rf"solution due 2027-01-\d\d \d\d:\d\d {mark}", text)


def test_a_limit_is_told_with_its_event() -> None:
    told_ = [line for line in lines(*LIMITS, at="2026-03-20") if line.startswith("limit ")]
    assert told_ == [
        f"limit 900.00 CNY set 2026-03-02 11:00 by hq-1  event {event_id('member')}",
        f"limit 5.00 USD set 2026-03-01 11:00  event {event_id('dollars')}",
    ]


def test_of_merged_customers_the_limit_set_last_counts_and_whose_it_is_is_told() -> None:
    found = lines(*LIMITS, at="2026-03-20", of={"member": "C-2"})
    [line] = [line for line in found if "900.00 CNY set" in line]
    assert "said of C-2: of merged customers the limit set last counts" in line
    assert any("limit 900.00 CNY" in line for line in found if "exposure" in line), found
