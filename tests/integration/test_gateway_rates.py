"""A key that sends more than it may: refused with when to come again, and not at once."""

import pytest

from services.postgres.migrate import migrate
from services.postgres.pool import open_pool
from services.web.rates import Rates
from tests.support.gateway import event_id, open_gateway, payment_event
from tests.support.log import SetClock

SLOW = Rates(requests_per_s=0.1, events_per_s=100)
"""One request in ten seconds; a second one goes into debt."""


async def test_what_is_too_much_waits_for_its_answer_whatever_is_asked(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[tuple[float, float]] = []

    def no_wait(shortest: float, longest: float) -> float:
        waits.append((shortest, longest))
        return 0.0

    async with await open_pool(database) as pool:
        await migrate(pool)
    async with open_gateway(database, SetClock(), rates=SLOW) as gateway:
        monkeypatch.setattr("services.web.doors.random.uniform", no_wait)
        taken = [await gateway.post(payment_event(n)) for n in (1, 2)]
        assert [answer.status_code for answer in taken] == [201, 201]
        assert not waits
        key = {"authorization": f"Bearer {gateway.token}"}
        refused = [
            await gateway.post(payment_event(3)),
            await gateway.client.get(f"/api/v1/events/{event_id(1)}", headers=key),
        ]
    assert [answer.status_code for answer in refused] == [429, 429]
    assert all(1 <= int(answer.headers["retry-after"]) <= 10 for answer in refused)
    assert len(waits) == 2
