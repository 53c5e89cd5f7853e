"""Brings jars from Maven's repository, and only those that are pinned: by default the broker's.

In their folder `pom.xml` names them and `jars.sha256` holds each jar's digest; what was fetched
is compared with it before it may run. Where Maven fetches from is the business of its settings.
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


class JarsMissing(Exception):
    """The jars are not there, or are not those that are pinned."""


def pinned(folder: Path = FOLDER) -> Mapping[str, str]:
    """Return the digest of each jar by its name."""
    lines = (folder / "jars.sha256").read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def present(folder: Path = FOLDER) -> bool:
    """Return whether every pinned jar lies there, and nothing else; contents are not read."""
    return {jar.name for jar in (folder / "jars").glob("*.jar")} == set(pinned(folder))


def fetch(folder: Path = FOLDER) -> None:
    """Have every pinned jar there, fetched by Maven if need be. Raises: JarsMissing."""
    if not present(folder):
        _copy_dependencies(folder)
    wrong = sorted(set(_digests(folder).items()) ^ set(pinned(folder).items()))
    if wrong:
        names = ", ".join(sorted({name for name, _ in wrong}))
        raise JarsMissing(
            f"not what jars.sha256 pins: {names}; delete {folder / 'jars'} and fetch again"
        )


def pin(folder: Path = FOLDER) -> None:
    """Fetch what pom.xml names and pin it. Raises: JarsMissing."""
    _copy_dependencies(folder)
    lines = [f"{digest}  {name}\n" for name, digest in sorted(_digests(folder).items())]
    (folder / "jars.sha256").write_text("".join(lines), "utf-8")


def _digests(folder: Path) -> Mapping[str, str]:
    jars = (folder / "jars").glob("*.jar")
    return {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars}


def _copy_dependencies(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise JarsMissing("the jars are not there and Maven is not installed: no command `mvn`")
    jars = folder.resolve() / "jars"
    shutil.rmtree(jars, ignore_errors=True)
    command = [maven, "--quiet", "--batch-mode", "--strict-checksums"]
    command += ["--file", str(folder / "pom.xml"), "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise JarsMissing(f"Maven could not bring the jars:\n{ended.stdout[-2000:]}")


def main(arguments: list[str]) -> int:
    """Exit code 0 when the jars lie there as pinned."""
    deeds = {"fetch": fetch, "pin": pin}
    if len(arguments) not in (1, 2) or arguments[0] not in deeds:
        sys.stderr.write("usage: jars.py fetch | pin [FOLDER]\n")
        return 2
    try:
        deeds[arguments[0]](Path(*arguments[1:]) if arguments[1:] else FOLDER)
    except JarsMissing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
