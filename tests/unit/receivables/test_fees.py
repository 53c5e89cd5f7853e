"""Late-payment interest and reminder fees, told as sentences with figures worked out by hand."""

from __future__ import annotations

from datetime import date

import pytest

from events.money import Money
from events.touchpoints.payment import DebtWrittenOff, Instalment, InvoiceIssued
from events.touchpoints.policy import DayCount, FeesPolicy, FeesPolicyPublished, ReminderFee
from projections.receivables.charged import account_charges
from projections.receivables.rows import ChargeRow, ItemRow, RunningInterest, interest_on
from tests.support.given import (
    Outcome,
    Told,
    account,
    amended,
    asked,
    cancelled,
    credit_note,
    disputed,
    dunned,
    given,
    instant,
    invoice,
    item,
    limit,
    minor,
    money,
    paid,
    promised,
    reversed_,
    settled,
    told,
)
from tests.support.value import worth

A = invoice("A", "10,000.00", due="2026-03-01")
B = invoice("B", "1,000.00", due="2026-03-05")
LAW = ("costs", "interest", "principal")


def fees(on: str = "2026-01-01", **fields: object) -> Told:
    """Fees were published, in force from then on."""
    policy = FeesPolicy(**fields)  # type: ignore[arg-type]
    return told(FeesPolicyPublished(effective_from=instant(on), policy=policy), on)


def reminders(*amounts: str) -> tuple[ReminderFee, ...]:
    return tuple(ReminderFee(level=n, amount=money(a)) for n, a in enumerate(amounts, 1))


def written_off(invoice_id: str, amount: str, *, on: str) -> Told:
    return told(DebtWrittenOff(invoice_id=invoice_id, amount=money(amount)), on)


FIVE_PERCENT = fees(interest_per_year=50_000)


def charge(outcome: Outcome, item_id: str) -> ChargeRow | None:
    rows = [r for r in outcome.assessment.rows.get("charges", ()) if isinstance(r, ChargeRow)]
    return next((row for row in rows if row.item_id == item_id), None)


def interest(outcome: Outcome, item_id: str, on: str) -> RunningInterest:
    row = charge(outcome, item_id)
    return RunningInterest(0, 0) if row is None else interest_on(row, date.fromisoformat(on))


def owed(outcome: Outcome, item_id: str, on: str) -> int:
    return interest(outcome, item_id, on).owed_minor


def kinds(outcome: Outcome) -> dict[str, int]:
    rows = [row for row in outcome.assessment.rows["items"] if isinstance(row, ItemRow)]
    return {row.item_id: row.balance_minor for row in rows}


# --- interest ---


def test_as_many_days_are_charged_as_the_item_is_past_due() -> None:
    story = given(A, rules=[FIVE_PERCENT])
    assert charge(story.at("2026-03-01"), "A") is None
    assert owed(story.at("2026-03-02 00:00"), "A", "2026-03-02") == 137  # 1.3699
    assert owed(story.at("2026-03-31"), "A", "2026-03-31") == 4_110  # 30 days: 41.0959
    assert owed(story.at("2027-03-01"), "A", "2027-03-01") == 50_000


def test_a_row_tells_the_interest_of_every_later_day_while_it_holds() -> None:
    """A term, not a figure: nothing is written at midnight."""
    early = given(A, rules=[FIVE_PERCENT]).at("2026-04-01")
    row = charge(early, "A")
    assert row is not None
    assert early.assessment.next_change_at is None or early.assessment.next_change_at > asked(
        "2026-04-09"
    )
    assert interest_on(row, date(2026, 4, 9)).owed_minor == 5_342  # 39 days: 53.4247
    assert charge(given(A, rules=[FIVE_PERCENT]).at("2026-04-09"), "A") == row


