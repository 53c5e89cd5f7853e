"""Child processes of `touchstone run`: started, watched, restarted, ended together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Self

import structlog

from services.log_files import open_log
from services.terminal import note

_LOG = structlog.get_logger(__name__)

SUPERVISED = "TOUCHSTONE_SUPERVISED"
"""Set for child processes: their standard input is a pipe that ends with their parent."""

STDIN = 0

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_HEALTHY_AFTER_S = 60.0
_BACK_AFTER_S = 10.0
_TERM_PATIENCE_S = 8.0
"""What a service is given to end by itself: on a machine with nothing else to do it takes three
seconds at most, whatever hangs. With the database's own end after it, a run stops in under ten."""


def die_with_parent() -> None:
    """In a supervised process, end when the parent is gone, however it went.

    The parent's end of our standard input closes even when it is killed with -9.
    """
    if SUPERVISED not in os.environ:
        return

    def watch() -> None:
        while os.read(STDIN, 1):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


class Child:
    """One supervised `touchstone` command, restarted with growing pauses when it ends."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = " ".join(arguments)
        self._command = (sys.executable, "-m", "services", *arguments)
        self._environment = {**os.environ, **environment, SUPERVISED: "1"}
        self._process: asyncio.subprocess.Process | None = None

    async def run(self, output: IO[bytes] | None) -> None:
        """Keep the command running until cancelled; then end it politely."""
        pause_s = _FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        again = False
        try:
            while True:
                started = loop.time()
                try:
                    self._process = await self._start(output)
                except OSError as error:  # no memory, processes or files are left just now
                    event, reason = "service_not_started", str(error)
                else:
                    event = "service_ended"
                    reason = f"exit code {await self._ended(self._process, again)}"
                again = True
                if loop.time() - started > _HEALTHY_AFTER_S:
                    pause_s = _FIRST_PAUSE_S
                _LOG.error(event, service=self.name, reason=reason, restart_in_s=pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        finally:
            await self._end()

    async def _start(self, output: IO[bytes] | None) -> asyncio.subprocess.Process:
        """Start the command. Raises: OSError."""
        # A session of its own: Ctrl-C in the terminal reaches the parent alone.
        return await asyncio.create_subprocess_exec(
            *self._command,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    async def _ended(self, process: asyncio.subprocess.Process, again: bool) -> int:
        """Return the exit code at the end; say meanwhile that one started `again` is back."""
        if again:
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(process.wait(), _BACK_AFTER_S)
            _LOG.info("service_back", service=self.name)
        return await process.wait()

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _TERM_PATIENCE_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            # It may have ended in time all the same, and this process not have heard of it.
            if await process.wait() == -signal.SIGKILL:
                _LOG.warning("service_killed", service=self.name, after_s=_TERM_PATIENCE_S)


class Supervision:
    """The running children and the file that takes what they print."""

    def __init__(self, log_path: Path | None, environment: Mapping[str, str]) -> None:
        """Give every child these variables besides its parent's.

        Without a file the children print where their parent does.
        """
        self._log_path = log_path
        self._environment = environment
        self._output: IO[bytes] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Open the file."""
        if self._log_path is not None:
            self._log_path.parent.mkdir(parents=True, exist_ok=True)
            self._output = open_log(self._log_path)
            note(f"what the services say: {self._log_path}")
        return self

    def start(self, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start a command and keep it running, with variables of its own where there are any."""
        child = Child(arguments, {**self._environment, **(environment or {})})
        self._tasks.append(asyncio.create_task(child.run(self._output), name=child.name))

    async def __aexit__(self, *_: object) -> None:
        """End every child."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._output is not None:
            self._output.close()
