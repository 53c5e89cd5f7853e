"""Rules of receivables beyond the scenarios, one fact each (domain rules, section 4)."""

from datetime import date

from events.touchpoints.payment import (
    CreditChecked,
    CreditOverrideGranted,
    DebtWrittenOff,
    DunningHeld,
    HandedToCollection,
    Instalment,
    InvoiceIssued,
)
from events.touchpoints.policy import (
    BranchSet,
    CreditPolicy,
    DunningPolicy,
    DunningPolicyPublished,
)
from projections.facts import Facts
from projections.protocol import Cause
from projections.receivables.credit import CreditRequest, decide_credit
from projections.receivables.statement import explain
from tests.support.given import (
    CUSTOMER,
    Given,
    account,
    alerts_published,
    amended,
    asked,
    cancelled,
    confirmed,
    credit_note,
    disputed,
    dunned,
    event_id,
    given,
    instant,
    invoice,
    item,
    limit,
    money,
    order,
    order_cancelled,
    paid,
    promised,
    refunded,
    registered,
    rejected,
    reversed_,
    settled,
    told,
)

A = invoice("A", "1000.00", due="2026-03-01")
B = invoice("B", "500.00", due="2026-03-15")


# --- allocation ---


def test_of_equal_due_dates_the_smaller_open_amount_is_paid_first() -> None:
    small = invoice("Z", "300.00", due="2026-03-01")
    given(A, small, paid("P", "400.00", on="2026-03-05")).at("2026-03-05").then(
        item("Z", "0.00"), item("A", "900.00")
    )


def test_an_unreferenced_payment_skips_a_disputed_item_until_it_is_settled() -> None:
    story = (A, disputed("A", on="2026-03-02"), B, paid("P", "700.00", on="2026-03-05"))
    given(*story).at("2026-03-05").then(
        item("A", "1000.00", disputed=True), item("B", "0.00"), account(credit="200.00")
    )
    given(*story, settled("A", on="2026-03-08")).at("2026-03-08").then(
        item("A", "800.00", disputed=False), account(credit="0.00")
    )


def test_an_explicit_reference_pays_a_disputed_item_too() -> None:
    paying = paid("P", "700.00", on="2026-03-05", invoices=("A",))
    given(A, B, disputed("A", on="2026-03-02"), paying).at("2026-03-05").then(
        item("A", "300.00"), item("B", "500.00")
    )


def test_words_about_an_invoice_not_yet_seen_wait_for_it() -> None:
    late = invoice("L", "500.00", due="2026-04-01", on="2026-03-10")
    given(
        credit_note("N", "100.00", on="2026-03-01", invoice="L"),
        disputed("L", on="2026-03-02"),
        amended("L", amount="600.00", on="2026-03-03"),
        late,
    ).at("2026-03-10").then(
        item("L", "500.00", credited_minor=10_000, amount_minor=60_000, disputed=True)
    )


def test_a_payment_reserved_for_an_invoice_meets_it_before_any_other_credit() -> None:
    early = (
        paid("CREDIT", "500.00", on="2026-02-01"),
        paid("P-1", "100.00", on="2026-02-02", orders=("ORD-9",)),
        paid("P-2", "800.00", on="2026-02-03", orders=("ORD-9",)),
        amended("I-9", on="2026-02-03", due="2026-05-01"),
    )
    billed = invoice("I-9", "800.00", due="2026-04-18", on="2026-02-04", order="ORD-9")
    story = given(*early, billed)
    story.at("2026-02-04").then(item("I-9", "0.00"), account(credit="600.00", reserved="0.00"))
    statement = explain(CUSTOMER, Facts(story.facts), asked("2026-02-04"), story.reference)
    [line] = statement.items
    assert [(a.source_id, a.amount_minor) for a in line.allocations] == [
        ("P-1", 10_000),
        ("P-2", 70_000),
    ]


