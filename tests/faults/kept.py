"""A `touchstone` command under a supervisor: started again whenever it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.embedded import REPOSITORY

_END_PATIENCE_S = 45.0
_LAST_WORDS = 3_000


class End(NamedTuple):
    """How a command ended: its exit code, a signal's negative, and what it said last."""

    code: int
    last_words: str


class Kept:
    """One command; `look` starts it again where it ended and is still wanted."""

    def __init__(
        self,
        name: str,
        command: str,
        environment: Mapping[str, str],
        logs: Path,
        program: Path = REPOSITORY,
    ) -> None:
        """`program` is the folder of the release that runs."""
        self.name = name
        self.wanted = False
        self.ends: list[End] = []
        self._command = (sys.executable, "-m", "services", *command.split())
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("TOUCHSTONE_")},
            **environment,
            "PYTHONPATH": os.pathsep.join([str(program), *sys.path]),
        }
        self._program = program
        self._log = logs / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and keep it running from now on."""
        self.wanted = True
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._program,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def look(self) -> None:
        """Start it again if it ended."""
        if self.wanted and not self.running:
            self.start()

    @property
    def running(self) -> bool:
        """Return whether it runs; an exit code is noted once."""
        if self._process is None:
            return False
        code = self._process.poll()
        if code is not None:
            self.ends.append(End(code, self.said()[-_LAST_WORDS:]))
            self._process = None
        return code is None

    def send(self, signum: signal.Signals) -> None:
        """Send a signal to the process, if it runs."""
        if self._process is not None:
            self._process.send_signal(signum)

    def kill(self) -> None:
        """Kill it with -9 and wait for its end."""
        self.send(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            assert not self.running

    def end(self) -> None:
        """End it as an operator would; kill it where it does not end."""
        self.wanted = False
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_PATIENCE_S)
        if self.running:
            self.kill()
            self.ends[-1] = End(HUNG, self.said()[-_LAST_WORDS:])

    def said(self) -> str:
        """Return what it logged in all its lives."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""


HUNG = -1_000
"""Noted where a command did not end when it was asked to."""
