"""Brings the local broker's jars from Maven's repository, and only those that are pinned.

`jars.sha256` holds each jar's digest; what was fetched is compared with it before it may run.
Where Maven fetches from is the business of its own settings.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
JARS = FOLDER / "jars"
_PINNED = FOLDER / "jars.sha256"


class JarsMissing(Exception):
    """The jars are not there, or are not those that are pinned."""


def pinned() -> Mapping[str, str]:
    """Return the digest of each jar by its name."""
    lines = _PINNED.read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def present() -> bool:
    """Return whether every pinned jar lies there, and nothing else; contents are not read."""
    return {jar.name for jar in JARS.glob("*.jar")} == set(pinned())


def fetch() -> None:
    """Have every pinned jar there, fetched by Maven if need be. Raises: JarsMissing."""
    if not present():
        _copy_dependencies()
    wrong = sorted(set(_digests().items()) ^ set(pinned().items()))
    if wrong:
        names = ", ".join(sorted({name for name, _ in wrong}))
        raise JarsMissing(f"not what jars.sha256 pins: {names}; delete {JARS} and fetch again")


def pin() -> None:
    """Fetch what pom.xml names and pin it."""
    _copy_dependencies()
    lines = [f"{digest}  {name}\n" for name, digest in sorted(_digests().items())]
    _PINNED.write_text("".join(lines), "utf-8")


def _digests() -> Mapping[str, str]:
    return {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in JARS.glob("*.jar")}


def _copy_dependencies() -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise JarsMissing("the jars are not there and Maven is not installed: no command `mvn`")
    shutil.rmtree(JARS, ignore_errors=True)
    command = [maven, "--quiet", "--batch-mode", "--strict-checksums"]
    command += ["--file", str(FOLDER / "pom.xml"), "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={JARS}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise JarsMissing(f"Maven could not bring the jars:\n{ended.stdout[-2000:]}")


def main(arguments: list[str]) -> int:
    """Exit code 0 when the jars lie there as pinned."""
    if arguments not in (["fetch"], ["pin"]):
        sys.stderr.write("usage: jars.py fetch | pin\n")
        return 2
    try:
        {"fetch": fetch, "pin": pin}[arguments[0]]()
    except JarsMissing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
