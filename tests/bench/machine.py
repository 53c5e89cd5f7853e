"""What a bench ran on, and the one line of JSON with which every bench ends."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from services.native import choose

_HERE = Path(__file__).parents[2]


class Machine(Struct, frozen=True, kw_only=True):
    """The machine of a measurement, and the versions of what ran on it."""

    cpu: str
    cores: int
    memory_gb: float
    system: str
    python: str
    postgresql: str | None
    native: str  # which parts of the platform are there compiled


class Line(Struct, frozen=True, kw_only=True):
    """The last line of a bench: what was measured, by which command, where and when."""

    bench: str
    command: str
    date: str
    commit: str  # "+" at its end: with changes that are not committed
    machine: Machine
    load_before: float  # of the last minute
    load_after: float
    memory_free_gb: float  # as it began
    seconds: float
    figures: msgspec.Raw


class Measurement:
    """A bench from its beginning on: takes the machine's state, then and at the end."""

    def __init__(self, bench: str) -> None:
        self._bench = bench
        self._commit = commit()
        self._started = time.monotonic()
        self._load = _load()
        self._free_gb = _gb(psutil.virtual_memory().available)
        self.machine = machine(None)

    def beginning(self) -> str:
        """Return the machine's state in words."""
        found = self.machine
        return (
            f"{found.cores} cores of {found.cpu}, {found.memory_gb} GB ({self._free_gb} free), "
            f"load {self._load}; {found.system}, Python {found.python}, "
            f"native parts: {found.native}; commit {self._commit}"
        )

    def line(self, figures: object, postgresql: str | None = None) -> str:
        """Return the line of JSON that holds the figures."""
        found = Line(
            bench=self._bench,
            command=shlex.join(["python", *sys.orig_argv[1:]]),
            date=datetime.now(UTC).date().isoformat(),
            commit=self._commit if commit() == self._commit else f"{self._commit} to {commit()}",
            machine=machine(postgresql),
            load_before=self._load,
            load_after=_load(),
            memory_free_gb=self._free_gb,
            seconds=round(time.monotonic() - self._started, 1),
            figures=msgspec.Raw(msgspec.json.encode(figures)),
        )
        return msgspec.json.encode(found).decode()


def machine(postgresql: str | None) -> Machine:
    """Return what this machine is."""
    return Machine(
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1,
        memory_gb=_gb(psutil.virtual_memory().total),
        system=_system(),
        python=platform.python_version(),
        postgresql=postgresql,
        native=str(choose()),
    )


def commit() -> str:
    """Return the commit measured, or "unknown" where there is no history."""
    try:
        name = _git("rev-parse", "--short=8", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name + ("+" if changed else "")


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(_HERE), *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _cpu_model() -> str:
    about = Path("/proc/cpuinfo")
    if about.exists():
        for line in about.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        about: Mapping[str, str] = platform.freedesktop_os_release()
    except OSError:
        return platform.platform()
    return about.get("PRETTY_NAME", platform.platform())


def _gb(size: int) -> float:
    return round(size / 1e9, 1)


def _load() -> float:
    return round(os.getloadavg()[0], 1)