@pytest.mark.parametrize(
    ("day_count", "expected"),
    [
        ("actual/365", "41.10"),  # 10000 * 0.05 * 30 / 365
        ("actual/360", "41.67"),  # 10000 * 0.05 * 30 / 360
        ("actual/actual", "41.10"),  # 2026 has 365 days
        ("30/360", "40.28"),  # from 1 to 31 March are 29 days: the 31st is a 30th
    ],
)
def test_a_day_count_says_which_part_of_a_year_the_days_are(
    day_count: DayCount, expected: str
) -> None:
    rules = [fees(interest_per_year=50_000, day_count=day_count)]
    assert owed(given(A, rules=rules).at("2026-03-31"), "A", "2026-03-31") == minor(expected)


def test_actual_actual_counts_the_days_of_a_leap_year_as_366ths() -> None:
    leap = invoice("L", "10,000.00", due="2027-12-31", on="2027-12-01")
    story = given(leap, rules=[fees(interest_per_year=50_000, day_count="actual/actual")])
    # The night to 1 January still belongs to 2027; two of 2028 follow.
    expected = round(1_000_000 * 0.05 * (1 / 365 + 2 / 366))
    assert owed(story.at("2028-01-03"), "L", "2028-01-03") == expected


def test_february_has_thirty_days_in_30_360() -> None:
    late = invoice("F", "36,000.00", due="2026-02-27", on="2026-01-02")
    story = given(late, rules=[fees(interest_per_year=100_000, day_count="30/360")])
    assert owed(story.at("2026-02-28"), "F", "2026-02-28") == 1_000  # one day: 10.00
    assert owed(story.at("2026-03-01"), "F", "2026-03-01") == 4_000  # to a "31st of February"


def test_a_base_rate_changes_with_the_half_year_and_each_day_has_its_own() -> None:
    """German Civil Code, section 288 (2): the base rate and nine points, anew each half-year."""
    due = invoice("A", "10,000.00", due="2026-06-21", on="2026-06-01")
    rules = [
        fees(interest_per_year=112_700),  # 2.27% and 9 points
        fees("2026-07-01", interest_per_year=102_700),  # 1.27% and 9 points
    ]
    story = given(due, rules=rules)
    nine = 1_000_000 * 0.1127 * 9 / 365  # 22 to 30 June
    assert owed(story.at("2026-06-30"), "A", "2026-06-30") == round(nine)
    ten = 1_000_000 * 0.1027 * 10 / 365  # 1 to 10 July
    assert owed(story.at("2026-07-10"), "A", "2026-07-10") == round(nine + ten)
    before = story.at("2026-06-30")
    assert before.assessment.next_change_at == instant("2026-07-01")


def test_a_part_payment_lowers_what_later_days_are_charged_on() -> None:
    story = given(A, paid("P", "4,000.00", on="2026-03-11 15:00"), rules=[FIVE_PERCENT])
    ten, twenty = 1_000_000 * 0.05 * 10 / 365, 600_000 * 0.05 * 20 / 365
    assert owed(story.at("2026-03-31"), "A", "2026-03-31") == round(ten + twenty)


def test_interest_is_never_charged_on_interest_or_fees() -> None:
    rules = [fees(interest_per_year=365_000, reminder_fees=reminders("100.00"))]
    story = given(A, dunned("A", 1, on="2026-03-11"), rules=rules)
    assert owed(story.at("2026-06-09"), "A", "2026-06-09") == 100 * 1_000  # 10.00 a day
    assert charge(story.at("2026-06-09"), "fee:A:1") is None


def test_free_days_and_a_first_reminder_put_the_start_off() -> None:
    free = given(A, rules=[fees(interest_per_year=365_000, interest_free_days=10)])
    assert owed(free.at("2026-03-11"), "A", "2026-03-11") == 0
    assert owed(free.at("2026-03-13"), "A", "2026-03-13") == 2_000
    rules = [fees(interest_per_year=365_000, interest_starts="first_reminder")]
    assert charge(given(A, rules=rules).at("2026-05-01"), "A") is None
    sent = given(A, dunned("A", 0, on="2026-02-26"), dunned("A", 1, on="2026-03-21"), rules=rules)
    assert owed(sent.at("2026-03-24"), "A", "2026-03-24") == 3_000


