"""What the console needs of a running platform."""

from typing import Protocol

import asyncpg

from services.ports import Clock, Dossiers, EventLog, Vault


class ConsolePlatform(Protocol):
    """The open parts of a platform that reading takes; nothing here writes an event."""

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        """Connections to the database."""
        ...

    @property
    def log(self) -> EventLog:
        """The log, for its heads and its reference stream."""
        ...

    @property
    def dossiers(self) -> Dossiers:
        """One customer's events, for answers as of another instant."""
        ...

    @property
    def vault(self) -> Vault:
        """Keys: for the one that signs cursors, and to open whom a customer's page is about."""
        ...

    @property
    def clock(self) -> Clock:
        """The time by which days past due are counted."""
        ...
