"""How the embedded server runs, as parameters on its command line: no file to edit or to lose."""

import os
from dataclasses import dataclass, field

import psutil

from services.local_postgres.programs import Programs


def _cache_mb() -> int:
    """Return how much memory the system may have for the server's files: half of it."""
    return max(1024, psutil.virtual_memory().total // 2 // 2**20)


def _connections() -> int:
    """Return how many may connect: the services, and a walk with two for each core."""
    return 56 + 2 * (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the server runs. Without `fsync` a power loss destroys the data: for tests alone."""

    fsync: bool = True
    shared_buffers_mb: int = 256
    max_connections: int = field(default_factory=_connections)
    max_wal_size_mb: int = 4096
    start_timeout_s: float = 300.0
    stop_timeout_s: float = 60.0

    def options(self, programs: Programs) -> dict[str, str]:
        """Return the server parameters these settings stand for."""
        return {
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
            "max_connections": str(self.max_connections),
            "max_locks_per_transaction": "128",
            "shared_buffers": f"{self.shared_buffers_mb}MB",
            "effective_cache_size": f"{_cache_mb()}MB",
            "random_page_cost": "1.1",
            "jit": "off",
            "max_wal_size": f"{self.max_wal_size_mb}MB",
            "checkpoint_timeout": "15min",
            "wal_compression": "lz4" if programs.configured_with("--with-lz4") else "on",
            # Acknowledged means durable.
            "synchronous_commit": "on",
            "fsync": "on" if self.fsync else "off",
            "full_page_writes": "on" if self.fsync else "off",
            "autovacuum": "on",
            "TimeZone": "UTC",
            "log_timezone": "UTC",
            "logging_collector": "off",
            "log_line_prefix": "%m [%p] ",
        }


DEFAULT_SETTINGS = ServerSettings()