def test_each_instalment_bears_its_own_interest() -> None:
    parts = tuple(
        Instalment(due_on=date(2026, month, 1), amount=money(amount))
        for month, amount in ((3, "1,000.00"), (4, "2,000.00"))
    )
    data = InvoiceIssued(
        invoice_id="I", amount=money("3,000.00"), due_on=date(2026, 4, 1), instalments=parts
    )
    story = given(told(data, "2026-02-01"), rules=[fees(interest_per_year=365_000)])
    late = story.at("2026-04-03")
    assert owed(late, "I#1", "2026-04-03") == 33 * 100
    assert owed(late, "I#2", "2026-04-03") == 2 * 200


def test_a_late_payment_learnt_of_later_takes_its_days_back() -> None:
    story = given(
        A,
        paid("P", "10,000.00", on="2026-03-01 12:00").recorded_on("2026-03-20"),
        rules=[FIVE_PERCENT],
    )
    assert owed(story.known("2026-03-15").at("2026-03-15"), "A", "2026-03-15") == 1_918
    assert kinds(story.at("2026-03-15")) == {"A": 0}


def test_a_cancelled_invoice_never_bore_interest_and_takes_its_fees_with_it() -> None:
    rules = [fees(interest_per_year=50_000, reminder_fees=reminders("15.00"), clearing=LAW)]
    story = given(
        A,
        dunned("A", 1, on="2026-03-11"),
        paid("P", "100.00", on="2026-03-21"),
        cancelled("A", on="2026-04-01"),
        rules=rules,
    )
    gone = story.at("2026-04-10").then(account(outstanding="0.00", credit="100.00"))
    assert set(kinds(gone).values()) == {0}
    assert charge(gone, "A") is None


def test_a_moved_due_date_counts_from_the_amendment_on() -> None:
    story = given(A, amended("A", on="2026-03-11", due="2026-03-21"), rules=[FIVE_PERCENT])
    assert owed(story.at("2026-03-21"), "A", "2026-03-21") == 1_370  # the ten days before
    assert owed(story.at("2026-03-31"), "A", "2026-03-31") == 2_740


# --- announced ---


def test_what_is_only_announced_is_shown_and_owed_by_nobody() -> None:
    rules = [
        fees(
            interest_per_year=50_000,
            interest="announced",
            fees="announced",
            reminder_fees=reminders("15.00"),
        )
    ]
    story = given(A, limit("10,001.00"), dunned("A", 1, on="2026-03-11"), rules=rules)
    late = story.at("2026-03-31").then(account(outstanding="10,000.00", gate_refusal=None))
    assert kinds(late) == {"A": 1_000_000}
    row = charge(late, "A")
    assert row is not None
    assert interest_on(row, date(2026, 3, 31)) == RunningInterest(0, 4_110)
    assert row.fees_announced_minor == 1_500


def test_announcing_gives_way_to_charging_at_the_instant_of_the_later_policy() -> None:
    rules = [
        fees(interest_per_year=365_000, interest="announced"),
        fees("2026-03-11", interest_per_year=365_000),
    ]
    late = given(A, rules=rules).at("2026-03-15")
    # The midnight that begins 11 March is the first of the later policy.
    assert interest(late, "A", "2026-03-15") == RunningInterest(5 * 1_000, 9 * 1_000)


# --- fees ---


def test_the_first_notice_of_a_level_carries_its_fee() -> None:
    rules = [fees(reminder_fees=reminders("15.00", "40.00"))]
    story = given(
        A,
        dunned("A", 1, on="2026-03-11 10:00"),
        told(dunned("A", 1, on="2026-03-12").data, "2026-03-12"),
        dunned("A", 2, on="2026-04-05"),
        rules=rules,
    )
    story.at("2026-04-10").then(
        item("fee:A:1", "15.00", kind="fee", invoice_id="A", due_on=date(2026, 3, 11)),
        item("fee:A:2", "40.00", kind="fee", invoice_id="A", due_on=date(2026, 4, 5)),
        account(outstanding="10,055.00", invoiced="10,000.00", open_items=3),
    )


