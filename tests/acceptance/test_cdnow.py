"""The real CDNOW purchases by the shipped mapping: every figure as computed independently.

Pure: mapping, facts, assessment, report. What carries events from a file to the projection is
proven by the invoices file.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Literal, get_args

import msgspec
import pytest
from msgspec import Struct

from events.calendars import day_end, zone
from events.envelope import BranchId, CustomerId, Envelope, EventId, Position, RecordedEvent
from events.facts import fact_of
from events.policy import Reference
from events.touchpoints import CATALOGUE
from events.touchpoints.policy import TierLine, TierPolicy, TierPolicyPublished
from projections.facts import Facts
from projections.value_tiers.projection import ValueTiers
from projections.value_tiers.reports import Rfm, TieRule, measures, rfm, transitions
from projections.value_tiers.rows import StandingRow
from services.importing.cells import Row
from services.importing.compiling import load_mapping
from services.importing.rows import open_rows
from tests.support.given import instant, recorded_events, told

pytestmark = pytest.mark.acceptance

SHANGHAI = zone("Asia/Shanghai")
CALIBRATED = date(1997, 9, 30)
HALF_YEARS = (date(1997, 12, 31), date(1998, 6, 30))
STATES = ("inactive", "bronze", "silver", "gold")


class _Quintile(Struct):
    n_ntile: int
    min_ntile: float
    max_ntile: float
    n_cume_dist: int


class _RfmTruth(Struct):
    customers: int
    R: dict[int, _Quintile]
    F: dict[int, _Quintile]
    M: dict[int, _Quintile]
    cells_ntile_555: int
    cells_ntile_111: int
    cells_cume_dist_555: int
    distinct_rfm_cells_ntile: int


class _Transition(Struct):
    states: list[str]
    counts: list[list[int]]
    matrix: list[list[float]]


class _Truth(Struct):
    cdnow_rfm: dict[str, _RfmTruth | str]
    cdnow_tier_transition: _Transition


@pytest.fixture(scope="module")
def truth(shared_data: Path) -> _Truth:
    return msgspec.json.decode((shared_data / "ground_truth.json").read_bytes(), type=_Truth)


@cache
def cohort(folder: Path) -> Mapping[str, Facts]:
    """Every customer's facts, as the mapping makes them of the file."""
    mapping = load_mapping("cdnow")
    facts: dict[str, Facts] = defaultdict(Facts)
    for row in open_rows(folder / "cdnow_sample_transactions.csv", mapping):
        assert isinstance(row, Row)
        made, refused = mapping.read(row, "shop")
        assert not refused
        for n, one in enumerate(made):
            event = one.event
            at = datetime.fromisoformat(str(event["time"]))
            envelope = Envelope(
                id=EventId(str(event["id"])),
                source=str(event["source"]),
                type=str(event["type"]),
                subject=CustomerId(str(event["subject"])),
                branch_id=BranchId("shop"),
                epoch=0,
                sequence=int(str(event["sequence"])),
                created_at=at,
                effective_at=at,
            )
            data = msgspec.convert(event["data"], CATALOGUE[envelope.type])
            assert envelope.subject is not None
            position = Position(1, 0, 2 * row.line + n)
            facts[envelope.subject].remember(fact_of(RecordedEvent(envelope, position, at, data)))
    return facts


def half_year(window_days: int, since: str) -> TierPolicyPublished:
    """The ground truth's tiers: by what was spent in a half-year, without grace.

    Paid in full and of unknown cost, what was spent is contemporary value. A half-year is 184
    days to 31 December and 181 to 30 June, so each has a policy version of its own.
    """
    policy = TierPolicy(
        currency="USD",
        tiers=(
            TierLine(name="gold", line_minor=150_00),
            TierLine(name="silver", line_minor=50_00),
            TierLine(name="bronze", line_minor=1),
        ),
        lowest="inactive",
        window_days=window_days,
        drop_days=0,
        keep_share=10_000,
    )
    return TierPolicyPublished(effective_from=instant(since), policy=policy)


