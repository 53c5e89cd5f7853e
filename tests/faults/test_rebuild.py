"""A rebuild under load, killed before, in and after its switch: nothing is lost or told twice."""

from __future__ import annotations

import asyncio
import json

import pytest

from projections.receivables.projection import Receivables
from services.hosts.bootstrap import open_platform
from tests.faults.kills import fleet_for
from tests.faults.oracle import examine
from tests.faults.product import product
from tests.faults.rebuild import MOMENTS, kill_at, never_backwards, start_rebuild

pytestmark = [pytest.mark.fault, pytest.mark.postgres, pytest.mark.timeout(600)]

SEED = 20260307
_DAMAGE = """
UPDATE receivables_v5_items SET paid_minor = paid_minor + 1
WHERE (customer_id, item_id) IN (SELECT customer_id, item_id FROM receivables_v5_items LIMIT 9)
"""


async def test_a_rebuild_killed_at_its_worst_moments_ends_as_if_it_never_was() -> None:
    async with product() as made:
        made.start()
        await made.ready()
        fleet = await fleet_for(made, SEED, customers=400)
        fleet.start(events_a_second=120.0)
        async with (
            open_platform(made.settings) as platform,
            never_backwards(platform.pool) as wrong,
        ):
            await asyncio.sleep(8.0)
            assert await platform.pool.execute(_DAMAGE) == "UPDATE 9"
            for moment in MOMENTS:
                await kill_at(made, platform.pool, moment)
            last = await start_rebuild(made)
            output, errors = await last.communicate()
            assert last.returncode == 0, errors.decode()[-2_000:]
            assert json.loads(output)["version"] == Receivables.version
            left = "SELECT count(*) FROM projection_heads WHERE projection = 'receivables_rebuild'"
            assert await platform.pool.fetchval(left) == 0
        assert fleet.busy, "the load ended before the rebuilds did"
        found = await examine(made, await fleet.finish())
        assert found.wrong == []
        assert wrong == []
