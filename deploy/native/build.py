"""Compiles what may be compiled, where there is a compiler, of the sources as they are.

    make native

What is built goes into a folder of the environment; `services.native` says when it is used. The
folder appears at once and whole, and the one built before it stays, for processes that may still
import from it.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.native import rules
from deploy.native.compiling import CannotBuild, Extension, check_compiler, compile_into
from services import native

ROOT = Path(__file__).resolve().parents[2]
_BUILDS_KEPT = 2  # the new one and that before

READER = Extension(
    "events.compiled_reader", (ROOT / "events" / "compiled_reader.c",), ("-O2", "-Wall", "-Werror")
)


def main() -> int:
    """Exit code 0 when compiled parts are there for the sources as they are."""
    started = time.monotonic()
    builds = native.builds()
    target = builds / native.build_name()
    if target.is_dir():
        print("The native parts are up to date")
        return 0
    builds.mkdir(exist_ok=True)
    try:
        check_compiler()
        with tempfile.TemporaryDirectory(prefix=".building-", dir=builds) as scratch:
            made = Path(scratch, "made")
            made.mkdir()
            parts = [READER, *rules.extensions(ROOT, Path(scratch, "rules"))]
            compile_into(made, parts, Path(scratch, "objects"))
            types = json.dumps(rules.field_types(ROOT))
            Path(made, native.FIELD_TYPES).write_text(types, "utf-8")
            made.rename(target)
    except CannotBuild as error:
        print(error, file=sys.stderr)
        return 1
    _prune(builds)
    print(f"The native parts are built, in {time.monotonic() - started:.0f} s")
    return 0


def _prune(builds: Path) -> None:
    """Leave the newest builds."""
    newest = sorted(_whole(builds), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in newest[_BUILDS_KEPT:]:
        shutil.rmtree(folder)


def _whole(builds: Path) -> Iterator[Path]:
    return (folder for folder in builds.iterdir() if not folder.name.startswith("."))


if __name__ == "__main__":
    raise SystemExit(main())
