"""What is kept for a time is told with how much is over, and goes when it is let go of."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from services.operating.retention import Periods, let_go, look
from tests.support.commands import Run
from tests.support.gateway import payment_event
from tests.support.operated import asked_platform

pytestmark = pytest.mark.postgres

_PERIODS = Periods(timedelta(days=90), timedelta(minutes=30), timedelta(days=400))


async def test_what_is_over_goes_and_nothing_else(database: str, tmp_path: Path) -> None:
    async with asked_platform(database, tmp_path) as asked:
        assert await asked.publish(payment_event(1), *(payment_event(n, data={}) for n in (2, 3)))
        pool = asked.platform.pool
        await pool.execute(
            "UPDATE quarantine SET last_received_at = now() - interval '91 days'"
            " WHERE quarantine_id = (SELECT min(quarantine_id::text)::uuid FROM quarantine)"
        )
        for name, ends, seen in (
            ("a", "1 hour", "1"),
            ("b", "-1 hour", "1"),
            ("c", "1 hour", "31"),
        ):
            await pool.execute(
                "INSERT INTO staff_sessions VALUES (gen_random_uuid(), convert_to($1, 'UTF8'),"
                " 'HQ-H1', 'password', 'test', now(), now() - $3::text::interval,"
                " now() + $2::text::interval)",
                name, ends, f"{seen} minutes",
            )  # fmt: skip
        await pool.execute(
            "INSERT INTO dossier_snapshots (projection, version, customer_id, code, generation,"
            " upto, assessed_at, policy_count, events, content)"
            " VALUES ('receivables', 1, 'C-1001', 'older/1', 1, 0, now(), 0, 1, '')"
        )
        before = {one.what: (one.kept, one.over) for one in await look(asked.platform, _PERIODS)}
        assert before["quarantine"] == (2, 1)
        assert before["sessions"] == (3, 2)
        assert before["snapshots"] == (1, 1)
        await let_go(asked.platform, _PERIODS)
        after = {one.what: (one.kept, one.over) for one in await look(asked.platform, _PERIODS)}
        assert (after["quarantine"], after["sessions"], after["snapshots"]) == (
            (1, 0),
            (1, 0),
            (0, 0),
        )
        assert sum((await asked.platform.log.heads()).counts) == 1, "the log is as it was"


def test_the_commands_say_it(run: Run) -> None:
    said = run("retention")
    assert said.returncode == 0, said.stderr
    assert "quarantine: 0; kept 90 days after it was last sent" in said.stdout
    assert "one branch: 10,000 refused events, 64 MB" in run("quotas").stdout
