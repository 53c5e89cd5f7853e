"""What casework is given to work with."""

from __future__ import annotations

from typing import Protocol

from services.ports import Clock, EventLog
from services.postgres.pool import Pool
from services.streams.application import LogApplication
from services.vault.vault import PostgresVault


class CaseworkPlatform(Protocol):
    """The open parts of a platform that commands take."""

    @property
    def pool(self) -> Pool:
        """Where keys, rules and rows lie."""
        ...

    @property
    def log(self) -> EventLog:
        """Where what was decided lies."""
        ...

    @property
    def streams(self) -> LogApplication:
        """The log as streams that commands are decided on."""
        ...

    @property
    def vault(self) -> PostgresVault:
        """Where customers' keys lie."""
        ...

    @property
    def clock(self) -> Clock:
        """The time at which commands are decided."""
        ...