def test_a_notice_about_nothing_open_or_without_a_published_fee_costs_nothing() -> None:
    rules = [fees(reminder_fees=reminders("15.00"))]
    settled_ = given(
        A, paid("P", "10,000.00", on="2026-03-02"), dunned("A", 1, on="2026-03-11"), rules=rules
    )
    assert kinds(settled_.at("2026-03-12")) == {"A": 0}
    second = given(A, dunned("A", 2, on="2026-04-05"), rules=rules)
    assert kinds(second.at("2026-04-06")) == {"A": 1_000_000}
    assert kinds(given(A, dunned("A", 1, on="2026-03-11")).at("2026-04-06")) == {"A": 1_000_000}


def test_a_fee_in_another_currency_is_listed_and_not_charged() -> None:
    euros = (ReminderFee(level=1, amount=Money(500, "EUR")),)
    story = given(A, dunned("A", 1, on="2026-03-11"), rules=[fees(reminder_fees=euros)])
    late = story.at("2026-03-12")
    assert kinds(late) == {"A": 1_000_000}
    assert [note.reason for note in late.reading.book.ignored] == ["fee_in_other_currency"]


def test_a_fee_and_interest_raise_no_alert_and_no_notice_of_their_own() -> None:
    rules = [fees(interest_per_year=50_000, reminder_fees=reminders("15.00"))]
    story = given(
        A, dunned("A", 1, on="2026-03-11"), paid("P", "10,000.00", on="2026-03-12"), rules=rules
    )
    late = story.at("2026-06-01")
    assert kinds(late) == {"A": 0, "fee:A:1": 1_500, "interest:A": 1_507}
    assert late.assessment.alerts == []
    late.then(item("fee:A:1", "15.00", dunning_due=None), account(gate_refusal="overdue_too_long"))


def test_a_fee_may_be_credited_written_off_or_cancelled_by_its_name() -> None:
    rules = [fees(reminder_fees=reminders("15.00"))]
    noticed = (A, dunned("A", 1, on="2026-03-11"))
    credited = given(*noticed, credit_note("N", "15.00", on="2026-03-12", invoice="fee:A:1"))
    for act in (
        credit_note("N", "15.00", on="2026-03-12", invoice="fee:A:1"),
        written_off("fee:A:1", "15.00", on="2026-03-12"),
        cancelled("fee:A:1", on="2026-03-12"),
    ):
        story = given(*noticed, act, rules=rules)
        assert kinds(story.at("2026-03-13")) == {"A": 1_000_000, "fee:A:1": 0}
    assert kinds(credited.at("2026-03-13")) == {"A": 1_000_000}  # without a fee it waits


# --- clearing ---


def test_without_an_order_the_oldest_comes_first_and_interest_last() -> None:
    rules = [fees(interest_per_year=365_000, reminder_fees=reminders("15.00"))]
    story = given(A, B, dunned("A", 1, on="2026-03-11"), rules=rules)
    late = paid("P", "11,020.00", on="2026-03-21 12:00")
    after = given(A, B, dunned("A", 1, on="2026-03-11"), late, rules=rules).at("2026-03-21")
    # 20 days of 10.00 on A and 16 of 1.00 on B were owed; 5.00 was left for them.
    assert owed(story.at("2026-03-21"), "A", "2026-03-21") == 20_000
    assert kinds(after) == {
        "A": 0, "B": 0, "fee:A:1": 0, "interest:A": 19_500, "interest:B": 1_600,
    }  # fmt: skip


def test_the_law_clears_costs_then_interest_then_principal_of_the_oldest_debt() -> None:
    """German Civil Code, section 367; Civil Code of China, article 561."""
    rules = [fees(interest_per_year=365_000, reminder_fees=reminders("15.00"), clearing=LAW)]
    story = given(
        A, B, dunned("A", 1, on="2026-03-11"), paid("P", "1,215.00", on="2026-03-21"), rules=rules
    )
    after = story.at("2026-03-21").then(item("A", "9,000.00"), item("B", "1,000.00"))
    assert kinds(after)["fee:A:1"] == kinds(after)["interest:A"] == 0
    after.then(item("interest:A", "0.00", paid_minor=20_000, kind="interest", invoice_id="A"))


