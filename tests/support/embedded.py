"""Embedded servers in other processes, and what tests ask of them."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil

from services.local_postgres.postmaster import find_postmaster
from services.local_postgres.server import ServerSettings

REPOSITORY = Path(__file__).resolve().parents[2]
SMALL = ServerSettings(shared_buffers_mb=16, max_connections=10)
FAST = ServerSettings(fsync=False, shared_buffers_mb=16, max_connections=10)

# Starts a server, says so, and holds it until its standard input ends.
HOLDER = """
import signal
import sys
from pathlib import Path
from services.local_postgres.server import EmbeddedServer, ServerSettings
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where tests run with it ignored
home, fsync = Path(sys.argv[1]), sys.argv[2] == "True"
server = EmbeddedServer(home, ServerSettings(fsync, shared_buffers_mb=16, max_connections=10))
server.start()
print("owner" if server.owned else "guest", flush=True)
sys.stdin.read()
server.stop()
"""


@contextmanager
def held_elsewhere(home: Path, settings: ServerSettings = FAST) -> Iterator["Holder"]:
    """Run another process that starts the server, and end it with whatever it left behind."""
    holder = Holder(home, settings)
    try:
        yield holder
    finally:
        holder.process.kill()
        holder.process.communicate()
        left_behind = find_postmaster(home / "cluster")
        if left_behind is not None:
            left_behind.kill()
            wait_until(lambda: find_postmaster(home / "cluster") is None)


class Holder:
    """Another process with an EmbeddedServer."""

    def __init__(self, home: Path, settings: ServerSettings) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(home), str(settings.fsync)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path])},
            start_new_session=True,
            text=True,
        )

    def role(self) -> str:
        """Wait until the server answers and return `owner` or `guest`."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        """Let the process stop its server and end."""
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0


def wait_until(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def ask(dsn: str, *statements: str) -> object:
    """Execute the statements and return the value that the last one selects."""

    async def session() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            value: object = await connection.fetchval(statements[-1])
            return value
        finally:
            await connection.close()

    return asyncio.run(session())


def postmaster_of(home: Path) -> psutil.Process:
    process = find_postmaster(home / "cluster")
    assert process is not None
    return process
