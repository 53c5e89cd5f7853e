"""Compiles the reader, where there is a compiler, for the sources as they are.

    make native

What is built goes into a folder of the environment, of which `services.native` says when it is
used. The folder appears at once and whole; the one built before stays for processes that still
import from it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from services import native

ROOT = Path(__file__).resolve().parents[2]
_READER = "events/compiled_reader.c"
_BUILDS_KEPT = 2  # the new one and that before


def main() -> int:
    """Exit code 0 when compiled parts are there for the sources as they are."""
    target = native.builds() / native.build_name()
    if target.is_dir():
        sys.stdout.write("The native parts are up to date\n")
        return 0
    ...
