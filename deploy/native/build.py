"""Compiles what may be compiled, where there is a compiler, of the sources as they are.

    make native

What is built goes into a folder of the environment; `services.native` says when it is used. The
folder appears at once and whole, and the one built before it stays, for processes that may still
import from it. One that builds waits for another, and takes away what one that was killed left.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from deploy.native import rules
from deploy.native.compiling import CannotBuild, Extension, check_compiler, compile_into
from services import native

ROOT = Path(__file__).resolve().parents[2]
_BUILDS_KEPT = 2  # the new one and that before
_LOCK = ".lock"
_SCRATCH = ".building-"

READER = Extension(
    "events.compiled_reader", (ROOT / "events" / "compiled_reader.c",), ("-O2", "-Wall", "-Werror")
)


def main() -> int:
    """Exit code 0 when compiled parts are there for the sources as they are."""
    started = time.monotonic()
    builds = native.builds()
    try:
        builds.mkdir(exist_ok=True)
        with (builds / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _build(builds):
                print("The native parts are up to date")
                return 0
    except (CannotBuild, PermissionError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The native parts are built, in {time.monotonic() - started:.0f} s")
    return 0


def _build(builds: Path) -> bool:
    """Return whether something was to be built, while nobody else builds. Raises: CannotBuild."""
    for left in builds.glob(f"{_SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)  # a compiler of its may still write: another time
    target = builds / native.build_name()
    if target.is_dir():
        return False
    check_compiler()
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=builds) as scratch:
        made = Path(scratch, "made")
        made.mkdir()
        parts = [READER, *rules.extensions(ROOT, Path(scratch, "rules"))]
        compile_into(made, parts, Path(scratch, "objects"))
        types = json.dumps(rules.field_types(ROOT))
        Path(made, native.FIELD_TYPES).write_text(types, "utf-8")
        if native.build_name() != target.name:
            raise CannotBuild("the sources changed while they were compiled: run `make native`")
        made.rename(target)
    _prune()
    return True


def _prune() -> None:
    """Leave the newest builds."""
    whole = native.whole_builds()
    newest = sorted(whole, key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in newest[_BUILDS_KEPT:]:
        shutil.rmtree(folder)


if __name__ == "__main__":
    raise SystemExit(main())