def test_what_a_payment_cites_is_cleared_first_with_its_charges() -> None:
    rules = [fees(interest_per_year=365_000, clearing=LAW)]
    story = given(A, B, paid("P", "516.00", on="2026-03-21", invoices=("B",)), rules=rules)
    after = story.at("2026-03-21").then(item("A", "10,000.00"), item("B", "500.00"))
    assert kinds(after)["interest:B"] == 0
    assert "interest:A" not in kinds(after)


def test_interest_may_be_cited_by_its_name() -> None:
    rules = [fees(interest_per_year=365_000)]
    for act in (
        paid("P", "200.00", on="2026-03-21", invoices=("interest:A",)),
        written_off("interest:A", "200.00", on="2026-03-21"),
        credit_note("N", "200.00", on="2026-03-21", invoice="interest:A"),
    ):
        after = given(A, act, rules=rules).at("2026-03-22")
        assert kinds(after) == {"A": 1_000_000, "interest:A": 0}
        assert owed(after, "A", "2026-03-22") == 1_000  # of the night since


def test_a_reversed_payment_leaves_all_it_had_cleared_owed_again() -> None:
    rules = [fees(interest_per_year=365_000, reminder_fees=reminders("15.00"), clearing=LAW)]
    story = given(
        A,
        dunned("A", 1, on="2026-03-11"),
        paid("P", "10,215.00", on="2026-03-21"),
        reversed_("P", on="2026-04-01"),
        rules=rules,
    )
    assert set(kinds(story.at("2026-03-31")).values()) == {0}
    after = story.at("2026-04-03")
    assert kinds(after) == {"A": 1_000_000, "fee:A:1": 1_500, "interest:A": 20_000}
    # Nothing was open in between; two nights follow the reversal.
    assert owed(after, "A", "2026-04-03") == 2_000


def test_a_disputed_debt_keeps_its_charges_from_credit_until_it_is_settled() -> None:
    rules = [fees(interest_per_year=365_000, reminder_fees=reminders("15.00"), clearing=LAW)]
    facts = (
        A,
        dunned("A", 1, on="2026-03-11"),
        disputed("A", on="2026-03-12"),
        paid("P", "500.00", on="2026-03-21"),
    )
    given(*facts, rules=rules).at("2026-03-22").then(
        item("fee:A:1", "15.00"), account(credit="500.00")
    )
    done = given(*facts, settled("A", on="2026-03-22"), rules=rules).at("2026-03-22")
    done.then(item("A", "9,725.00"), account(credit="0.00"))  # 15.00 costs, 210.00 interest


def test_a_write_off_gives_up_the_principal_then_costs_then_interest() -> None:
    rules = [fees(interest_per_year=365_000, reminder_fees=reminders("15.00"))]
    facts = (A, dunned("A", 1, on="2026-03-11"))
    whole = written_off("A", "10,215.00", on="2026-03-21")
    assert set(kinds(given(*facts, whole, rules=rules).at("2026-03-22")).values()) == {0}
    part = written_off("A", "10,000.00", on="2026-03-21")
    assert kinds(given(*facts, part, rules=rules).at("2026-03-22")) == {
        "A": 0, "fee:A:1": 1_500, "interest:A": 20_000,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("clearing", "left"),
    [((), {"A": 0, "fee:A:1": 0, "interest:A": 1_110}), (LAW, {"A": 1_110, "fee:A:1": 0})],
)
def test_a_payment_that_cites_a_debt_recovers_what_was_given_up_on_it(
    clearing: tuple[str, ...], left: dict[str, int]
) -> None:
    """30 days at 5%: 41.10. All but 11.10 of the debt comes in, and what is missing stays."""
    charged = fees(interest_per_year=50_000, reminder_fees=reminders("20.00"), clearing=clearing)
    story = (
        A,
        dunned("A", 1, on="2026-03-12"),
        written_off("A", "10,061.10", on="2026-03-31 12:00"),
        paid("P", "10,050.00", on="2026-04-05", invoices=("A",)),
    )
    found = given(*story, rules=[charged]).at("2026-04-10")
    rows = [row for row in found.assessment.rows["items"] if isinstance(row, ItemRow)]
    assert {row.item_id: row.written_off_minor for row in rows} == {"interest:A": 0, **left}
    found.then(account(outstanding="0.00", credit="0.00"))
    back = given(*story, reversed_("P", on="2026-04-06"), rules=[charged]).at("2026-04-10")
    back.then(account(outstanding="0.00", written_off="10,000.00", credit="0.00"))


