"""`touchstone` commands run to their end, and what they answered."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path


async def touchstone(
    program: Path, environment: Mapping[str, str], words: tuple[str, ...]
) -> tuple[int, dict[str, object]]:
    """Run a release's command; return its exit code and its JSON document.

    A document that is a list comes as `rows`.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services", *words, "--format", "json"),
        cwd=program,
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert output, f"touchstone {' '.join(words)}: {errors.decode()[-2_000:]}"
    document = json.loads(output)
    if not isinstance(document, dict):
        document = {"rows": document}
    return process.returncode or 0, document