def test_a_reservation_ends_when_its_order_is_cancelled() -> None:
    given(
        A,
        paid("P", "800.00", on="2026-03-05 10:00", orders=("O",)),
        order_cancelled("O", on="2026-03-05 12:00"),
    ).at("2026-03-05").then(item("A", "200.00"), account(reserved="0.00"))


def test_a_refund_takes_credit_and_waits_for_it_if_there_is_none() -> None:
    given(
        refunded("R", "200.00", on="2026-02-09"),
        A,
        paid("P", "1300.00", on="2026-02-10"),
    ).at("2026-02-10").then(account(credit="100.00"))


def test_instalments_are_items_and_the_invoice_is_paid_by_due_date() -> None:
    parts = tuple(
        Instalment(due_on=date(2026, month, 1), amount=money("300.00")) for month in (3, 4, 5)
    )
    data = InvoiceIssued(
        invoice_id="A", amount=money("900.00"), due_on=date(2026, 5, 1), instalments=parts
    )
    given(
        told(data, "2026-02-01"),
        paid("P", "450.00", on="2026-03-05", invoices=("A",)),
        amended("A", amount="800.00", on="2026-03-06"),
    ).at("2026-03-06").then(
        item("A#1", "0.00"), item("A#2", "150.00"), item("A#3", "200.00"), account(open_items=2)
    )


# --- amendments, cancellation, write-offs ---


def test_an_amended_invoice_keeps_its_allocations_and_level() -> None:
    given(
        A,
        paid("P", "400.00", on="2026-02-10"),
        dunned("A", 1, on="2026-03-12"),
        amended("A", amount="700.00", due="2026-03-20", on="2026-03-13"),
    ).at("2026-03-13").then(
        item("A", "300.00", dunning_level=1, due_on=date(2026, 3, 20)), account(invoiced="700.00")
    )


def test_an_amendment_below_what_was_paid_gives_credit() -> None:
    given(
        A, paid("P", "1000.00", on="2026-02-10"), amended("A", amount="700.00", on="2026-02-11")
    ).at("2026-02-11").then(item("A", "0.00", paid_minor=70_000), account(credit="300.00"))


def test_a_cancelled_invoice_frees_payments_but_not_its_credit_notes() -> None:
    given(
        A,
        credit_note("N", "100.00", on="2026-02-05", invoice="A"),
        paid("P", "900.00", on="2026-02-10"),
        cancelled("A", on="2026-02-11"),
    ).at("2026-02-11").then(
        item("A", "0.00", status="cancelled", amount_minor=0), account(credit="900.00")
    )


def test_a_write_off_gives_up_at_most_what_is_open() -> None:
    off = told(DebtWrittenOff(invoice_id="A", amount=money("5000.00")), "2026-04-01")
    given(A, paid("P", "400.00", on="2026-02-10"), off).at("2026-04-01").then(
        item("A", "0.00", written_off_minor=60_000, status="settled", days_late=31)
    )


# --- double reports ---


def test_when_the_counted_report_is_rejected_the_suspect_takes_its_place() -> None:
    first = paid("P1", "200.00", on="2026-02-10", bank="BR")
    second = paid("P2", "200.00", on="2026-02-11", bank="BR")
    given(A, first, second, rejected("P1", on="2026-02-12")).at("2026-02-12").then(
        item("A", "800.00"), account(suspect="0.00")
    )
    given(A, first, second, rejected("P2", on="2026-02-12")).at("2026-02-12").then(
        item("A", "800.00"), account(suspect="0.00")
    )


def test_a_repeated_payment_id_is_a_suspect_and_may_be_confirmed() -> None:
    first, again = paid("P", "200.00", on="2026-02-10"), paid("P", "200.00", on="2026-02-11")
    story = (A, first, again._replace(event="again"))
    given(*story).at("2026-02-11").then(item("A", "800.00"), account(suspect="200.00"))
    given(*story, confirmed("P", on="2026-02-12")).at("2026-02-12").then(item("A", "600.00"))


