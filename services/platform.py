"""An open platform: what every feature and door is given to work with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.intake.intake import Intake
from services.ports import Clock, Dossiers, EventLog
from services.postgres.pool import Pool
from services.streams.application import LogApplication
from services.vault.vault import PostgresVault


@dataclass(frozen=True, slots=True)
class Platform:
    """An open platform: its parts, each behind its port."""

    dsn: str
    pool: Pool
    log: EventLog
    streams: LogApplication
    dossiers: Dossiers
    vault: PostgresVault
    intake: Intake
    clock: Clock
    max_facts: int  # that a process which projects keeps in memory
    disk: Path | None = None  # a directory on the database's disk, where that is known
