"""The real invoices file through the whole product: every figure as computed independently.

Twice: once with the event log in PostgreSQL, once in Kafka. A fresh log; the thresholds
published as a policy; the file imported by the shipped mapping; the projector run to its end.
Then the reports of each day of the ground truth.
"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from events.calendars import local_day, zone
from services.audit.digest import digest
from services.audit.reports import report_ageing, report_alerts
from services.audit.verify import verify
from services.hosts.bootstrap import open_platform
from services.importing.compiling import load_mapping
from services.importing.importer import Job, import_file
from services.importing.publisher import LocalPublisher
from services.importing.publishing import publish_lines
from services.importing.report import Report
from services.platform import Platform
from services.settings import Settings
from tests.support.modes import EITHER, catch_up, chosen_log
from tests.support.postgres import fresh_database
from tests.support.shared_data import (
    CURRENCY,
    invoices_file,
    minor,
    receivables_truth,
)
from tests.support.shared_data import (
    Receivables as Truth,
)

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.postgres,
    pytest.mark.asyncio(loop_scope="module"),
]

DAYS = [date(2012, 6, 30), date(2012, 10, 1), date(2012, 12, 31)]
DAYS += [date(2013, 3, 1), date(2013, 6, 30), date(2013, 12, 31)]
SHANGHAI = zone("Asia/Shanghai")
AFTERWARDS = datetime(2015, 1, 1, tzinfo=UTC)


class Imported(NamedTuple):
    """The platform after the import, and what the import reported."""

    platform: Platform
    settings: Settings
    job: Job
    report: Report
    home: Path


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=EITHER)
async def imported(
    request: pytest.FixtureRequest,
    shared_data: Path,
    postgres_server: str,
    migrated: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Imported]:
    home = tmp_path_factory.mktemp("invoices")
    async with (
        fresh_database(postgres_server, migrated) as dsn,
        chosen_log(request, Settings(dsn=dsn, data=home)) as settings,
        open_platform(settings) as platform,
    ):
        policy = (files("services.importing") / "mappings" / "invoices-policy.jsonl").read_bytes()
        headquarters = LocalPublisher(platform.intake, "headquarters", dsn)
        published = await publish_lines(BytesIO(policy), "policy", "headquarters", headquarters)
        assert published.accepted == 1
        job = Job(
            path=invoices_file(shared_data), mapping=load_mapping("invoices-ibm"), branch="hq"
        )
        report = await import_file(job, LocalPublisher(platform.intake, "hq", dsn), home)
        await catch_up(platform, settings)
        yield Imported(platform, settings, job, report, home)


@pytest.fixture(scope="module")
def truth(shared_data: Path) -> Truth:
    return receivables_truth(shared_data)


async def test_every_row_is_taken(imported: Imported, truth: Truth) -> None:
    report = imported.report
    assert report.all_well
    assert (report.rows, report.rounded) == (truth.invoices, 0)
    consents = truth.customers
    assert report.accepted == 2 * truth.invoices + truth.disputed + consents
    assert report.repeated == truth.invoices - consents


@pytest.mark.parametrize("day", DAYS, ids=str)
async def test_the_figures_of_a_day_are_exact(imported: Imported, truth: Truth, day: date) -> None:
    expected = truth.asof[day]
    report = await report_ageing(imported.platform, day, None, None, lambda done: None)
    (found,) = report.currencies
    aged = found.ageing
    buckets = {bucket.label: (bucket.items, bucket.amount_minor) for bucket in aged.buckets}
    beyond = [buckets.pop(label) for label in ("91-120", "121+")]
    buckets["90+"] = (sum(n for n, _ in beyond), sum(amount for _, amount in beyond))

    assert found.currency == CURRENCY
    assert aged.items == expected.open_invoices
    assert aged.outstanding_minor == minor(expected.outstanding)
    assert aged.overdue_items == expected.overdue_invoices
    assert aged.overdue_minor == minor(expected.overdue_amount)
    assert found.customers_overdue == expected.customers_overdue
    assert buckets == {
        label: (bucket.n, minor(bucket.amount))
        for label, bucket in expected.by_days_overdue.items()
    }
    assert found.invoiced_90_days_minor == minor(expected.invoiced_last_90d)
    assert found.dso_90_days == expected.dso90
    assert found.disputed_items == expected.open_disputed
    assert found.mean_days_late == expected.settled_mean_days_late
    assert (found.credit_minor, found.reserved_minor) == (0, 0)


async def test_alerts_of_each_level_are_exact(imported: Imported, truth: Truth) -> None:
    report = await report_alerts(
        imported.platform, AFTERWARDS, None, lambda done: None, listed=True
    )
    counts = {count.threshold: count for count in report.counts if count.kind == "overdue"}
    levels = {level: expected for level, expected in truth.alerts.levels.items() if expected.alerts}
    assert counts.keys() == levels.keys()
    for level, expected in levels.items():
        found = counts[level]
        assert (found.raised, found.standing) == (expected.alerts, 0)
        assert found.customers == expected.customers
        assert found.amount_minor == minor(expected.amount)
        assert local_day(found.first, SHANGHAI) == expected.first
        assert sum(found.cleared_by.values()) == found.raised
    overdue = [e.alert for e in report.episodes if e.alert.kind == "overdue"]
    assert len({alert.key for alert in overdue}) == len(overdue), "once per invoice and level"


async def test_days_late_are_exact_in_the_live_rows(imported: Imported, truth: Truth) -> None:
    rows = await imported.platform.pool.fetch(
        "SELECT days_late, status, paid_minor FROM receivables_v5_items"
    )
    late = [row["days_late"] for row in rows if row["days_late"] > 0]
    assert {row["status"] for row in rows} == {"settled"}
    assert sum(row["paid_minor"] for row in rows) == minor(truth.total_invoiced)
    assert (len(late), max(late)) == (truth.late_invoices, truth.max_days_late)
    assert mean([row["days_late"] for row in rows], 6) == truth.mean_days_late_all
    assert mean(late, 6) == truth.mean_days_late_if_late


async def test_a_second_import_changes_nothing(imported: Imported, truth: Truth) -> None:
    platform = imported.platform
    before = await digest(platform, AFTERWARDS, None, lambda done: None)
    heads = await platform.log.heads()
    local = LocalPublisher(platform.intake, "hq", platform.dsn)
    again = await import_file(imported.job, local, imported.home)
    assert (again.accepted, again.refused) == (0, 0)
    assert again.duplicate == imported.report.accepted
    assert await catch_up(platform, imported.settings) == 0
    assert await platform.log.heads() == heads
    assert (await digest(platform, AFTERWARDS, None, lambda done: None)) == before


async def test_the_live_rows_are_what_the_events_say(imported: Imported) -> None:
    found = await verify(imported.platform, lambda done: None)
    assert found.named == []
    assert found.parked == 0
    assert found.customers == 100


def mean(days: list[int], digits: int) -> Decimal:
    return round(Decimal(sum(days)) / len(days), digits)
