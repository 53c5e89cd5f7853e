"""What a command costs: processor time of everything it started, and of PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence

import psutil
from msgspec import Struct

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


class CommandFailed(Exception):
    """A command under measurement ended with an error, and what it said last."""


class Cost(Struct, frozen=True):
    """Seconds of processor time on both sides, seconds of waiting, and the largest process."""

    client_s: float = 0.0
    postgres_s: float = 0.0
    wall_s: float = 0.0
    peak_mb: float = 0.0

    @property
    def cpu_s(self) -> float:
        """Return the processor time of both sides."""
        return self.client_s + self.postgres_s

    def __add__(self, other: Cost) -> Cost:
        """Return what both cost, one after the other."""
        return Cost(
            self.client_s + other.client_s,
            self.postgres_s + other.postgres_s,
            self.wall_s + other.wall_s,
            max(self.peak_mb, other.peak_mb),
        )


def run(command: Sequence[str], environment: Mapping[str, str], cwd: str) -> tuple[Cost, str]:
    """Run a command to its end; return its cost without PostgreSQL's, and what it printed.

    Processes that it started are counted, if it waited for their ends. Raises: CommandFailed.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complaint:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, cwd=cwd,
            stdin=subprocess.DEVNULL, stdout=said, stderr=complaint,
        )  # fmt: skip
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complaint.seek(0)
        if process.returncode:
            words = complaint.read() or said.read()
            raise CommandFailed(
                f"{' '.join(command)} ended with {process.returncode}: "
                f"{words[-2000:].decode('utf-8', 'replace')}"
            )
        cost = Cost(
            client_s=used.ru_utime + used.ru_stime,
            wall_s=wall_s,
            peak_mb=used.ru_maxrss * _RSS_UNIT / 1e6,
        )
        return cost, said.read().decode()


def server_cpu_s(pid: int) -> float:
    """Return the processor time of a server and of all its processes, also of those gone."""
    server = psutil.Process(pid)
    total = sum(server.cpu_times()[:4])
    for child in server.children(recursive=True):
        try:
            total += sum(child.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return total
