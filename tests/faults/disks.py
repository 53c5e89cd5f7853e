"""Small disks that can be filled up and given room again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.matrix import Skipped

_MB = 1024 * 1024


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Have a disk of its own at a folder. Raises: Skipped, where none can be mounted."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        raise Skipped("only root can mount a small disk to fill")
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skipped(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


class Ballast:
    """A file that takes up a disk's room."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self._file = disk / "ballast"

    def leave(self, megabytes: float) -> None:
        """Take up all room but so much."""
        free = shutil.disk_usage(self._disk).free - int(megabytes * _MB)
        with self._file.open("ab") as file:
            while free > 0:
                chunk = min(free, _MB)
                file.write(b"\0" * chunk)
                free -= chunk

    def remove(self) -> None:
        """Give the room back."""
        self._file.unlink()
