"""Compiles C to modules, as many files at once as there are cores."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

_FLAGS = ("-fPIC", "-fwrapv", "-fno-strict-aliasing", "-DNDEBUG", "-g0")


class CannotBuild(RuntimeError):
    """Something that a build needs is not there, or refuses."""


class Extension(NamedTuple):
    """A module to be compiled, by its full name."""

    name: str
    sources: tuple[Path, ...]
    flags: tuple[str, ...]


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
