"""A policy that cannot be read stops every figure: said once, and mended without a restart."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from events.touchpoints.policy import AlertsPolicy, AlertsPolicyPublished
from services.audit.status import status
from services.errors import UnreadableEvent
from services.hosts.bootstrap import open_platform
from services.hosts.project import Projector
from services.platform import Platform
from services.settings import Settings
from tests.support.log import START, SetClock, payment, submission

pytestmark = pytest.mark.postgres

BREAK = "UPDATE events SET data = '\\xc3010000' WHERE partition = 12 RETURNING event_id"
MEND = "UPDATE events SET data = $1 WHERE partition = 12"
KEPT = "SELECT data FROM events WHERE partition = 12"
ROWS = "SELECT count(*) FROM receivables_v5_accounts"


@pytest.fixture
async def platform(database: str) -> AsyncIterator[Platform]:
    settings = Settings(dsn=database, master_key=base64.b64encode(bytes(32)).decode())
    async with open_platform(settings, clock=SetClock(START + timedelta(hours=1))) as platform:
        policy = AlertsPolicyPublished(effective_from=START, policy=AlertsPolicy())
        await platform.log.append([submission(9, policy, None), payment(1)])
        await platform.pool.execute("ALTER TABLE events DISABLE TRIGGER ALL")
        yield platform


async def test_the_projector_says_it_once_and_goes_on_when_it_is_mended(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.hosts.project._LONGEST_PAUSE_S", 0.02)
    kept = await platform.pool.fetchval(KEPT)
    broken = await platform.pool.fetchval(BREAK)
    with capture_logs() as logs:
        projector = asyncio.create_task(Projector(platform).run())
        try:
            async with asyncio.timeout(20):
                await asyncio.sleep(0.5)
                assert [line["log_level"] for line in logs] == ["error"]
                assert f"event {broken} (policy.alerts_published) cannot be read" in str(
                    logs[0]["reason"]
                )
                found = await status(platform, START)
                assert {one.behind for one in found.projections} == {1}
                await platform.pool.execute(MEND, kept)
                while not await platform.pool.fetchval(ROWS):  # noqa: ASYNC110 - another's rows
                    await asyncio.sleep(0.01)
        finally:
            projector.cancel()
            await asyncio.gather(projector, return_exceptions=True)


async def test_projecting_once_names_the_event(platform: Platform) -> None:
    broken = await platform.pool.fetchval(BREAK)
    with pytest.raises(UnreadableEvent, match=f"event {broken} .* newer version"):
        await Projector(platform).catch_up()
