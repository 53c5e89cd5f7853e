"""The commands of the README's table do what they suggest, on an invented company."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import Run

pytestmark = pytest.mark.postgres

README = (Path(__file__).parents[2] / "README.md").read_text()
ASKED = re.findall(r"^\| `(touchstone [^`]+)` \|", README, re.MULTILINE)


def test_each_command_of_the_table_answers_and_the_policy_published_is_in_force(
    run: Run, database: str, tmp_path: Path
) -> None:
    filled = run("simulate", "history", "--customers", "12")
    assert filled.returncode == 0, filled.stderr
    assert run("project", "--once").returncode == 0
    said = {}
    for line in ASKED:
        words = subprocess.run(
            ["sh", "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True, check=True
        )
        done = run(*words.stdout.splitlines()[1:])
        assert done.returncode == 0, f"{line}: {done.stderr}"
        said[line] = done.stdout
    [publishing] = [line for line in ASKED if " policy publish " in line]
    field, value = shlex.split(publishing)[-1].split("=")
    listed = json.loads(run("policy", "list", "tiers", "--format", "json").stdout)
    [in_force] = [one for one in listed if one["state"] == "in_force"]
    assert in_force["policy"][field] == int(value)
    assert "no difference" in said["touchstone verify"]
