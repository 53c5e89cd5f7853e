"""Files handed in by form: tried, imported once, their journal, and what was refused of them."""

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx2
import pytest

from events.envelope import BranchId
from services.console.app import create_console
from services.importing.uploads import Uploads
from services.people.principal import OpenDoor, Principal, Right, Scope
from tests.support.console import Company, open_company

pytestmark = pytest.mark.postgres

HEADS = (
    "customer_id,invoice_number,invoice_date,due_date,invoice_amount,disputed,settled_date,"
    "paperless_date"
)
GOOD = "0379,611365,2013-01-02,2013-02-01,55.94,No,2013-01-15,2013-04-06"
WRONG = "0379,611366,2013-01-02,2013-02-01,much,No,2013-01-15,2013-04-06"


@pytest.fixture
async def company(database: str) -> AsyncIterator[Company]:
    async with open_company(database) as company:
        await company.settle_down()
        yield company


def opened(company: Company, principal: Principal | None = None) -> httpx2.AsyncClient:
    class Door(OpenDoor):
        async def principal_of(self, request: object) -> Principal:
            assert principal is not None
            return principal

    door = None if principal is None else Door()
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=create_console(company.platform, doorkeeper=door)),
        base_url="http://localhost",
        headers={"Sec-Fetch-Site": "same-origin", "accept-language": "zh-CN"},
    )


async def hand_in(client: httpx2.AsyncClient, content: bytes, **fields: str) -> httpx2.Response:
    given = {"mapping": "invoices-ibm", "branch": "SH"} | fields
    return await client.post(
        "/imports/files", data=given, files={"file": ("export.csv", content, "text/csv")}
    )


async def test_a_file_is_tried_then_imported_and_what_was_refused_is_told_and_given(
    company: Company,
) -> None:
    uploads, pool = Uploads(company.platform), company.platform.pool
    before = await pool.fetchval("SELECT count(*) FROM admissions")
    async with opened(company) as client:
        sent = await hand_in(client, f"{HEADS}\n{GOOD}\n{WRONG}\n".encode())
        assert sent.status_code == 303, sent.text
        file = sent.headers["location"]
        assert "<progress" in (await client.get(file)).text
        assert await uploads.work_on_next()
        tried = (await client.get(file)).text
        assert "已试运行" in tried
        assert "不是按所声明格式书写的数字" in tried, "why, in the reader's language"
        assert await pool.fetchval("SELECT count(*) FROM admissions") == before
        assert not re.search("much", str(await pool.fetch("SELECT sealed FROM import_rows")))

        await client.post(f"{file}/begin")
        assert await uploads.work_on_next()
        assert not await uploads.work_on_next()
        done = (await client.get(file)).text
        assert "已导入" in done
        assert await pool.fetchval("SELECT count(*) FROM admissions") > before
        assert not await pool.fetchval("SELECT count(*) FROM import_parts"), "it is let go of"
        [heads, row] = csv.reader(
            io.StringIO((await client.get(f"{file}/refused.csv")).text.removeprefix("\ufeff"))
        )
        cells = dict(zip(heads, row, strict=True))
        assert (cells["invoice_number"], cells["invoice_amount"]) == ("611366", "much")
        assert row[-4:-2] == ["3", "invoice_amount"], "where it is wrong, behind its cells"
        assert "export.csv" in (await client.get("/imports")).text


async def test_a_file_is_handed_in_for_a_branch_alone(company: Company) -> None:
    async with opened(company) as client:
        page = (await client.get("/imports")).text
        [chosen] = re.findall(r'<select name="branch" required>(.*?)</select>', page)
        for branch in re.findall(r'value="([^"]*)"', chosen):
            assert (await hand_in(client, b"a", branch=branch)).status_code == 303, branch


async def test_an_import_that_was_cut_off_is_begun_anew_and_takes_nothing_twice(
    company: Company,
) -> None:
    uploads, pool = Uploads(company.platform), company.platform.pool
    taken = await uploads.take("SH", "invoices-ibm", "a.csv", f"{HEADS}\n{GOOD}\n".encode(), "S")
    assert await uploads.work_on_next()
    await uploads.begin(taken)
    assert await uploads.work_on_next()
    events = await pool.fetchval("SELECT count(*) FROM admissions")
    again = await uploads.take("SH", "invoices-ibm", "a.csv", f"{HEADS}\n{GOOD}\n".encode(), "S")
    await pool.execute("UPDATE imports SET state = 'importing' WHERE import_id = $1", UUID(again))
    assert await Uploads(company.platform).work_on_next(), "another process finds it"
    found = await uploads.find(again)
    assert found is not None
    assert found.report is not None
    assert (found.state, found.report.accepted) == ("imported", 0)
    assert found.report.duplicate > 0
    assert await pool.fetchval("SELECT count(*) FROM admissions") == events


async def test_a_file_on_which_the_platform_fails_keeps_none_behind_it_waiting(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = Uploads(company.platform)
    async with opened(company) as client:
        file = (await hand_in(client, f"{HEADS}\n{GOOD}\n".encode())).headers["location"]
        company.clock.move(timedelta(seconds=1))
        behind = (await hand_in(client, f"{HEADS}\n{GOOD}\n".encode())).headers["location"]
        with monkeypatch.context() as patched:
            patched.setattr("services.importing.uploads.scan", lambda path, mapping: 1 // 0)
            assert await uploads.work_on_next()
        assert await uploads.work_on_next()
        assert "无法使用" in (await client.get(file)).text
        assert "已试运行" in (await client.get(behind)).text


async def test_a_file_that_cannot_be_used_says_why_by_its_own_name(company: Company) -> None:
    async with opened(company) as client:
        file = (await hand_in(client, b"PK\x03\x04 a spreadsheet")).headers["location"]
        assert await Uploads(company.platform).work_on_next()
        page = (await client.get(file)).text
    assert "export.csv 是电子表格或 zip 压缩包" in page
    assert "touchstone-import" not in page


@pytest.mark.parametrize(
    ("fields", "content"),
    [({"mapping": "nobodys"}, b"a"), ({"branch": "nowhere"}, b"a"), ({}, b"")],
)
async def test_what_cannot_be_tried_is_not_taken(
    company: Company, fields: dict[str, str], content: bytes
) -> None:
    async with opened(company) as client:
        assert (await hand_in(client, content, **fields)).status_code == 400
    assert not await company.platform.pool.fetchval("SELECT count(*) FROM imports")


async def test_a_branch_sees_and_hands_in_its_own_files_alone(company: Company) -> None:
    taken = await Uploads(company.platform).take("SH", "invoices-ibm", "a.csv", b"x", "S")
    elsewhere = Principal("S-9", Scope(frozenset({BranchId("NY")})), frozenset(Right))
    async with opened(company, elsewhere) as client:
        assert (await client.get(f"/imports/files/{taken}")).status_code == 404
        assert "a.csv" not in (await client.get("/imports")).text
        assert (await hand_in(client, b"a", branch="SH")).status_code == 400
