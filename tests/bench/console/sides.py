"""The two sides of the measurement: a build that serves a company of its own, and its processes."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import psutil
from msgspec import Struct

from events.envelope import PositionVector
from tests.bench.builds import Build
from tests.bench.console.asking import NotServed

THIS, EARLIER = "this", "earlier"

_READY_S = 120


class Side(Struct, frozen=True):
    """A build with its company, its console being served."""

    build: Build
    name: str
    dsn: str
    data: Path
    port: int
    console: psutil.Process
    served: Sequence[str]  # pages

    def memory_mb(self) -> float:
        """Return what the console's process alone holds."""
        return float(self.console.memory_full_info().uss) / 1e6

    def console_cpu_s(self) -> float:
        """Return the processor time of the console so far."""
        return float(sum(self.console.cpu_times()[:2]))

    @contextmanager
    def flow(self, rate: float, seconds: float, seed: int) -> Iterator[Path]:
        """Have events flow in meanwhile; give the file that tells of them."""
        with tempfile.NamedTemporaryFile("w+") as told:
            command = self.build.driver("flow", str(rate), str(seconds), str(seed))
            with _process(self.build, self.data, self.dsn, command, told):
                yield Path(told.name)


@contextmanager
def served(build: Build, name: str, dsn: str, data: Path) -> Iterator[Side]:
    """Serve a company's console, and project what flows in."""
    with ExitStack() as stack:
        log = stack.enter_context(tempfile.TemporaryFile("w+"))
        stack.enter_context(_process(build, data, dsn, build.touchstone("project"), log))
        port = _free_port()
        out = stack.enter_context(tempfile.NamedTemporaryFile("w+"))
        console = stack.enter_context(
            _process(build, data, dsn, build.driver("console", str(port)), out)
        )
        ready = _first_line(console, Path(out.name))
        process = psutil.Process(console.pid)
        yield Side(build, name, dsn, data, port, process, json.loads(ready)["pages"])


@contextmanager
def _process(
    build: Build, data: Path, dsn: str, command: Sequence[str], out: IO[str]
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        env=build.environment(data, dsn),
        cwd=build.folder,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _first_line(process: subprocess.Popen[bytes], out: Path) -> str:
    """Return what a process says once it is ready. Raises: RuntimeError, where it ended."""
    for _ in range(_READY_S * 10):
        for line in out.read_text().splitlines(keepends=True):
            if line.startswith("{") and line.endswith("\n"):
                return line
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the console did not come up: exit code {process.poll()}")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def published(told: Path) -> list[tuple[float, PositionVector]]:
    """Return when each event of a flow was durable, and where it is. Raises: NotServed."""
    found: list[tuple[float, PositionVector]] = []
    for line in told.read_text().splitlines():
        if not line.startswith("{"):
            continue  # a word of the platform's log
        one = json.loads(line)
        if "refused" in one:
            raise NotServed(f"an event was refused: {one['refused']}")
        vectors = map(PositionVector.from_token, one.get("positions", ()))
        found += [(float(one["at"]), vector) for vector in vectors]
    return found
