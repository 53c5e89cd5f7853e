"""What is done about an alert that stands: the last word counts, whatever the order of delivery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from msgspec import structs

from events.calendars import INSTANT
from events.facts import Fact
from events.money import Money
from events.policy import Reference
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import InvoiceIssued
from events.touchpoints.policy import AlertAcknowledged, AlertDelegated, AlertSnoozed
from projections.case_board.projection import CaseBoard
from projections.facts import Facts
from projections.protocol import Alert, Assessment, Projection
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from tests.support.case_streams import case_rules, case_streams
from tests.support.case_streams import instants as case_instants
from tests.support.given import CUSTOMER, deliveries, digest_of
from tests.support.streams import FIRST, event, instants, references, streams
from tests.support.value_streams import asked, value_references, value_streams

Stream = Sequence[Fact]
Situation = tuple[Projection, Stream, datetime, Reference]


def and_late(told: Stream) -> Stream:
    """Return what is told of somebody who is late with an invoice besides."""
    data = InvoiceIssued(
        invoice_id="I-77", amount=Money(10**6, "CNY"), due_on=FIRST.date() - timedelta(days=2)
    )
    return [*told, event(data, 800, FIRST, "/branches/B-1/a")]


situations: st.SearchStrategy[Situation] = st.one_of(
    st.tuples(st.just(Receivables()), streams(max_size=15).map(and_late), instants, references()),
    st.tuples(st.just(ValueTiers()), value_streams(max_size=20), asked, value_references()),
    st.tuples(st.just(CaseBoard()), case_streams(), case_instants, case_rules()),
)
_hours = st.integers(-48, 96)
_words = st.lists(
    st.tuples(
        st.sampled_from(["take", "put off", "pass on"]),
        _hours,
        _hours,
        st.sampled_from(["x", "y", "to x"]),
    ),
    min_size=1,
    max_size=5,
)


def assess(projection: Projection, events: Stream, at: datetime, by: Reference) -> Assessment:
    return projection.assess(CUSTOMER, Facts(events, projection.handles), at, by)


def cared_for(found: Assessment) -> list[Alert]:
    """Return the alerts that words count for: a clock of a case has commands of its own."""
    kinds = ("case_response", "case_solution", "case_obligation")
    return sorted((one for one in found.alerts if one.kind not in kinds), key=lambda one: one.key)


def said(word: str, alert_id: str, until: datetime, by: str) -> Touchpoint:
    match word:
        case "take":
            return AlertAcknowledged(alert_id=alert_id, by=by)
        case "put off":
            return AlertSnoozed(alert_id=alert_id, by=by, until=until)
        case _:
            return AlertDelegated(alert_id=alert_id, by=by, to=f"to {by}")


def expected(alert: Alert, words: Stream, at: datetime) -> Alert:
    """Return an alert with what was said of it, by reading the words from first to last."""
    names = {alert.alert_id, alert.episode_id}
    delegate, last = None, None
    for fact in sorted(words, key=lambda one: one.fact_key):
        data = fact.data
        assert isinstance(data, AlertAcknowledged | AlertSnoozed | AlertDelegated)
        if data.alert_id in names and fact.effective_at <= at:
            last = fact
            if isinstance(data, AlertDelegated):
                delegate = data.to
            elif isinstance(data, AlertAcknowledged) and data.by != delegate:
                delegate = None  # somebody else took it up
    if last is None:
        return alert
    data = last.data
    found = structs.replace(alert, delegate=delegate)
    if isinstance(data, AlertSnoozed) and data.until <= at:
        return found
    assert isinstance(data, AlertAcknowledged | AlertSnoozed | AlertDelegated)
    found = structs.replace(found, state_by=data.by, state_at=last.effective_at)
    if isinstance(data, AlertAcknowledged):
        return structs.replace(found, state="acknowledged")
    if isinstance(data, AlertSnoozed):
        return structs.replace(found, state="snoozed", until=data.until)
    return found


@given(situations, _words, st.data(), st.integers(0, 96), st.integers(0, 2**16))
def test_the_last_word_about_an_alert_counts_and_nothing_else_changes(
    situation: Situation,
    told: Sequence[tuple[str, int, int, str]],
    data: st.DataObject,
    later: int,
    seed: int,
) -> None:
    projection, events, at, rules = situation
    standing = cared_for(assess(projection, events, at, rules))
    if not standing:
        return
    named = {
        one.key: data.draw(st.sampled_from([one.alert_id, one.episode_id])) for one in standing
    }
    words = []
    for n, (word, hours, until, by) in enumerate(told):
        one = data.draw(st.sampled_from(standing))
        spoken = said(word, named[one.key], at + timedelta(hours=until), by)
        words.append(event(spoken, 900 + n, at + timedelta(hours=hours), "/customers/C-1"))
    every = [*events, *words]
    now = at + timedelta(hours=later)
    without, found = assess(projection, events, now, rules), assess(projection, every, now, rules)
    assert found.rows == without.rows, "no word moves money, value or a case"
    own = set(without.alerts) - set(cared_for(without))
    assert set(found.alerts) == own | {expected(one, words, now) for one in cared_for(without)}
    digest = digest_of(found, projection)
    for batches in deliveries(every, seed, rounds=1):
        facts = Facts(handles=projection.handles)
        for batch in batches:
            for one_fact in batch:
                facts.remember(one_fact)
            last = projection.assess(CUSTOMER, facts, now, rules)
        assert digest_of(last, projection) == digest
    end = found.next_change_at
    if end is not None:
        assert end > now
        note(f"next change at {end}")
        before = assess(projection, every, end - INSTANT, rules)
        assert set(before.alerts) == set(found.alerts)


@given(situations, st.integers(1, 200), st.data())
def test_what_is_put_off_is_open_again_at_its_instant_whoever_goes_on(
    situation: Situation, hours: int, data: st.DataObject
) -> None:
    """Step by step, as a worker that remembers goes on, and each time as one that begins anew."""
    projection, events, at, rules = situation
    standing = cared_for(assess(projection, events, at, rules))
    if not standing:
        return
    one = data.draw(st.sampled_from(standing))
    until = at + timedelta(hours=hours)
    word = AlertSnoozed(alert_id=one.episode_id, by="x", until=until)
    every = [*events, event(word, 900, at, "/customers/C-1")]
    facts = Facts(every, projection.handles)
    now: datetime | None = at
    steps = 0
    while now is not None and now <= until and steps < 40:
        found = projection.assess(CUSTOMER, facts, now, rules)
        afresh = assess(projection, every, now, rules)
        assert digest_of(found, projection) == digest_of(afresh, projection)
        assert found.next_change_at == afresh.next_change_at
        states = {a.state for a in found.alerts if a.episode_id == one.episode_id}
        assert states <= ({"snoozed"} if now < until else {"open"})
        if "snoozed" in states:
            assert found.next_change_at is not None
            assert found.next_change_at <= until
        now, steps = found.next_change_at, steps + 1


@pytest.mark.parametrize(("taker", "shown"), [("y", "y"), ("x", None), ("z", None)])
def test_whom_an_alert_was_passed_on_to_stays_so_until_another_takes_it_up_by_whichever_id(
    taker: str, shown: str | None
) -> None:
    situation = and_late([])
    at = FIRST + timedelta(days=1)
    [alert] = cared_for(assess(Receivables(), situation, at, Reference()))
    for first, then in (
        (alert.alert_id, alert.episode_id),
        (alert.episode_id, alert.alert_id),
    ):
        passed_on = AlertDelegated(alert_id=first, by="x", to="y")
        taken_up = AlertAcknowledged(alert_id=then, by=taker)
        words = [
            event(passed_on, 900, at, "/customers/C-1"),
            event(taken_up, 901, at + timedelta(hours=1), "/customers/C-1"),
        ]
        now = at + timedelta(hours=2)
        found = cared_for(assess(Receivables(), [*situation, *words], now, Reference()))
        assert [(one.state, one.state_by, one.delegate) for one in found] == [
            ("acknowledged", taker, shown)
        ]
