"""A bare transaction behind the platform's own server: the fair peer of a command over HTTP.

    python -m tests.bench.rivals.bare_server PORT DSN [BROKERS]

GET tells a case's version, PUT locks, inserts and commits one event after the version given, or
answers 409. The connections, the parser and the pool are the gateway's; there is no key, no rule,
no vault and no log.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack

import msgspec
import uvloop
from aiokafka import AIOKafkaProducer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.hosts.serving import server
from services.log.kafka.cluster import cluster_of
from services.postgres.pool import open_pool
from services.settings import Settings
from tests.bench.rivals.bare import BARE_TOPIC, Bare, acknowledged_by

_CONNECTIONS = 64


def _application(bare: Bare) -> Starlette:
    async def version(request: Request) -> Response:
        found = await bare.version(request.path_params["case"])
        return Response(headers={"ETag": f'"{found}"'})

    async def append(request: Request) -> Response:
        seen = int(request.headers["if-match"].strip('"'))
        msgspec.json.decode(await request.body())
        ids = await bare.append(request.path_params["case"], seen, 1)
        if ids is None:
            return Response(status_code=409)
        return Response(msgspec.json.encode(ids), media_type="application/json")

    return Starlette(
        routes=[
            Route("/{case:int}", version, methods=["GET"]),
            Route("/{case:int}", append, methods=["PUT"]),
        ]
    )


async def _serve(port: int, dsn: str, brokers: str | None) -> None:
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(await open_pool(dsn))
        acknowledge = None
        if brokers is not None:
            options = cluster_of(Settings(kafka=brokers)).options
            producer = AIOKafkaProducer(**options, acks="all", enable_idempotence=True)
            await stack.enter_async_context(producer)
            acknowledge = acknowledged_by(producer, BARE_TOPIC)
        served = server(_application(Bare(pool, acknowledge)), "127.0.0.1", port, _CONNECTIONS)
        asyncio.get_running_loop().add_signal_handler(15, setattr, served, "should_exit", True)
        await served.serve()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2], sys.argv[3] if sys.argv[3:] else None))
