"""Tomorrow's release, made from today's: payments say more, under a new version of their schema."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from fastavro import parse_schema, schemaless_reader
from fastavro.schema import load_schema

from events.codec import HEADER_BYTES, decode
from events.errors import UnknownSchema
from events.touchpoints.base import Touchpoint
from events.touchpoints.payment import PaymentReceived
from services.hosts.bootstrap import open_platform
from tests.faults.load import judge, load
from tests.faults.matrix import Outcome, Scene
from tests.faults.oracle import Read
from tests.faults.product import product
from tests.support.embedded import REPOSITORY

_FOLDERS = ("schemas", "events", "projections", "services")
_TODAY = '    event_type: ClassVar[str] = "payment.payment_received"\n'
_TOMORROW = f"{_TODAY}    version: ClassVar[int] = 2\n    till: Text | None = None\n"
_NEW_FIELD = "till"
_PARKED = "SELECT count(*) FROM projection_heads WHERE parked_reason IS NOT NULL"
_PATIENCE_S = 120.0


@contextmanager
def tomorrow() -> Iterator[Path]:
    """Give the folder of tomorrow's release."""
    with TemporaryDirectory(prefix="touchstone-release-") as name:
        release = Path(name)
        for folder in _FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(REPOSITORY / folder, release / folder, ignore=ignored)
        source = release / "events" / "touchpoints" / "payment.py"
        text = source.read_text("utf-8")
        assert text.count(_TODAY) == 1, "a payment is not written as it was"
        source.write_text(text.replace(_TODAY, _TOMORROW), "utf-8")
        generate = [sys.executable, "-m", "services", "schemas", "generate"]
        subprocess.run(generate, cwd=release, check=True, capture_output=True)
        yield release


def reader_of(release: Path) -> Read:
    """Return what decodes today's events and tomorrow's, the latter without what is new."""
    schema = parse_schema(
        load_schema(str(release / "schemas" / "payment" / "payment_received.v2.avsc"))
    )

    def read(payload: bytes) -> Touchpoint:
        try:
            return decode(payload)
        except UnknownSchema:
            fields = schemaless_reader(BytesIO(payload[HEADER_BYTES:]), schema, None)
            assert isinstance(fields, dict)
            assert fields.pop(_NEW_FIELD) is None
            return msgspec.convert(fields, PaymentReceived)

    return read


async def change_schema_over_kafka(scene: Scene) -> Outcome:
    """Renew gateways before workers, under load: what old workers cannot read waits, parked."""
    outcome = Outcome()
    with tomorrow() as release:
        async with scene.ground.product(gateways=2) as made:
            await made.start()
            fleet = await load(scene, made, 80.0)
            await asyncio.sleep(scene.choose(8, 3))
            made.program = release
            await _renew(outcome, made.gateway_processes["gateway-2"].end)
            made.start_gateway("gateway-2")
            async with open_platform(made.settings) as platform:
                async with asyncio.timeout(_PATIENCE_S):
                    while not await platform.pool.fetchval(_PARKED):  # noqa: ASYNC110
                        await asyncio.sleep(0.2)
                await asyncio.sleep(scene.choose(5, 1))
                parked = await platform.pool.fetchval(_PARKED)
                for name in ("worker-1", "worker-2"):
                    await _renew(outcome, made.workers[name].end)
                    made.start_worker(name)
                await _renew(outcome, made.gateway_processes["gateway-1"].end)
                made.start_gateway("gateway-1")
                await made.ready()
                async with asyncio.timeout(_PATIENCE_S):
                    while await platform.pool.fetchval(_PARKED):
                        await made.command("parked", "retry")
                        await asyncio.sleep(1.0)
            scene.say(f"{parked} parked by the old release and taken in by the new one")
            outcome.notes["parked_meanwhile"] = parked
            await judge(outcome, made, fleet, reader_of(release))
    return outcome


async def change_schema_of_run(scene: Scene) -> Outcome:
    """Renew `touchstone run` on the same data: it reads both versions."""
    outcome = Outcome()
    with tomorrow() as release:
        async with product() as made:
            made.start()
            await made.ready()
            fleet = await load(scene, made, 200.0)
            await asyncio.sleep(scene.choose(8, 3))
            await _renew(outcome, made.stop)
            made.program = release
            made.start()
            await made.ready()
            await asyncio.sleep(scene.choose(8, 3))
            await judge(outcome, made, fleet, reader_of(release))
            await asyncio.to_thread(made.stop)
    return outcome


async def _renew(outcome: Outcome, end: Callable[[], None]) -> None:
    await asyncio.to_thread(end)
    outcome.times += 1