# --- dunning ---


def test_each_level_falls_due_when_the_one_before_was_sent() -> None:
    def level_due(story: Given, day: str) -> int | None:
        return story.at(day).item("A").dunning_due

    unsent = given(A)
    assert level_due(unsent, "2026-02-25") is None
    assert level_due(unsent, "2026-02-26") == 0
    assert level_due(unsent, "2026-03-02") is None
    assert level_due(unsent, "2026-03-11") == 1
    assert level_due(unsent, "2026-04-30") == 1
    sent = given(A, dunned("A", 1, on="2026-03-12"), dunned("A", 2, on="2026-04-02 15:00"))
    assert level_due(sent, "2026-03-30") is None
    assert level_due(sent, "2026-04-01") == 2
    assert level_due(sent, "2026-04-11") is None
    assert level_due(sent, "2026-04-12") == 3


def test_a_new_dunning_calendar_counts_from_when_it_is_in_force() -> None:
    policy = DunningPolicyPublished(
        effective_from=instant("2026-03-05"), policy=DunningPolicy(level_1_days_past_due=2)
    )
    story = given(A, rules=[told(policy, "2026-02-01")])
    assert story.at("2026-03-04").item("A").dunning_due is None
    alert = story.at("2026-03-05 00:00").alert("dunning_due", "A")
    assert alert is not None
    assert alert.since == instant("2026-03-05")


def test_a_dispute_holds_dunning_but_not_the_overdue_alert() -> None:
    outcome = given(A, disputed("A", on="2026-03-12")).at("2026-03-20")
    outcome.then(item("A", "1000.00", hold="dispute", dunning_due=None))
    assert outcome.alert("overdue", "A") is not None
    assert outcome.alert("dunning_due", "A") is None
    assert outcome.cleared("dunning_due", "A", 1) == Cause("disputed", event_id("X-1"))


def test_a_broken_promise_releases_dunning_at_once_and_alerts() -> None:
    story = given(A, promised("PR", "400.00", by="2026-03-20", on="2026-03-12"))
    story.at("2026-03-20").then(
        item("A", "1000.00", hold="promise", dunning_due=None, promised_on=date(2026, 3, 20)),
        account(promises_live=1),
    )
    outcome = story.at("2026-03-21 00:00").then(
        item("A", "1000.00", hold=None, dunning_due=1), account(promises_broken=1)
    )
    broken = outcome.alert("broken_promise", "PR")
    assert broken is not None
    assert broken.amount_minor == 40_000


def test_a_promise_is_kept_by_the_end_of_its_day_and_not_later() -> None:
    promise = promised("PR", "400.00", by="2026-03-20", on="2026-03-12")
    given(A, promise, paid("P", "400.00", on="2026-03-20 23:59")).at("2026-03-21").then(
        account(promises_kept=1)
    )
    late = given(A, promise, paid("P", "400.00", on="2026-03-21")).at("2026-03-21")
    late.then(account(promises_broken=1))
    assert late.alert("broken_promise", "PR") is None
    assert late.cleared("broken_promise", "PR", 0) == Cause("paid", event_id("P"))


def test_collection_and_holds_end_our_dunning_and_leave_the_item_open() -> None:
    handed = told(HandedToCollection(invoice_id="A"), "2026-03-15")
    given(A, handed).at("2026-05-01").then(
        item("A", "1000.00", hold="collection", dunning_due=None)
    )
    held = given(A, told(DunningHeld(until=date(2026, 3, 20)), "2026-03-05"))
    held.at("2026-03-20").then(item("A", "1000.00", hold="held", dunning_due=None))
    held.at("2026-03-21").then(item("A", "1000.00", hold=None, dunning_due=1))


# --- alerts ---


