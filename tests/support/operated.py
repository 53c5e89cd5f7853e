"""A platform with a branch's key and what operators ask of it, over an in-process transport."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from services.gateway.http import create_gateway
from services.hosts.bootstrap import open_platform, room_of
from services.intake.keys import Keys
from services.operating.door import Operated
from services.platform import Platform
from services.settings import Settings, networks
from tests.support.gateway import BATCH, BRANCH, ONE, Json

Figures = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass(frozen=True)
class Asked:
    """The gateway of a platform, asked over HTTP."""

    platform: Platform
    app: Operated
    client: httpx2.AsyncClient
    settings: Settings

    async def publish(self, *events: Json) -> list[str]:
        """Publish a batch and return what became of each event."""
        answer = await self.client.post(
            "/api/v1/events", json=list(events), headers={"content-type": BATCH}
        )
        assert answer.status_code == 200, answer.text
        return [one["status"] for one in answer.json()["results"]]

    async def publish_one(self, event: Json, **headers: str) -> httpx2.Response:
        """Publish an event alone."""
        given = {"content-type": ONE} | headers
        return await self.client.post("/api/v1/events", json=event, headers=given)

    async def figures(self) -> Figures:
        """Return what /metrics tells, by name and labels."""
        return parsed((await self.client.get("/metrics")).text)

    def from_elsewhere(self, address: str) -> httpx2.AsyncClient:
        """Return a client at another address."""
        transport = httpx2.ASGITransport(app=self.app, client=(address, 4711))
        return httpx2.AsyncClient(transport=transport, base_url="http://gateway")


def parsed(text: str) -> Figures:
    """Return the samples of a scrape."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(figures: Figures, name: str, **labels: str) -> float:
    """Return one figure, nought where it is not told."""
    return figures.get((name, frozenset(labels.items())), 0.0)


@asynccontextmanager
async def asked_platform(
    where: str | Settings, data: Path = Path(), *, metrics_from: str = "", projects: bool = False
) -> AsyncIterator[Asked]:
    """Yield a gateway with operators' addresses in front, on a database made ready."""
    settings = where
    if isinstance(settings, str):
        settings = Settings(dsn=settings, data=data, metrics_from=metrics_from)
    async with open_platform(settings) as platform:
        _, token = await Keys(platform.pool, platform.clock).create(BRANCH)
        room = room_of(settings)
        app = Operated(
            create_gateway(platform),
            platform,
            room,
            networks(metrics_from),
            projects=projects,
            logs_requests=settings.log_requests,
        )
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://gateway", headers=headers
        ) as client:
            yield Asked(platform, app, client, settings)
