"""The cases of tests/data/cases that are published: each shows what is right, as a user asks.

Each was once the smallest input that gave a wrong figure. What is right was worked out by hand
and stands here as plain values; the commands are run as a person runs them.
"""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.importing.publisher import LocalPublisher
from services.importing.publishing import publish_file
from services.settings import Settings
from tests.support.postgres import fresh_database

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.postgres,
    pytest.mark.asyncio(loop_scope="module"),
]

CASES = Path(__file__).parents[1] / "data" / "cases"
PUBLISHED = {
    "00-setup": "headquarters",
    "01-calendars": "headquarters",
    "as-of-day": "B-NY",
    "one-instalment": "B-01",
    "minor-units": "B-01",
    "zero-invoices": "B-ZERO",
    "assigned-after-close": "B-DE",
}
"""Each folder and the branch that publishes it, in this order."""

Ask = Callable[..., str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ask(
    postgres_server: str, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Ask]:
    """Publish all cases to an empty platform, project them, and yield what runs a command."""
    home = tmp_path_factory.mktemp("cases")
    async with fresh_database(postgres_server, migrated) as dsn:
        async with open_platform(Settings(dsn=dsn, data=home)) as platform:
            for case, branch in PUBLISHED.items():
                publisher = LocalPublisher(platform.intake, branch, dsn)
                report = await publish_file(CASES / case / "events.jsonl", branch, publisher)
                assert report.all_well, report.lines
            await Projector(platform).catch_up()

        def run(*words: str) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "services", *words],
                env=os.environ | {"TOUCHSTONE_DSN": dsn, "TOUCHSTONE_DATA": str(home)},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        yield run


def explained(ask: Ask, customer: str, as_of: str) -> dict[str, Any]:
    found = json.loads(ask("explain", customer, "--as-of", as_of, "--format", "json"))
    assert isinstance(found, dict)
    return found


async def test_a_day_ends_where_the_customer_is_at_home(ask: Ask) -> None:
    """Paid in the last microsecond of 8 March in New York: nothing is owed at its end."""
    [account] = explained(ask, "NY-1", "2026-03-08")["receivables"]["accounts"]
    assert (account["currency"], account["outstanding_minor"]) == ("USD", 0)
    replayed = json.loads(
        ask("replay", "--customer", "NY-1", "--as-of", "2026-03-08", "--format", "json")
    )
    [items] = [
        part["tables"]["items"]
        for part in replayed["projections"]
        if part["projection"] == "receivables"
    ]
    assert [(item["item_id"], item["balance_minor"]) for item in items] == [("NY-1-A", 0)]
    before_it = "2026-03-09T03:59:59.999998+00:00"
    [before] = explained(ask, "NY-1", before_it)["receivables"]["accounts"]
    assert before["outstanding_minor"] == 10_000


@pytest.mark.parametrize(("customer", "open_minor"), [("IN-1", [90_000]), ("IN-2", [45_000] * 2)])
async def test_an_instalment_falls_due_on_its_own_day_also_alone(
    ask: Ask, customer: str, open_minor: list[int]
) -> None:
    found = explained(ask, customer, "2026-03-15")
    rows = [item["row"] for item in found["receivables"]["items"]]
    assert [row["balance_minor"] for row in rows] == open_minor
    assert rows[0]["due_on"] == "2026-05-31"
    [account] = found["receivables"]["accounts"]
    assert (account["overdue_minor"], account["overdue_items"]) == (0, 0)


# ISO 4217's minor units: each amount as it is written, of the minor units in the file.
WRITTEN = [
    ("RSD", "1,234.50"),
    ("IQD", "1,234.500"),
    ("JPY", "1,234"),
    ("KWD", "1,234.500"),
    ("HUF", "1,234.50"),
    ("ALL", "1,234.50"),
    ("COP", "1,234.50"),
    ("ISK", "1,234"),
]


async def test_amounts_have_the_minor_units_of_iso_4217(ask: Ask) -> None:
    report = ask("report", "ageing", "--as-of", "2026-03-31", "--branch", "B-01")
    overdue = [line.split() for line in report.splitlines() if line.startswith("overdue ")]
    told = {words[2]: words[1] for words in overdue}
    assert {currency: told[currency] for currency, _ in WRITTEN} == dict(WRITTEN)


async def test_an_item_of_nothing_was_never_paid_late_or_in_time(ask: Ask) -> None:
    words = ("--as-of", "2026-03-31", "--branch", "B-ZERO", "--format", "json")
    [one] = json.loads(ask("report", "ageing", *words))["currencies"]
    assert (one["settled_items"], float(one["mean_days_late"])) == (1, 30.0)


async def test_words_about_a_closed_case_change_its_history_alone(ask: Ask) -> None:
    found = explained(ask, "CA-3", "2026-06-10")
    [case] = [one["case"] for one in found["cases"]]
    told = (case["owner"], case["department"], case["handovers"], case["status"])
    assert told == ("a1", "service", 4, "closed")
