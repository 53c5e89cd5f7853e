"""What is foretold of news is what assessing all from nothing says, without them and with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from events.envelope import CustomerId
from events.facts import Fact
from events.policy import Reference
from events.touchpoints.customer import CustomerMerged, CustomerUnmerged
from projections import PROJECTIONS
from projections.facts import Facts
from projections.merged import Merged
from services.casework.comparing import Changes, compared
from tests.support import case_streams, value_streams
from tests.support.given import CUSTOMER
from tests.support.merging import Dossiers, chain, move, parents
from tests.support.streams import instants, references

FAMILY = (CustomerId("C-1"), CustomerId("C-2"), CustomerId("C-3"))

Said = Mapping[tuple[object, ...], Mapping[str, object]]
"""Rows by projection, table, customer and key, and alerts by customer and id."""


def from_nothing(
    told: Mapping[CustomerId, Sequence[Fact]], at: datetime, reference: Reference
) -> tuple[Said, Said, list[datetime]]:
    """All rows and alerts of everybody at an instant, and when a root changes by itself."""
    rows: dict[tuple[object, ...], Mapping[str, object]] = {}
    alerts: dict[tuple[object, ...], Mapping[str, object]] = {}
    ends: list[datetime] = []
    parent = parents(told, at)
    for root in told:
        if root in parent:
            continue
        union = [f for one in told if chain(parent, one)[-1] == root for f in told[one]]
        for projection in PROJECTIONS:
            facts = Facts(union, projection.handles)
            if not len(facts):
                continue
            found = projection.assess(root, facts, at, reference)
            for table in projection.tables:
                for row in found.rows.get(table.name, ()):
                    key = (projection.name, table.name, root, table.key_of(row))
                    rows[key] = msgspec.to_builtins(row)
            for alert in found.alerts:
                alerts[root, alert.alert_id] = msgspec.to_builtins(alert)
            if found.next_change_at is not None:
                ends.append(found.next_change_at)
    return rows, alerts, ends


def hold(
    foretold: Changes,
    before: Mapping[CustomerId, Sequence[Fact]],
    news: Mapping[CustomerId, Sequence[Fact]],
    at: datetime,
    reference: Reference,
) -> None:
    after = {one: [*before.get(one, ()), *news.get(one, ())] for one in {**before, **news}}
    old, old_alerts, _ = from_nothing(before, at, reference)
    new, new_alerts, ends = from_nothing(after, at, reference)
    told = {
        (row.projection, row.table, row.customer_id, tuple(row.key)): {
            one.field: (one.before, one.after) for one in row.fields
        }
        for row in foretold.rows
    }
    assert len(told) == len(foretold.rows)
    expected = {}
    for key in {**old, **new}:
        one, other = old.get(key, {}), new.get(key, {})
        fields = {
            name: (one.get(name), other.get(name))
            for name in {**one, **other}
            if one.get(name) != other.get(name)
        }
        if fields:
            expected[key] = fields
    assert told == expected
    alerts = {
        one: (old_alerts.get(one, {}), new_alerts.get(one, {}))
        for one in old_alerts.keys() | new_alerts.keys()
        if old_alerts.get(one) != new_alerts.get(one)
    }
    expected_alerts = {}
    for (customer, _), (one, other) in alerts.items():
        alert = other or one
        fields = {n: (one[n], other[n]) for n in one if other and one[n] != other[n]}
        raised = None if one and other else bool(other)
        named = (customer, alert["kind"], alert["subject"], alert["threshold"], raised)
        expected_alerts[named] = fields
    assert {
        (one.customer_id, one.kind, one.subject, one.threshold, one.raised): {
            field.field: (field.before, field.after) for field in one.fields
        }
        for one in foretold.alerts
    } == expected_alerts
    assert len(foretold.alerts) == len(alerts)
    moves = [
        fact.effective_at
        for some in after.values()
        for fact in some
        if isinstance(fact.data, (CustomerMerged, CustomerUnmerged)) and fact.effective_at > at
    ]
    if not moves:  # else a move to come may bound it, too
        assert foretold.next_change_at == min(ends, default=None)


@given(
    st.one_of(
        st.tuples(value_streams.value_streams(), value_streams.value_references()),
        st.tuples(case_streams.case_streams(), case_streams.case_rules()),
    ),
    st.data(),
)
@settings(deadline=None)
def test_of_one_customer(asked: tuple[Sequence[Fact], Reference], data: st.DataObject) -> None:
    facts, reference = asked
    cut = data.draw(st.integers(0, len(facts)))
    of_facts = [st.sampled_from([fact.effective_at for fact in facts])] if facts else []
    at = data.draw(st.one_of(instants, *of_facts))
    before = {CUSTOMER: facts[:cut]} if cut else {}
    news = {CUSTOMER: facts[cut:]}
    foretold = compared(Merged(before), news, at, reference)
    hold(foretold, before, news, at, reference)


@st.composite
def families(draw: st.DrawFn) -> tuple[Dossiers, Dossiers]:
    """What three customers did, merges among it; and what comes then."""
    before: Dossiers = {one: [] for one in FAMILY}
    news: Dossiers = {}
    customers = st.sampled_from(FAMILY)
    for fact in draw(value_streams.value_streams(max_size=16)):
        told = before if draw(st.booleans()) else news
        told.setdefault(draw(customers), []).append(fact)
    for n in range(draw(st.integers(1, 5))):
        other = draw(customers)
        merges = draw(st.sampled_from([True, True, False]))
        data = CustomerMerged(into=other) if merges else CustomerUnmerged(out_of=other)
        told = before if draw(st.booleans()) else news
        told.setdefault(draw(customers), []).append(move(n, draw(instants), data))
    return before, news


@given(families(), instants, references())
@settings(deadline=None)
def test_of_customers_whom_merges_connect_or_part(
    told: tuple[Dossiers, Dossiers], at: datetime, reference: Reference
) -> None:
    before, news = told
    hold(compared(Merged(before), news, at, reference), before, news, at, reference)
