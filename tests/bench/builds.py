"""The builds that a contest is between: this one, and an earlier one made from git's history."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
from msgspec import Struct

EARLIER = "6f7cf0e"
"""The build that a contest is held against where nobody names another: before the walk engine."""

HERE = Path(__file__).parents[2]

_DRIVERS = HERE / "tests" / "bench" / "drivers"


class BuildMissing(Exception):
    """An earlier build cannot be made here, and why."""


class Build(Struct, frozen=True):
    """A build of the platform: its folder with an environment of its own, and how it is run."""

    name: str
    folder: Path
    earlier: bool = False
    native: bool = False  # with native parts

    def touchstone(self, *words: str) -> list[str]:
        """Return one of the build's own commands."""
        return [str(self.folder / ".venv" / "bin" / "touchstone"), *words]

    def driver(self, name: str, *words: str) -> list[str]:
        """Return a command that has the build do what none of its commands does."""
        python = self.folder / ".venv" / "bin" / "python"
        return [str(python), str(_DRIVERS / f"{name}.py"), *words]

    def environment(self, data: Path, dsn: str) -> dict[str, str]:
        """Return the environment of the build's commands: a database, and nothing of ours."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TOUCHSTONE_", "PYTHON"))
        }
        return {
            **kept,
            "TOUCHSTONE_DATA": str(data),
            "TOUCHSTONE_DSN": dsn,
            "TOUCHSTONE_NATIVE": "1" if self.native else "0",
        }


def this_build(*, native: bool) -> Build:
    """Return the build that this file belongs to, with or without its native parts."""
    return Build("native parts" if native else "plain Python", HERE, native=native)


@contextmanager
def earlier_build(commit: str, say: Callable[[str], None]) -> Iterator[Build]:
    """Give a build of a commit, made in the user's cache unless it lies there ready.

    One earlier build is kept: making another deletes it, once no contest uses it.
    Raises: BuildMissing.
    """
    name = whole_name(commit)
    cache = Path(platformdirs.user_cache_dir("touchstone-bench"))
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / name
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        if not _ready(folder):
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _ready(folder):
                say(f"making the build of {commit} in {folder}: a minute")
                _make(name, folder)
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield Build(commit, folder, earlier=True)


def whole_name(commit: str) -> str:
    """Return a commit's whole name. Raises: BuildMissing, where the history lacks it."""
    try:
        found = subprocess.run(
            ["git", "-C", str(HERE), "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise BuildMissing("git is not installed") from error
    if found.returncode:
        raise BuildMissing(found.stderr.strip() or f"no commit {commit} in this copy's history")
    return found.stdout.strip()


def _ready(folder: Path) -> bool:
    return (folder / ".venv" / "ready").exists()


def _make(commit: str, folder: Path) -> None:
    for old in folder.parent.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    folder.mkdir()
    archive = subprocess.Popen(["git", "-C", str(HERE), "archive", commit], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", str(folder)], stdin=archive.stdout, check=True)
    if archive.wait():
        raise BuildMissing(f"git could not unpack {commit}")
    python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    made = subprocess.run(
        ["make", "--silent", "setup", f"PYTHON={python}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        last = (made.stderr.strip() or made.stdout.strip()).splitlines()[-1:]
        raise BuildMissing(f"its `make setup` failed: {' '.join(last)}")
