"""The real invoices file through the whole product: every figure as computed independently.

A fresh database; the thresholds published as a policy; the file imported by the shipped
mapping; the projector run to its end. Then the reports of each day of the ground truth.
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

from events.calendars import day_end, local_day, zone
from projections import PROJECTIONS
from projections.protocol import Episode, Facts, Total
from projections.receivables.alerts import AlertBook
from projections.receivables.projection import Receivables
from projections.receivables.reading import Reading
from projections.receivables.reports import ageing, dso, invoiced_in_window, open_balances
from projections.receivables.rows import AccountRow, ItemRow
from services.audit.digest import digest
from services.audit.verify import verify
from services.audit.walk import picture
from services.bootstrap import Platform, open_platform
from services.branch.compiling import load_mapping
from services.branch.importer import Job, import_file
from services.branch.publisher import LocalPublisher
from services.branch.publishing import publish_lines
from services.branch.report import Report
from services.projector.host import Projector
from services.settings import Settings
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
    job: Job
    report: Report
    home: Path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def imported(
    postgres_server: str, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Imported]:
    home = tmp_path_factory.mktemp("invoices")
    async with (
        fresh_database(postgres_server) as dsn,
        open_platform(Settings(dsn=dsn, data=home)) as platform,
    ):
        policy = (files("services.branch") / "mappings" / "invoices-policy.jsonl").read_bytes()
        headquarters = LocalPublisher(platform.intake, "headquarters", dsn)
        published = await publish_lines(BytesIO(policy), "policy", "headquarters", headquarters)
        assert published.accepted == 1
        job = Job(
            path=invoices_file(shared_data), mapping=load_mapping("invoices-ibm"), branch="hq"
        )
        report = await import_file(job, LocalPublisher(platform.intake, "hq", dsn), home)
        await Projector(platform).catch_up()
        yield Imported(platform, job, report, home)


@pytest.fixture(scope="module")
def truth(shared_data: Path) -> Truth:
    return receivables_truth(shared_data)


class Stand(NamedTuple):
    """All customers as of the end of a day, refolded from the log."""

    items: list[ItemRow]
    accounts: list[tuple[str, AccountRow]]
    totals: list[Total]


async def stand(platform: Platform, day: date) -> Stand:
    projection, at = Receivables(), day_end(day, SHANGHAI)
    found = Stand([], [], [])
    async with picture(platform) as seen:
        reference = await seen.reference()
        async for customer, events in seen.dossiers():
            handled = Facts(e for e in events if type(e.data) in projection.handles)
            for rows in projection.assess(customer, handled, at, reference).rows.values():
                for row in rows:
                    found.totals.extend(projection.totals(row))
                    if isinstance(row, ItemRow):
                        found.items.append(row)
                    elif isinstance(row, AccountRow):
                        found.accounts.append((customer, row))
    return found


async def episodes(platform: Platform) -> list[Episode]:
    projection = Receivables()
    found: list[Episode] = []
    async with picture(platform) as seen:
        reference = await seen.reference()
        async for customer, events in seen.dossiers():
            handled = Facts(e for e in events if type(e.data) in projection.handles)
            reading = Reading(handled, AFTERWARDS, reference)
            found.extend(AlertBook(customer, reading).episodes())
    return [e for e in found if e.alert.kind == "overdue"]


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
    found = await stand(imported.platform, day)
    aged = ageing(open_balances(found.totals, CURRENCY), day)
    open_items = [item for item in found.items if item.status == "open"]
    settled = [item.days_late or 0 for item in found.items if item.status == "settled"]
    overdue = [customer for customer, account in found.accounts if account.overdue_items]
    invoiced = invoiced_in_window(found.totals, CURRENCY, day)
    buckets = {bucket.label: (bucket.items, bucket.amount_minor) for bucket in aged.buckets}
    beyond = [buckets.pop(label) for label in ("91-120", "121+")]
    buckets["90+"] = (sum(n for n, _ in beyond), sum(amount for _, amount in beyond))

    assert aged.items == len(open_items) == expected.open_invoices
    assert aged.outstanding_minor == minor(expected.outstanding)
    assert aged.overdue_items == expected.overdue_invoices
    assert aged.overdue_minor == minor(expected.overdue_amount)
    assert len(overdue) == expected.customers_overdue
    assert max((day - item.due_on).days for item in open_items) == expected.max_days_overdue
    assert buckets == {
        label: (bucket.n, minor(bucket.amount))
        for label, bucket in expected.by_days_overdue.items()
    }
    assert invoiced == minor(expected.invoiced_last_90d)
    assert dso(aged.outstanding_minor, invoiced) == expected.dso90
    assert sum(item.disputed for item in open_items) == expected.open_disputed
    assert mean(settled, 4) == expected.settled_mean_days_late


async def test_alerts_of_each_level_are_exact(imported: Imported, truth: Truth) -> None:
    raised = await episodes(imported.platform)
    assert all(episode.cause and episode.until for episode in raised)
    for level, expected in truth.alerts.levels.items():
        alerts = [e.alert for e in raised if e.alert.threshold == level]
        assert len(alerts) == expected.alerts
        assert len({alert.subject for alert in alerts}) == expected.alerts, "once per invoice"
        assert len({alert.customer_id for alert in alerts}) == expected.customers
        assert sum(alert.amount_minor for alert in alerts) == minor(expected.amount)
        first = min((local_day(alert.since, SHANGHAI) for alert in alerts), default=None)
        assert first == expected.first


async def test_days_late_are_exact_in_the_live_rows(imported: Imported, truth: Truth) -> None:
    rows = await imported.platform.pool.fetch(
        "SELECT days_late, status, paid_minor FROM receivables_v1_items"
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
    assert await Projector(platform).catch_up() == 0
    assert await platform.log.heads() == heads
    assert (await digest(platform, AFTERWARDS, None, lambda done: None)) == before


async def test_the_live_rows_are_what_the_events_say(imported: Imported) -> None:
    found = await verify(imported.platform, lambda done: None)
    assert found.named == []
    assert found.parked == 0
    assert found.customers == 100 * len(PROJECTIONS)


def mean(days: list[int], digits: int) -> Decimal:
    return round(Decimal(sum(days)) / len(days), digits)