def test_only_the_highest_alert_of_an_item_stands_and_the_rest_were_superseded() -> None:
    outcome = given(A, rules=[alerts_published(1, 7, 15)]).at("2026-03-09")
    standing = outcome.alert("overdue", "A")
    assert standing is not None
    assert (standing.threshold, standing.since) == (7, instant("2026-03-08"))
    ended = {e.alert.threshold: e for e in outcome.episodes() if e.alert.kind == "overdue"}
    assert ended[1].until == instant("2026-03-08")
    assert ended[1].cause == Cause("superseded")
    assert ended[7].until is None


def test_due_soon_ends_by_time_when_the_due_date_is_over() -> None:
    story = given(A)
    soon = story.at("2026-02-26 00:00").alert("due_soon", "A")
    assert soon is not None
    assert soon.since == instant("2026-02-26")
    over = story.at("2026-03-02 00:00")
    assert over.alert("due_soon", "A") is None
    assert over.cleared("due_soon", "A", 0) == Cause("time")


def test_an_alert_that_becomes_true_again_is_a_new_episode() -> None:
    story = given(A, paid("P", "1000.00", on="2026-03-05"), reversed_("P", on="2026-03-09 10:00"))
    outcome = story.at("2026-03-10")
    again = outcome.alert("overdue", "A")
    assert again is not None
    assert again.since == instant("2026-03-09 10:00")
    first, second = (e for e in outcome.episodes() if e.alert.kind == "overdue")
    assert first.cause == Cause("paid", event_id("P"))
    assert first.alert.alert_id != second.alert.alert_id


def test_a_threshold_published_later_raises_nothing_about_days_that_are_past() -> None:
    outcome = given(A, rules=[alerts_published(3, 20, on="2026-03-10")]).at("2026-03-15")
    standing = outcome.alert("overdue", "A")
    assert standing is not None
    assert standing.threshold == 1


def test_an_item_is_due_soon_under_a_policy_that_begins_between_its_days_and_the_old() -> None:
    story = given(A, rules=[alerts_published(1, on="2026-02-20", due_soon=20)])
    assert story.at("2026-02-19").alert("due_soon", "A") is None
    soon = story.at("2026-02-20 00:00").alert("due_soon", "A")
    assert soon is not None
    assert soon.since == instant("2026-02-20")
    assert story.at("2026-02-19").assessment.next_change_at == instant("2026-02-20")
    assert [e.alert for e in story.at("2026-02-25").episodes()] == [soon]


def test_an_alert_of_a_broken_promise_is_for_what_is_still_missing() -> None:
    story = given(
        A,
        promised("PR", "600.00", by="2026-03-05", on="2026-03-02"),
        paid("P", "250.00", on="2026-03-07", invoices=("A",)),
    )
    for day, missing in (("2026-03-06", 60_000), ("2026-03-07", 35_000)):
        broken = story.at(day).alert("broken_promise", "PR")
        assert broken is not None
        assert (broken.since, broken.amount_minor) == (instant("2026-03-06"), missing)


# --- exposure, gate and local days ---


def test_exposure_counts_open_items_unbilled_orders_and_checks_less_credit() -> None:
    check = CreditChecked(
        check_id="K", purpose="order", amount=money("300.00"), exposure=money("0.00"), approved=True
    )
    story = given(
        limit("1400.00"),
        A,
        told(check, "2026-02-10 09:00"),
        order("O", "200.00", on="2026-02-10 10:00"),
    )
    story.at("2026-02-10 09:30").then(account(checks="300.00", exposure="1300.00"))
    story.at("2026-02-10").then(
        account(checks="100.00", unbilled="200.00", exposure="1300.00", gate_refusal=None)
    )
    story.at("2026-02-11 09:00").then(account(checks="0.00", exposure="1200.00"))


