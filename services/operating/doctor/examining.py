"""Looks at everything, as far as one thing lets the next be seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

from services.errors import TouchstoneError
from services.intake.quarantine import Room
from services.local_postgres.choosing import database
from services.operating.doctor.database import look_at_database
from services.operating.doctor.finding import Finding, fault, unknown, well
from services.operating.doctor.machine import look_around
from services.operating.doctor.working import look_at_work
from services.platform import Platform
from services.postgres.pool import Pool, open_pool, translated
from services.postgres.statements import sql
from services.settings import Settings

Open = Callable[[Settings], AbstractAsyncContextManager[Platform]]


async def examine(settings: Settings, room: Room, open_platform: Open) -> list[Finding]:
    """Return what was found, machine first; nothing is changed by looking.

    The platform is opened only where that changes nothing in the database either.
    """
    found = look_around(settings, datetime.now(UTC))
    if settings.dsn is None and not settings.data.is_dir():
        return [*found, unknown("database", "there is none yet; `touchstone run` makes one")]
    try:
        async with _database(settings) as (dsn, pool):
            found += await look_at_database(pool)
            here = settings.model_copy(update={"dsn": dsn})
            if any(one.check == "migrations" and one.state != "well" for one in found):
                return [*found, unknown("lag", "looked at once all migrations are applied")]
            if settings.kafka is not None:
                found += await _kafka(here, pool)
            if any(one.check == "kafka" and one.state != "well" for one in found):
                return [*found, unknown("lag", "looked at once Kafka's topics are well")]
            return found + await _work(here, room, open_platform)
    except TouchstoneError as error:
        return [*found, fault("database", str(error), "see above")]


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[tuple[str, Pool]]:
    async with database(settings) as dsn, await open_pool(dsn, max_size=2) as pool:
        yield dsn, pool


async def _work(settings: Settings, room: Room, open_platform: Open) -> list[Finding]:
    async def look() -> list[Finding]:
        async with open_platform(settings) as platform:
            return await look_at_work(platform, room, on_kafka=settings.kafka is not None)

    return await _or_fault("log", "see above", look)


async def _kafka(settings: Settings, pool: Pool) -> list[Finding]:
    # Imported here: on the embedded log the doctor needs no client of Kafka.
    from services.log.kafka.cluster import cluster_of
    from services.log.kafka.identity import check_identity
    from services.log.kafka.topics import all_topics, faults

    async def look() -> list[Finding]:
        cluster = cluster_of(settings)
        with translated():
            row = await pool.fetchrow(sql("operating_log"))
        assert row is not None, "there is always a generation"
        if row["log"] != "kafka":
            return [unknown("kafka", "Kafka keeps no log yet: PostgreSQL does, or nothing ran")]
        generation = row["generation"]
        wrong = await faults(cluster, all_topics(cluster.prefix, generation))
        if not wrong:
            await check_identity(pool, cluster, generation)
            return [well("kafka", "every topic is as it must be")]
        return [fault("kafka", one, "`touchstone topics explain` says why") for one in wrong]

    return await _or_fault("kafka", "see docs/howto/kafka.md", look)


async def _or_fault(
    check: str, remedy: str, look: Callable[[], Awaitable[list[Finding]]]
) -> list[Finding]:
    try:
        return await look()
    except TouchstoneError as error:
        return [fault(check, str(error), remedy)]
