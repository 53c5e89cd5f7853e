"""Importing into a real platform: the shipped mapping, policies, conflicts, erasable names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio

from events.partitioning import partition_of
from services.gateway.http import create_gateway
from services.hosts.bootstrap import open_platform
from services.importing.compiling import compile_text, load_mapping
from services.importing.http_publisher import GatewayRefused, HttpPublisher
from services.importing.importer import Job, import_file
from services.importing.publisher import LocalPublisher
from services.importing.publishing import publish_lines
from services.intake.keys import Keys
from services.platform import Platform
from services.settings import Settings
from tests.support.modes import EITHER, chosen_log

pytestmark = pytest.mark.postgres

HEADER = (
    "customer_id,paperless_date,invoice_number,invoice_date,due_date,invoice_amount,disputed,"
    "settled_date\n"
)
ROWS = (
    "C1,2013-04-06,0611365,2013-01-02,2013-02-01,55.94,No,2013-01-15\n"
    "C2,2012-03-03,7900770,2013-01-26,2013-02-25,61.74,Yes,2013-03-03\n"
    "C2,2012-03-03,9231909,2013-07-03,2013-08-02,65.88,No,\n"
)
NAMES = """
mapping = "names"
[source]
format = "csv"
key = ["no"]
[[touchpoint]]
name = "known"
type = "customer.registered"
subject = "no"
occurred_at = { value = 2026-01-01 }
[touchpoint.personal]
name = "name"
"""


@pytest_asyncio.fixture(params=EITHER)
async def platform(
    request: pytest.FixtureRequest, database: str, tmp_path: Path
) -> AsyncIterator[Platform]:
    given = Settings(dsn=database, data=tmp_path / "data")
    async with chosen_log(request, given) as settings, open_platform(settings) as opened:
        yield opened


def local(platform: Platform, branch: str = "b1") -> LocalPublisher:
    return LocalPublisher(platform.intake, branch, platform.dsn)


@asynccontextmanager
async def gateway(platform: Platform, key: str) -> AsyncIterator[HttpPublisher]:
    transport = httpx2.ASGITransport(create_gateway(platform))
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(
        base_url="http://gateway", transport=transport, headers=headers
    ) as client:
        yield HttpPublisher(client)


def invoices(folder: Path, rows: str = ROWS, branch: str = "b1") -> Job:
    file = folder / "invoices.csv"
    file.write_text(HEADER + rows, "utf-8")
    return Job(path=file, mapping=load_mapping("invoices-ibm"), branch=branch)


async def test_a_second_import_leaves_the_log_as_it_was(platform: Platform, tmp_path: Path) -> None:
    job = invoices(tmp_path)
    first = await import_file(job, local(platform), tmp_path)
    assert (first.accepted, first.duplicate, first.repeated, first.refused) == (8, 0, 1, 0)
    heads = await platform.log.heads()
    assert sum(heads.counts) == 8
    second = await import_file(job, local(platform), tmp_path)
    assert (second.accepted, second.duplicate, second.repeated, second.refused) == (0, 8, 1, 0)
    assert await platform.log.heads() == heads


async def test_a_changed_row_is_a_conflict_that_names_line_and_column(
    platform: Platform, tmp_path: Path
) -> None:
    await import_file(invoices(tmp_path), local(platform))
    report = await import_file(invoices(tmp_path, ROWS.replace("55.94", "99.94")), local(platform))
    assert (report.accepted, report.duplicate, report.refused) == (0, 6, 2)
    assert [(line.line, line.block, line.code) for line in report.lines] == [
        (2, "issued", "conflict"),
        (2, "paid", "conflict"),
    ]
    assert all("if a cell was changed, put it back" in line.remedy for line in report.lines)


async def test_two_branches_may_use_the_same_numbers(platform: Platform, tmp_path: Path) -> None:
    for branch in ("b1", "b2"):
        report = await import_file(
            invoices(tmp_path, branch=branch), local(platform, branch), tmp_path
        )
        assert report.accepted == 8


async def test_names_reach_the_log_sealed(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("no,name\nC9,王芳\n", "utf-8")
    job = Job(path=file, mapping=compile_text(NAMES), branch="b1")
    assert (await import_file(job, local(platform))).accepted == 1
    [stored] = await platform.log.read(partition_of("C9"), 0, 10)
    assert "王芳".encode() not in stored.payload


async def test_a_policy_is_published_as_a_line(platform: Platform) -> None:
    line = (
        b'{"specversion": "1.0", "id": "019cad2f-6a3a-7c31-9d52-5f0e3b8a7c11",'
        b' "source": "/branches/headquarters/policies", "type": "policy.alerts_published",'
        b' "time": "2026-01-01T00:00:00Z", "sequence": 1, "data": {"effective_from":'
        b' "2000-01-01T00:00:00Z", "policy": {"overdue_days": [1, 7], "due_soon_days": 3}}}\n'
    )
    publisher = local(platform, "headquarters")
    first = await publish_lines(BytesIO(line * 2 + b"{}\n"), "-", "headquarters", publisher)
    assert (first.accepted, first.duplicate, first.refused) == (1, 1, 1)
    assert first.lines[0].line == 3


async def test_a_file_through_the_gateway_is_the_same_file(
    platform: Platform, tmp_path: Path
) -> None:
    _, key = await Keys(platform.pool, platform.clock).create("b1")
    async with gateway(platform, key) as publisher:
        first = await import_file(invoices(tmp_path), publisher, tmp_path)
        assert (first.accepted, first.refused) == (8, 0)
        changed = await import_file(
            invoices(tmp_path, ROWS.replace("55.94", "99.94")), publisher, tmp_path
        )
        assert [line.code for line in changed.lines] == ["conflict", "conflict"]
    again = await import_file(invoices(tmp_path), local(platform), tmp_path)
    assert (again.accepted, again.duplicate) == (0, 8)


async def test_a_key_speaks_for_its_own_branch_alone(platform: Platform, tmp_path: Path) -> None:
    _, key = await Keys(platform.pool, platform.clock).create("b1")
    async with gateway(platform, key) as publisher:
        report = await import_file(invoices(tmp_path, branch="b2"), publisher)
        assert (report.accepted, report.refused) == (0, 8)
        assert {(line.field, line.code) for line in report.lines} == {("source", "not_allowed")}
    async with gateway(platform, "wrong") as publisher:
        with pytest.raises(GatewayRefused, match="--key"):
            await import_file(invoices(tmp_path), publisher)
