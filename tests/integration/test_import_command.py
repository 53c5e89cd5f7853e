"""`touchstone import`, `publish` and `mappings` as a script sees them: output and exit codes."""

import asyncio
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from services.cli import importing as commands
from services.errors import UsageError
from services.hosts.bootstrap import open_platform
from services.importing.lines import FileRefused
from services.importing.mapping import MappingError
from services.postgres.statements import sql
from services.settings import Settings

app = typer.Typer()
app.command("import")(commands.import_)
app.command("publish")(commands.publish)
app.add_typer(commands.mappings, name="mappings")

EXPORT = (
    "customer_id,paperless_date,invoice_number,invoice_date,due_date,invoice_amount,disputed,"
    "settled_date\n"
    "C1,2013-04-06,0611365,2013-01-02,2013-02-01,55.94,No,2013-01-15\n"
)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    file = tmp_path / "export.csv"
    file.write_text(EXPORT, "utf-8")
    return file


def touchstone(*words: object) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def installation(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    chosen = Settings(dsn=database, data=tmp_path / "data")
    monkeypatch.setattr("services.settings.settings", lambda: chosen)
    return chosen


@pytest.mark.postgres
@pytest.mark.usefixtures("installation")
def test_import_reports_and_exits_by_what_happened(export: Path, tmp_path: Path) -> None:
    words = ("import", export, "--mapping", "invoices-ibm", "--branch", "b1")
    first = touchstone(*words)
    assert (first.exit_code, "accepted          3" in first.stdout) == (0, True)
    report_file = tmp_path / "report.json"
    again = touchstone(*words, "--format", "json", "--report", report_file)
    assert (again.exit_code, json.loads(again.stdout)["duplicate"]) == (0, 3)
    assert json.loads(report_file.read_bytes())["duplicate"] == 3
    export.write_text(EXPORT.replace("55.94", "55.95"), "utf-8")
    changed = touchstone(*words)
    assert changed.exit_code == 1
    assert "line 2, touchpoint 'issued'" in changed.stdout


@pytest.mark.postgres
@pytest.mark.usefixtures("installation")
def test_publish_takes_lines_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    event = {
        "specversion": "1.0",
        "id": "019cad2f-6a3a-7c31-9d52-5f0e3b8a7c11",
        "source": "/branches/b1/till",
        "type": "payment.payment_received",
        "subject": "C1",
        "time": "2026-01-01T00:00:00Z",
        "sequence": 1,
        "data": {"payment_id": "P1", "amount": {"minor": 100, "currency": "CNY"}},
    }
    file.write_text(json.dumps(event) + "\nnonsense\n", "utf-8")
    result = touchstone("publish", file, "--branch", "b1", "--format", "json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["accepted"], report["rows_refused"]) == (1, 1, 1)


def test_a_dry_run_needs_no_platform(export: Path) -> None:
    result = touchstone("import", export, "--mapping", "invoices-ibm", "--dry-run")
    assert result.exit_code == 0
    assert "dry run" in result.stdout


def test_what_cannot_be_used_is_refused_before_anything_starts(export: Path) -> None:
    with pytest.raises(MappingError, match="did you mean 'invoices-ibm'"):
        touchstone("import", export, "--mapping", "invoices")
    with pytest.raises(FileRefused, match="No such file"):
        touchstone("import", "none.csv", "--mapping", "invoices-ibm")
    words = ("import", export, "--mapping", "invoices-ibm")
    with pytest.raises(UsageError, match="--gateway needs --key"):
        touchstone(*words, "--gateway", "http://127.0.0.1:1")
    with pytest.raises(UsageError, match="--key goes with --gateway"):
        touchstone(*words, "--key", "k")
    with pytest.raises(UsageError, match="no branch id"):
        touchstone(*words, "--branch", "a/b")


def test_mappings_are_listed_shown_and_checked(export: Path) -> None:
    listed = json.loads(touchstone("mappings", "list", "--format", "json").stdout)
    assert "invoices-ibm" in [mapping["name"] for mapping in listed]
    assert 'mapping = "invoices-ibm"' in touchstone("mappings", "show", "invoices-ibm").stdout
    checked = touchstone("mappings", "check", export, "--mapping", "invoices-ibm")
    assert "line 2, paid: {" in checked.stdout
    export.write_text(EXPORT.replace("2013-01-02", "2013-02-30"), "utf-8")
    assert touchstone("mappings", "check", export, "--mapping", "invoices-ibm").exit_code == 1


@pytest.mark.parametrize("day", ["1850-01-02", "2250-01-02"])
def test_a_check_names_a_day_that_the_platform_would_refuse(export: Path, day: str) -> None:
    """As the import itself would, with line, column and remedy."""
    export.write_text(EXPORT.replace("2013-02-01", day), "utf-8")
    words = (export, "--mapping", "invoices-ibm")
    checked = touchstone("mappings", "check", *words)
    assert checked.exit_code == 1
    assert "line 2, issued, column 'due_date': data.due_on is not from 1900" in checked.stdout
    assert "correct the year" in checked.stdout
    dry = touchstone("import", *words, "--dry-run")
    assert (dry.exit_code, "column 'due_date'" in dry.stdout) == (1, True)


@pytest.mark.postgres
def test_an_import_says_when_nothing_projects(export: Path, installation: Settings) -> None:
    words = ("import", export, "--mapping", "invoices-ibm")
    warning = "nothing projects these events yet"
    assert warning in touchstone(*words, "--branch", "b1").stderr
    assert warning not in touchstone(*words, "--branch", "b1").stderr, "it brought nothing new"

    async def while_a_projector_holds_its_lock() -> str:
        async with open_platform(installation) as platform, platform.pool.acquire() as projector:
            assert await projector.fetchval(sql("try_projector_lock"))
            return (await asyncio.to_thread(touchstone, *words, "--branch", "b2")).stderr

    assert warning not in asyncio.run(while_a_projector_holds_its_lock())


def test_a_file_name_with_control_signs_is_shown_escaped(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31m\u202eb.csv"
    file.write_text(EXPORT, "utf-8")
    told = touchstone("import", file, "--mapping", "invoices-ibm", "--dry-run")
    assert told.exit_code == 0
    assert r"a\x1b[31m\u202eb.csv" in told.stdout
    assert told.output.replace("\n", "").isprintable()


def test_a_check_answers_programs_too(export: Path) -> None:
    words = ("mappings", "check", export, "--mapping", "invoices-ibm", "--format", "json")
    checked = json.loads(touchstone(*words).stdout)
    assert (checked["rows"], checked["refused"]) == (1, [])
    assert [made["block"] for made in checked["made"]] == ["issued", "paid", "paperless"]
    export.write_text(EXPORT.replace("2013-01-02", "2013-02-30"), "utf-8")
    troubled = touchstone(*words)
    [refused] = json.loads(troubled.stdout)["refused"]
    assert (troubled.exit_code, refused["line"], refused["block"]) == (1, 2, "issued")
