"""Short commands load nothing that only long ones need, so that they answer at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "aiokafka", "asyncpg", "babel", "cryptography", "fastapi", "faust", "holidays", "jinja2",
    "projections", "pyarrow", "pydantic_settings", "starlette", "uvicorn", "uvloop",
}  # fmt: skip

# Runs a command and then tells what is loaded.
TELLER = """
import sys
from services.__main__ import main
try:
    main()
except SystemExit as end:
    code = end.code
print("loaded:", *{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "--version",
        "run --help",
        "status --help",
        "import --help",
        "explain --help",
        "policy --help",
        "policy list --help",
        "topics check --help",
        "move --help",
        "rebuild --help",
        "quarantine --help",
        "schemas --help",
        "simulate live --help",
        "mappings list",
        "mappings show helpdesk",
    ],
)
def test_a_short_command_loads_nothing_heavy(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TELLER, *command.split()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = done.stderr.rpartition("loaded:")[2].split()
    assert "services" in loaded
    assert HEAVY.intersection(loaded) == set()


def test_walks_over_the_company_load_no_tables_of_sounds() -> None:
    rooms = "services.hosts.bootstrap, services.audit.texts, services.audit.verify"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {rooms}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "projections" in loaded
    assert {"fastapi", "opencc", "pypinyin"}.intersection(loaded) == set()
