"""Whether this process may open as many files as its connections need; asked at the start."""

from __future__ import annotations

import resource

from services.errors import UsageError

RESERVE = 128
"""For the database's connections, Kafka's, logs and what the interpreter itself opens."""


def make_room_for(connections: int, variable: str) -> None:
    """Raise the soft limit of open files as far as the connections need it.

    Raises: UsageError, where the hard limit is lower.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + RESERVE
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise UsageError(
            f"this process may open {hard} files, which is too few for {connections} connections: "
            f"raise the limit (ulimit -Hn, LimitNOFILE of systemd), or set {variable} to "
            f"{max(hard - RESERVE, 1)} or less"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
