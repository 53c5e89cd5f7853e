"""The one place that decides what the platform runs on, and wires it together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from projections import PROJECTIONS
from services.clock import SystemClock
from services.intake.intake import Intake
from services.intake.quarantine import Room
from services.local_postgres.choosing import database
from services.log.dossiers import PostgresDossiers
from services.log.embedded.event_log import EmbeddedEventLog
from services.log.embedded.generations import embedded_generation
from services.platform import Platform
from services.ports import Clock, EventLog
from services.postgres.migrate import migrate
from services.postgres.pool import Pool, open_pool, translated
from services.rows.row_tables import ensure_tables
from services.settings import Settings
from services.streams.application import LogApplication
from services.vault.vault import PostgresVault, master_key


def room_of(settings: Settings) -> Room:
    """Return how much of a branch's refused events the settings keep."""
    return Room(settings.quarantine_events, settings.quarantine_mb, settings.quarantine_days)


@asynccontextmanager
async def _event_log(settings: Settings, pool: Pool, clock: Clock) -> AsyncIterator[EventLog]:
    """Yield the log that the settings choose: Kafka's where a cluster is named."""
    if settings.kafka is not None:
        # Imported here: a command on the embedded log starts sooner without Kafka's client.
        from services.log.kafka.event_log import open_kafka_log

        async with open_kafka_log(settings, pool, clock) as kafka:
            yield kafka
        return
    generation = await embedded_generation(pool)
    async with EmbeddedEventLog(pool, clock, generation) as embedded:
        yield embedded


@asynccontextmanager
async def open_platform(
    settings: Settings, *, clock: Clock | None = None
) -> AsyncIterator[Platform]:
    """Open the platform on an up-to-date database; everything is closed on the way out.

    Raises: Unavailable, EmbeddedServerError, MigrationRefused; UsageError, where the settings
    choose another log than the one that keeps the events.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(database(settings))
        pool = await open_pool(dsn)
        stack.push_async_callback(pool.close)
        await migrate(pool)
        with translated():
            async with pool.acquire() as connection:
                await ensure_tables(connection, PROJECTIONS)
        log = await stack.enter_async_context(_event_log(settings, pool, clock))
        streams = LogApplication(log)
        stack.push_async_callback(streams.ended)
        vault = PostgresVault(pool, master_key(settings))
        yield Platform(
            dsn=dsn,
            pool=pool,
            log=log,
            streams=streams,
            dossiers=PostgresDossiers(pool),
            vault=vault,
            intake=Intake(log, vault, clock, pool, room_of(settings)),
            clock=clock,
            max_facts=settings.max_facts,
            disk=settings.data if settings.dsn is None else None,
        )
