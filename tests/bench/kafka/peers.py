"""An environment of their own for the other frameworks, made anew for each run."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

_LOCK = Path(__file__).with_name("peers.lock")


class PeersMissing(Exception):
    """The other frameworks cannot be installed here."""


def environment(folder: Path) -> Path:
    """Return the Python of a new environment that holds what `peers.lock` pins.

    Raises: PeersMissing, with what pip said.
    """
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install += ["--require-hashes", "--only-binary", ":all:", "--requirement", str(_LOCK)]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeersMissing(f"pip: {done.stderr.strip().splitlines()[-1:]}")
    return python


OWN = Path(sys.executable)
"""The Python of the platform's environment."""
