"""Compiles what may be compiled, where there is a compiler, of the sources as they are.

    make native

What is built goes into a folder of the environment; `services.native` says when it is used. The
folder appears at once and whole, and the one built before it stays, for processes that may still
import from it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from services import native

ROOT = Path(__file__).resolve().parents[2]
_BUILDS_KEPT = 2  # the new one and that before
_FLAGS = ("-fPIC", "-fwrapv", "-fno-strict-aliasing", "-DNDEBUG", "-g0")


class CannotBuild(RuntimeError):
    """Something that a build needs is not there, or refuses."""


class Extension(NamedTuple):
    """A module to be compiled, by its full name."""

    name: str
    sources: tuple[Path, ...]
    flags: tuple[str, ...]


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
            compile_into(made, [READER], Path(scratch, "objects"))
            made.rename(target)
    except CannotBuild as error:
        print(error, file=sys.stderr)
        return 1
    _prune(builds)
    print(f"The native parts are built, in {time.monotonic() - started:.0f} s")
    return 0


def _compiler() -> list[str]:
    return shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")


def _include() -> Path:
    return Path(sysconfig.get_path("include"))


def check_compiler() -> None:
    """Raises: CannotBuild."""
    missing = []
    if shutil.which(_compiler()[0]) is None:
        missing.append(f"a C compiler ({_compiler()[0]} is not there)")
    if not (_include() / "Python.h").is_file():
        missing.append(f"Python's headers ({_include()} has no Python.h)")
    if missing:
        raise CannotBuild(
            f"`make native` needs {' and '.join(missing)}: on Debian, apt install gcc python3-dev. "
            "Without, everything runs in plain Python, only slower."
        )


def compile_into(target: Path, extensions: Sequence[Extension], objects: Path) -> None:
    """Compile modules into a folder, as many files at once as there are cores.

    Raises: CannotBuild.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        steps = [
            (one.name, pool.submit(_object, one, source, objects / one.name))
            for one in extensions
            for source in one.sources
        ]
        made: dict[str, list[Path]] = {}
        for name, step in steps:
            made.setdefault(name, []).append(step.result())
        for done in [pool.submit(_link, target, name, parts) for name, parts in made.items()]:
            done.result()


def _object(extension: Extension, source: Path, objects: Path) -> Path:
    objects.mkdir(parents=True, exist_ok=True)
    made = objects / f"{source.stem}.o"
    _run(*_compiler(), *_FLAGS, *extension.flags, f"-I{_include()}", "-o", made, "-c", source)
    return made


def _link(target: Path, name: str, objects: Sequence[Path]) -> None:
    file = target.joinpath(*name.split(".")).with_suffix(sysconfig.get_config_var("EXT_SUFFIX"))
    file.parent.mkdir(parents=True, exist_ok=True)
    shared = shlex.split(sysconfig.get_config_var("LDSHARED"))[1:]
    _run(*_compiler(), *shared, "-o", file, *objects)


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise CannotBuild(f"{command[0]} refused {command[-1]}:\n{done.stderr}")


def _prune(builds: Path) -> None:
    """Leave the newest builds."""
    newest = sorted(_whole(builds), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in newest[_BUILDS_KEPT:]:
        shutil.rmtree(folder)


def _whole(builds: Path) -> Iterator[Path]:
    return (folder for folder in builds.iterdir() if not folder.name.startswith("."))


if __name__ == "__main__":
    raise SystemExit(main())