def test_what_runs_when_an_item_is_paid_stays_as_an_item_of_its_own() -> None:
    """So nothing of it is forgotten, and it grows no more."""
    story = given(A, paid("P", "10,000.00", on="2026-03-31 09:00"), rules=[FIVE_PERCENT])
    for day in ("2026-03-31", "2026-12-31"):
        late = story.at(day).then(
            item("interest:A", "41.10", kind="interest", due_on=date(2026, 3, 31)),
            account(outstanding="41.10"),
        )
        assert charge(late, "A") is None


# --- limits, sums, value ---


def test_interest_alone_exceeds_the_limit_at_its_very_midnight() -> None:
    story = given(A, limit("10,041.00"), rules=[FIVE_PERCENT])  # 41.0959 on the 30th day
    before = story.at("2026-03-30 23:59:59.999999")
    assert before.alert("limit_exceeded", "CNY") is None
    assert before.assessment.next_change_at == instant("2026-03-31")
    after = story.at("2026-03-31 00:00").then(account(gate_refusal="limit_exceeded"))
    alert = after.alert("limit_exceeded", "CNY")
    assert alert is not None
    assert (alert.since, alert.amount_minor) == (instant("2026-03-31"), 10)
    again = story.at("2026-05-01").alert("limit_exceeded", "CNY")
    assert again == alert


def test_fees_and_interest_are_in_outstanding_and_exposure_under_their_own_heading() -> None:
    rules = [fees(interest_per_year=50_000, reminder_fees=reminders("15.00"))]
    late = given(A, dunned("A", 1, on="2026-03-11"), rules=rules).at("2026-03-31")
    row = charge(late, "A")
    assert row is not None
    items = [row for row in late.assessment.rows["items"] if isinstance(row, ItemRow)]
    found = account_charges(late.account(), items, [row], date(2026, 3, 31))
    assert (found.fees_minor, found.interest_minor) == (1_500, 4_110)
    assert found.outstanding_minor == found.exposure_minor == 1_005_610


def test_fees_and_interest_add_to_value_when_they_are_paid_and_apart_from_margin() -> None:
    rules = [fees(interest_per_year=365_000, reminder_fees=reminders("15.00"), clearing=LAW)]
    facts = (A, dunned("A", 1, on="2026-03-11"), paid("P", "1,215.00", on="2026-03-21"))
    story = worth(*facts, rules=rules)
    story.at("2026-03-20").then(charges="0.00", contemporary="0.00")
    story.at("2026-03-21").then(margin="1000.00", charges="215.00", contemporary="1215.00")
    back = worth(*facts, reversed_("P", on="2026-04-01"), rules=rules)
    back.at("2026-04-02").then(margin="0.00", charges="0.00", contemporary="0.00")


def test_a_promise_about_all_that_is_overdue_takes_fees_in() -> None:
    rules = [fees(reminder_fees=reminders("15.00"), clearing=LAW)]
    story = given(
        A,
        dunned("A", 1, on="2026-03-11"),
        promised("X", "10,015.00", by="2026-03-20", on="2026-03-12"),
        paid("P", "10,015.00", on="2026-03-19"),
        rules=rules,
    )
    story.at("2026-03-21").then(account(promises_kept=1, outstanding="0.00"))
