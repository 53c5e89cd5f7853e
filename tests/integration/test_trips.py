"""A command asks the database five times at most, besides beginning and ending transactions."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio

from events.streams import case_stream, customer_stream
from services.log.embedded.event_log import EmbeddedEventLog
from services.log.kafka.event_log import open_kafka_log
from services.ports import Accepted, EventLog, Stale, StreamVersion, Submission
from services.postgres.migrate import migrate
from services.postgres.pool import open_pool
from services.settings import Settings
from tests.support.casework import Desk, desk_on_chosen_log
from tests.support.log import SetClock, said
from tests.support.modes import EITHER
from tests.support.trips import Trips, counted_trips

CASE = case_stream("1")


@pytest.fixture
async def counted(database: str) -> AsyncIterator[tuple[str, Trips]]:
    async with await open_pool(database) as pool:
        await migrate(pool)
    with TemporaryDirectory(prefix="trips-") as folder:
        async with counted_trips(database, Path(folder)) as counted:
            yield counted


async def command(log: EventLog, *sent: Submission, relied_on: tuple[str, ...] = ()) -> None:
    """What any command does: read its streams, decide, append."""
    stream = await log.stream(sent[0].envelope.source)
    versions = [StreamVersion(one, len(await log.stream(one))) for one in relied_on]
    assert len(stream) == sent[0].envelope.sequence - 1
    outcomes = await log.append_unit(sent, versions)
    assert not isinstance(outcomes, Stale)
    assert {type(one) for one in outcomes} == {Accepted}


async def trips_of(log: EventLog, trips: Trips) -> tuple[tuple[int, int], tuple[int, int]]:
    """What a command costs, and one that relies on another stream: statements, and what is around.

    Before, each statement is made known to the server on the connection that is used.
    """
    other = customer_stream("C-7")
    counted = []
    for n in range(4):
        trips.clear()
        await command(log, said(CASE, 2 * n + 1), said(CASE, 2 * n + 2))
        plain = (trips.statements, trips.around)
        trips.clear()
        await command(log, said(case_stream(f"x-{n}"), 1), relied_on=(other,))
        counted.append((plain, (trips.statements, trips.around)))
    assert counted[-1] == counted[-2]
    return counted[-1]


@pytest.mark.postgres
async def test_of_the_embedded_log(counted: tuple[str, Trips]) -> None:
    dsn, trips = counted
    async with await open_pool(dsn, max_size=2) as pool, EmbeddedEventLog(pool, SetClock()) as log:
        await log.wait(0.5)
        plain, relying = await trips_of(log, trips)
    # read the stream, lock the heads and read versions, admit, append
    assert plain == (4, 2)
    assert relying == (5, 2)


@pytest.mark.postgres
@pytest.mark.kafka
async def test_of_the_log_on_kafka(counted: tuple[str, Trips], kafka: Settings) -> None:
    dsn, trips = counted
    async with (
        await open_pool(dsn, max_size=2) as pool,
        open_kafka_log(kafka, pool, SetClock()) as log,
    ):
        await log.wait(0.5)
        plain, relying = await trips_of(log, trips)
    # read the stream, lock the heads and read versions, admit; confirm
    assert plain == (4, 3)
    assert relying == (5, 3)


@pytest_asyncio.fixture(params=EITHER)
async def desk(
    request: pytest.FixtureRequest, counted: tuple[str, Trips]
) -> AsyncIterator[tuple[Desk, Trips]]:
    dsn, trips = counted
    async with desk_on_chosen_log(request, dsn) as desk:
        yield desk, trips


@pytest.mark.postgres
async def test_of_a_whole_command_and_of_who_gives_it(desk: tuple[Desk, Trips]) -> None:
    """Over HTTP the fifth finds the key of the member of staff."""
    casework, trips = desk
    case_id = await casework.case()
    counted = []
    for _ in range(12):  # in which each connection of the pool has come to know each statement
        trips.clear()
        await casework.done(case_id, "tell-customer", {"step": "received"})
        counted.append(trips.statements)
    assert min(counted) == 5
    trips.clear()
    assert (await casework.get(case_id)).status_code == 200
    assert trips.statements == 2
