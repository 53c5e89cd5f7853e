"""The database's shape, brought up to date exactly once per migration.

Files `migrations/NNNN_name.sql` are applied in order, each in a transaction of its own under
an advisory lock, so that processes starting together do not run one twice. What was applied
is recorded with its checksum: a migration is never edited, another one is added.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from services.errors import TouchstoneError
from services.postgres.pool import Connection, Pool, translated

# Any constant that no other application of the same database uses.
_LOCK = 0x70_75_63_68_73_74_6F_6E

_RECORDS = """
CREATE TABLE IF NOT EXISTS migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


class MigrationRefused(TouchstoneError):
    """The database was made by other migrations than this program knows."""


class Migration(NamedTuple):
    """One step of the database's shape."""

    name: str  # such as 0001_log
    statements: str

    @property
    def checksum(self) -> str:
        """Return the SHA-256 by which a change of the file is noticed."""
        return hashlib.sha256(self.statements.encode()).hexdigest()


def shipped(folder: Traversable | None = None) -> tuple[Migration, ...]:
    """Return the migrations of a folder, in order; by default those of this program."""
    where = folder or files("services.postgres").joinpath("migrations")
    found = sorted((f for f in where.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(Migration(f.name.removesuffix(".sql"), f.read_text("utf-8")) for f in found)


async def migrate(pool: Pool, migrations: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Bring the database up to date and return the names of what was applied now.

    Raises: MigrationRefused, Unavailable.
    """
    steps = shipped() if migrations is None else tuple(migrations)
    applied_now: list[str] = []
    with translated():
        async with pool.acquire() as connection:
            while True:
                async with connection.transaction():
                    step = await _next(connection, steps)
                    if step is None:
                        return tuple(applied_now)
                    await connection.execute(step.statements)
                    await connection.execute(
                        "INSERT INTO migrations (name, checksum) VALUES ($1, $2)",
                        step.name,
                        step.checksum,
                    )
                applied_now.append(step.name)


async def _next(connection: Connection, steps: Sequence[Migration]) -> Migration | None:
    """Take the lock for this transaction and return the first step that was not applied."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    await connection.execute(_RECORDS)
    records = await connection.fetch("SELECT name, checksum FROM migrations ORDER BY name")
    applied = {record["name"]: record["checksum"] for record in records}
    known = {step.name for step in steps}
    for name in applied:
        if name not in known:
            raise MigrationRefused(
                f"the database has migration {name}, which this program does not know: it was "
                "made by a newer version. Start that version."
            )
    pending = [step for step in steps if step.name not in applied]
    for step in steps:
        if step.name in applied and applied[step.name] != step.checksum:
            raise MigrationRefused(
                f"migration {step.name} was changed after it was applied. Restore its file and "
                "put the change into a new migration."
            )
        if pending and step.name in applied and step.name > pending[0].name:
            raise MigrationRefused(
                f"migration {pending[0].name} comes before {step.name}, which is applied "
                "already. Give the new one a later number."
            )
    return pending[0] if pending else None
