"""Serves the console of the build whose Python runs this, to anybody on this machine.

    python console.py PORT

Prints one line of JSON once it can be asked: the pages without a parameter in their paths. Ends at
SIGTERM. The database is the one that TOUCHSTONE_DSN names. Written for this build and for an
earlier one, whose modules have other names.
"""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import uvicorn
import uvloop


def _open_platform() -> object:
    for name in ("services.hosts.bootstrap", "services.bootstrap"):
        try:
            return import_module(name).open_platform
        except ModuleNotFoundError:
            continue
    raise SystemExit("this build has no platform to open")


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(port: int) -> None:
    console = import_module("services.console.app")
    settings = import_module("services.settings").settings()
    async with _open_platform()(settings) as platform:  # type: ignore[operator]
        app = console.create_console(platform)
        server = _Server(
            uvicorn.Config(
                app, host="127.0.0.1", port=port, log_config=None, access_log=False,
                server_header=False, ws="none", timeout_graceful_shutdown=2,
            )
        )  # fmt: skip

        def end() -> None:
            console.end_streams(app)
            server.should_exit = True

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
            await asyncio.sleep(0.05)
        print(json.dumps({"pages": _pages(console)}), flush=True)
        await serving


def _pages(console: ModuleType) -> list[str]:
    """Return the paths of all pages that need nothing but their names."""
    routes = [one for router in getattr(console, "_ROUTERS", ()) for one in router.routes]
    paths = {one.path for one in routes if "GET" in (getattr(one, "methods", None) or ())}
    return sorted(one for one in paths if "{" not in one and not one.startswith(("/api", "/live")))


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
