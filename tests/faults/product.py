"""The real product as processes on a data directory of its own, to be killed at will."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import httpx2
import psutil

from deploy.kafka.broker import free_ports
from services.settings import Settings
from tests.faults.commanding import touchstone
from tests.support.embedded import REPOSITORY

_READY_PATIENCE_S = 120.0
_POLL_S = 0.1
_STOP_PATIENCE_S = 40.0


class Product:
    """`touchstone run` on a directory: started, killed, started again."""

    def __init__(self, data: Path) -> None:
        """Choose free ports; nothing runs yet."""
        self.data = data
        self.program = REPOSITORY  # the release that is started from now on
        console_port, gateway_port = free_ports(2)
        self.gateway = f"http://127.0.0.1:{gateway_port}"
        self.console = f"http://127.0.0.1:{console_port}"
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("TOUCHSTONE_")},
            "TOUCHSTONE_DATA": str(data),
            "TOUCHSTONE_CONSOLE_PORT": str(console_port),
            "TOUCHSTONE_GATEWAY_PORT": str(gateway_port),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._others: list[subprocess.Popen[bytes]] = []

    @property
    def gateways(self) -> list[str]:
        """Return where branches publish."""
        return [self.gateway]

    @property
    def settings(self) -> Settings:
        """Return the settings by which another process joins this product."""
        return Settings(data=self.data)

    def start(self) -> None:
        """Start everything; it is not ready yet."""
        self._process = self._spawn("run")

    def start_also(self, command: str) -> Path:
        """Start one more service beside it; return the file that takes what it prints."""
        self._others.append(self._spawn(command))
        return self._log_of(command)

    def _spawn(self, command: str) -> subprocess.Popen[bytes]:
        with self._log_of(command).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "services", command],
                cwd=self.program,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _log_of(self, command: str) -> Path:
        return self.data / f"{command}.log"

    async def ready(self) -> None:
        """Return once gateway and console answer. Raises: TimeoutError, AssertionError."""
        async with httpx2.AsyncClient(timeout=2.0) as client, asyncio.timeout(_READY_PATIENCE_S):
            for address in (f"{self.console}/healthz", f"{self.gateway}/api/v1/events"):
                while True:
                    assert self._process is not None
                    assert self._process.poll() is None, self.last_words()
                    with contextlib.suppress(httpx2.TransportError):
                        await client.get(address)
                        break
                    await asyncio.sleep(_POLL_S)

    def services_said(self) -> str:
        """Return what the services that `run` started have logged so far."""
        log = self.data / "services.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def last_words(self) -> str:
        """Return the ends of what the product printed."""
        logs = (self.data / name for name in ("run.log", "services.log", "postgres.log"))
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-3_000:]}"
            for log in logs
            if log.exists()
        )

    # --- its processes ---------------------------------------------------------------------

    def service(self, name: str) -> psutil.Process:
        """Return the process that runs a service such as `project` or `serve`."""
        for process in self._descendants():
            with contextlib.suppress(psutil.NoSuchProcess):
                of_run = self._process is not None and process.ppid() == self._process.pid
                if of_run and process.cmdline()[-1:] == [name]:
                    return process
        raise AssertionError(f"no {name} runs\n{self.last_words()}")

    def runs(self, name: str) -> bool:
        """Return whether a service runs just now."""
        try:
            self.service(name)
        except AssertionError:
            return False
        return True

    def database(self) -> list[psutil.Process]:
        """Return the postmaster and its children."""
        try:
            words = (self.data / "cluster" / "postmaster.pid").read_text().split()
            postmaster = psutil.Process(int(words[0]))
            if not any(str(self.data) in word for word in postmaster.cmdline()):
                return []  # the number was given to somebody else since
            return [postmaster, *postmaster.children(recursive=True)]
        except (FileNotFoundError, IndexError, psutil.NoSuchProcess):
            return []

    def _descendants(self) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        for started in (self._process, *self._others):
            with contextlib.suppress(psutil.NoSuchProcess):
                if started is not None:
                    root = psutil.Process(started.pid)
                    found += [root, *root.children(recursive=True)]
        return found

    def kill_run(self) -> None:
        """Kill -9 `touchstone run` alone; the services that it started end by themselves."""
        assert self._process is not None
        started = [one for one in self._descendants() if _is_service(one, self._process.pid)]
        self._process.kill()
        self._process.wait()
        self._process = None
        give_up_at = time.monotonic() + _READY_PATIENCE_S
        while left := _alive(set(started)):
            assert time.monotonic() < give_up_at, f"their parent was killed, they go on: {left}"
            time.sleep(_POLL_S)

    def kill_everything(self, dice: Random) -> int:
        """Kill -9 every process of the product, in any order; return how many there were.

        Half of the time all are frozen first, so that none can react to another's death.
        """
        seen: set[int] = set()
        frozen = dice.random() < 0.5
        while victims := _alive({*self._descendants(), *self.database()}):
            dice.shuffle(victims)
            seen.update(victim.pid for victim in victims)
            for strike in (psutil.Process.suspend, psutil.Process.kill)[0 if frozen else 1 :]:
                for victim in victims:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        strike(victim)
            for started in (self._process, *self._others):
                if started is not None:
                    started.wait()
            self._process, self._others = None, []
            psutil.wait_procs(victims, timeout=5)
        return len(seen)

    def stop(self) -> None:
        """End everything as Ctrl-C does."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            words = self.last_words()
            self.kill_everything(Random(0))
            raise AssertionError(f"Ctrl-C does not end it\n{words}") from None
        self._process = None

    # --- its commands ----------------------------------------------------------------------

    async def command(self, *words: str) -> tuple[int, dict[str, object]]:
        """Run a `touchstone` command to its end; return its exit code and its JSON document."""
        return await touchstone(self.program, self._environment, words)


@asynccontextmanager
async def product() -> AsyncIterator[Product]:
    """Give a product on a fresh directory, not started; nothing of it is left behind."""
    with TemporaryDirectory(prefix="touchstone-faults-") as home:
        made = Product(Path(home))
        try:
            yield made
        finally:
            made.kill_everything(Random(0))


def _is_service(process: psutil.Process, run: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.ppid() == run and "services" in process.cmdline()
    return False


def _alive(processes: set[psutil.Process]) -> list[psutil.Process]:
    def lives(process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        return False

    return sorted(filter(lives, processes), key=lambda process: process.pid)