def test_above_the_limit_the_gate_is_shut_and_the_alert_ends_by_the_payment() -> None:
    story = given(limit("900.00"), A, paid("P", "200.00", on="2026-02-20"))
    over = story.at("2026-02-10").then(account(gate_refusal="limit_exceeded"))
    alert = over.alert("limit_exceeded", "CNY")
    assert alert is not None
    assert (alert.since, alert.amount_minor) == (instant("2026-02-01"), 10_000)
    under = story.at("2026-02-20").then(account(gate_refusal=None))
    assert under.cleared("limit_exceeded", "CNY", 0) == Cause("paid", event_id("P"))


def test_the_gate_is_shut_from_the_31st_day_overdue() -> None:
    story = given(A)
    story.at("2026-03-31").then(account(gate_refusal=None))
    story.at("2026-04-01 00:00").then(account(gate_refusal="overdue_too_long"))


def test_a_request_is_decided_on_what_it_adds_and_an_override_lets_it_pass() -> None:
    override = CreditOverrideGranted(
        override_id="V", role="head", reason="known for years", amount=money("600.00")
    )
    facts = (limit("1500.00"), A, order("O", "400.00", on="2026-02-10"))
    granted = (*facts, told(override, "2026-02-12 09:00"))
    at = asked("2026-02-12")

    def decide(story: Given, amount: str, order_id: str | None = None) -> tuple[bool, str | None]:
        statement = explain(CUSTOMER, Facts(story.facts), at, story.reference)
        request = CreditRequest(purpose="invoice", amount=money(amount), order_id=order_id)
        decision = decide_credit(statement, request, CreditPolicy())
        return decision.approved, decision.override_id

    assert decide(given(*facts), "100.00") == (True, None)
    assert decide(given(*facts), "101.00") == (False, None)
    assert decide(given(*facts), "400.00", "O") == (True, None)
    assert decide(given(*granted), "600.00") == (True, "V")
    assert decide(given(*granted), "601.00") == (False, None)


def test_days_are_those_of_the_home_branch() -> None:
    berlin = BranchSet(
        effective_from=instant("2025-01-01"), branch_id="B-9", name="Berlin", zone="Europe/Berlin"
    )
    story = given(registered("B-9"), A, rules=[told(berlin, "2025-01-01")])
    # Midnight in Berlin is 07:00 in Shanghai in winter.
    story.at("2026-03-02 06:59").then(account(overdue="0.00"))
    story.at("2026-03-02 07:00").then(account(overdue="1000.00"))


def test_a_statement_names_the_events_behind_each_balance_and_those_ignored() -> None:
    again = invoice("A", "9.00", due="2026-03-01", on="2026-02-03")._replace(event="again")
    unseen = disputed("U", on="2026-02-04")
    story = given(A, again, unseen, paid("P", "400.00", on="2026-02-10"))
    statement = explain(CUSTOMER, Facts(story.facts), asked("2026-02-10"), story.reference)
    [line] = statement.items
    assert [(a.event_id, a.kind, a.amount_minor) for a in line.allocations] == [
        (event_id("P"), "payment", 40_000)
    ]
    assert [(note.event_id, note.reason) for note in statement.ignored] == [
        (event_id("again"), "repeated_invoice"),
        (event_id("X-1"), "unseen_invoice"),
    ]


def test_a_day_that_begins_twice_began_the_first_time_in_what_is_told_of_the_past() -> None:
    """In Newfoundland a clock once went back at a minute past midnight: 23:15 of the day before."""
    newfoundland = BranchSet(
        effective_from=instant("2000-01-01"),
        branch_id="B-1",
        name="St. John's",
        zone="America/St_Johns",
    )
    debt = invoice("I-1", "100.00", due="2006-10-28", on="2006-10-01")
    found = given(debt, rules=[told(newfoundland, "2000-01-01")]).at("2006-10-29 10:45")

    [standing] = found.assessment.alerts
    assert (standing.kind, standing.since) == ("overdue", instant("2006-10-29 10:30"))
    assert [e.alert for e in found.episodes() if e.until is None] == [standing]
