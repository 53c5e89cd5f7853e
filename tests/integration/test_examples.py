"""Every folder of `examples/` does what its `expected.txt` says, on a platform of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from deploy.kafka.broker import free_ports
from tests.support.embedded import wait_until

pytestmark = pytest.mark.postgres

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/run.sh"))
NEEDS_A_GATEWAY = {"publish-over-http"}


def test_every_folder_can_be_run_and_is_in_the_list() -> None:
    folders = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
    assert folders == NAMES
    text = (EXAMPLES / "README.md").read_text()
    assert [name for name in NAMES if f"{name}/README.md" not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_an_example_prints_what_it_promises(name: str, database: str, tmp_path: Path) -> None:
    environment = os.environ | {
        "TOUCHSTONE_DSN": database,
        "TOUCHSTONE_DATA": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    if name in NEEDS_A_GATEWAY:
        with _gateway(environment) as address:
            said = _said(name, environment | {"TOUCHSTONE_GATEWAY": address})
    else:
        said = _said(name, environment)
    lines = iter([_plain(line) for line in said.splitlines()])
    for expected in (EXAMPLES / name / "expected.txt").read_text().splitlines():
        # Consumes what is printed up to the line found: the order counts, too.
        assert any(_plain(expected) in line for line in lines), f"{expected!r} is not in:\n{said}"


def _said(name: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", str(EXAMPLES / name / "run.sh")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _plain(line: str) -> str:
    return " ".join(line.split())


def _answers(address: str, serving: subprocess.Popen[bytes]) -> bool:
    assert serving.poll() is None, "touchstone serve has ended"
    try:
        return httpx2.get(f"{address}/api/v1/openapi.json").status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def _gateway(environment: dict[str, str]) -> Iterator[str]:
    """Give the address of a gateway that answers."""
    console, port = free_ports(2)
    ports = {"TOUCHSTONE_CONSOLE_PORT": str(console), "TOUCHSTONE_GATEWAY_PORT": str(port)}
    serving = subprocess.Popen(
        [sys.executable, "-m", "services", "serve"],
        env=environment | ports,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(address, serving))
        yield address
    finally:
        serving.terminate()
        serving.wait(timeout=60)