REFERENCE = Reference(
    recorded_events(
        [
            told(half_year(184, "1997-01-01"), "1996-12-31"),
            told(half_year(181, "1998-01-01"), "1996-12-31"),
        ]
    )
)


@cache
def standings(folder: Path, on: date) -> Mapping[str, StandingRow]:
    """Everybody's row at the end of a day."""
    projection = ValueTiers()
    at = day_end(on, SHANGHAI)
    found = {}
    for customer, facts in cohort(folder).items():
        assessment = projection.assess(CustomerId(customer), facts, at, REFERENCE)
        (row,) = assessment.rows["standings"]
        assert isinstance(row, StandingRow)
        found[customer] = row
    return found


def test_every_purchase_is_an_order_and_its_payment(shared_data: Path) -> None:
    rows = standings(shared_data, HALF_YEARS[1])
    assert len(rows) == 2_357
    assert sum(row.orders for row in rows.values()) == 6_919
    assert sum(row.payments for row in rows.values()) == 6_919
    assert sum(row.net_amount_minor for row in rows.values()) == 244_091_94
    assert sum(row.purchase_days for row in rows.values()) == 6_696


@pytest.mark.parametrize("on", [CALIBRATED, HALF_YEARS[1]], ids=str)
def test_quintiles_are_exact_under_both_tie_rules(
    shared_data: Path, truth: _Truth, on: date
) -> None:
    expected = truth.cdnow_rfm[str(on)]
    assert isinstance(expected, _RfmTruth)
    people = measures(standings(shared_data, on).items())
    assert len(people) == expected.customers
    ntile = rfm(people, on, "ntile")
    shared = rfm(people, on, "cume_dist")
    for quintiles, score, value, unit in (
        (expected.R, "r", "recency_days", 1),
        (expected.F, "f", "purchase_days", 1),
        (expected.M, "m", "net_amount_minor", 100),
    ):
        for k, quintile in quintiles.items():
            inside = [attrgetter(value)(p) for p in ntile if getattr(p, score) == k]
            assert len(inside) == quintile.n_ntile
            assert min(inside) == round(quintile.min_ntile * unit)
            assert max(inside) == round(quintile.max_ntile * unit)
            assert Counter(map(attrgetter(score), shared))[k] == quintile.n_cume_dist
    cells = Counter(person.cell for person in ntile)
    assert cells["555"] == expected.cells_ntile_555
    assert cells["111"] == expected.cells_ntile_111
    assert len(cells) == expected.distinct_rfm_cells_ntile
    assert Counter(person.cell for person in shared)["555"] == expected.cells_cume_dist_555


@pytest.mark.parametrize("ties", get_args(TieRule))
def test_every_customer_has_its_quintiles(
    shared_data: Path, ties: Literal["ntile", "cume_dist"]
) -> None:
    on = HALF_YEARS[1]
    suffix = "_n" if ties == "ntile" else "_c"
    with (shared_data / f"ground_truth_cdnow_rfm_{on}.csv").open(encoding="ascii") as file:
        expected = [
            Rfm(
                line["cid"],
                int(line["rec"]),
                int(line["f"]),
                round(float(line["m"]) * 100),
                *(int(line[f"{measure}{suffix}"]) for measure in "rfm"),
            )
            for line in csv.DictReader(file)
        ]
    found = rfm(measures(standings(shared_data, on).items()), on, ties)
    assert found == sorted(expected, key=attrgetter("customer"))


def test_moves_between_the_half_years_are_exact(shared_data: Path, truth: _Truth) -> None:
    before, after = (
        {customer: str(row.tier) for customer, row in standings(shared_data, on).items()}
        for on in HALF_YEARS
    )
    expected = truth.cdnow_tier_transition
    assert tuple(expected.states) == STATES
    moved = Counter((tier, after[who]) for who, tier in before.items() if who in after)
    found = transitions(moved, STATES)
    assert found.counts == expected.counts
    assert [[float(share) for share in row] for row in found.matrix] == expected.matrix
