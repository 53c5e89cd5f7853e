"""Alert rules and the dashboard, tried on a real Prometheus that scrapes a running platform."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from deploy.observability.dashboard import DASHBOARD, dashboard
from services.hosts.project import Projector
from services.hosts.serving import server
from tests.support.gateway import payment_event
from tests.support.operated import Asked, asked_platform

ROOT = Path(__file__).parents[2]
HERE = DASHBOARD.parent
RULES = yaml.safe_load((HERE / "alerts.yml").read_text())["groups"][0]["rules"]
_NAME = re.compile(r"\b(?:touchstone|process)_\w+|\bup\b")


def _expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_the_dashboard_is_the_one_that_is_made() -> None:
    assert DASHBOARD.read_text() == dashboard(), "run `python -m deploy.observability.dashboard`"


def test_every_rule_has_a_section_that_says_what_to_do() -> None:
    text = (ROOT / "docs/howto/operate.md").read_text()
    sections = set(re.findall(r"^### (\w+)$", text, re.MULTILINE))
    assert sections == {rule["alert"] for rule in RULES}
    for rule in RULES:
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert (page, anchor) == ("docs/howto/operate.md", rule["alert"].lower())


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("no promtool: install the package prometheus")
    return found


@pytest.mark.prometheus
@pytest.mark.parametrize(
    "words",
    [("check", "config", "prometheus.yml"), ("test", "rules", "alerts_test.yml")],
    ids=" ".join,
)
def test_rules_call_when_they_must_and_only_then(promtool: str, words: tuple[str, ...]) -> None:
    done = subprocess.run([promtool, *words], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_rule_is_tried_both_ways() -> None:
    tests = yaml.safe_load((HERE / "alerts_test.yml").read_text())["tests"]
    for case in tests:
        tried = {one["alertname"]: one.get("exp_alerts", []) for one in case["alert_rule_test"]}
        assert tried.keys() == {rule["alert"] for rule in RULES}
        assert {bool(alerts) for alerts in tried.values()} == {case["name"] == "nothing is well"}


@asynccontextmanager
async def _prometheus(folder: Path, target: int) -> AsyncIterator[httpx2.AsyncClient]:
    """Run Prometheus on our rules, scraping one port each second."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("no Prometheus: install the package prometheus")
    config = yaml.safe_load((HERE / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(HERE / "alerts.yml")]
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{target}"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    running = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1") as client:
            yield client
    finally:
        running.terminate()
        await running.wait()


async def _until_scraped(prometheus: httpx2.AsyncClient, times: int) -> None:
    while True:
        try:
            found = await prometheus.get("/query", params={"query": "count_over_time(up[1m])"})
            result = found.json()["data"]["result"]
            if result and int(result[0]["value"][1]) >= times:
                return
        except (httpx2.TransportError, KeyError):
            pass
        await asyncio.sleep(0.2)


@pytest.mark.postgres
@pytest.mark.prometheus
@pytest.mark.timeout(120)
async def test_a_real_prometheus_answers_every_panel_and_rule(
    database: str, tmp_path: Path
) -> None:
    async with asked_platform(database, tmp_path) as asked:
        await asked.publish(payment_event(1), payment_event(2, data={}))
        await Projector(asked.platform).catch_up()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            served = server(asked.app, "127.0.0.1", 0, 10)
            serving = asyncio.create_task(served.serve([listener]))
            port = listener.getsockname()[1]
            async with _prometheus(tmp_path, port) as prometheus:
                await _until_scraped(prometheus, 3)
                await _names_are_told(asked)
                await _rules_hold(prometheus)
                await _panels_show(prometheus)
            served.should_exit = True
            await serving


async def _names_are_told(asked: Asked) -> None:
    """Every figure that a panel or a rule names is in a scrape, by its family."""
    text = (await asked.client.get("/metrics")).text
    told = {"up"}
    for family in text_string_to_metric_families(text):
        ends = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
        told |= {family.name + end for end in ends.get(family.type, [""])}
    told |= {"touchstone_disk_free_bytes", "touchstone_disk_size_bytes"}  # of an embedded database
    named = {
        name
        for expression in [*_expressions(), *(rule["expr"] for rule in RULES)]
        for name in _NAME.findall(expression)
    }
    assert named - told == set()


async def _rules_hold(prometheus: httpx2.AsyncClient) -> None:
    groups = (await prometheus.get("/rules")).json()["data"]["groups"]
    loaded = {rule["name"]: rule for group in groups for rule in group["rules"]}
    assert loaded.keys() == {rule["alert"] for rule in RULES}
    assert {rule["health"] for rule in loaded.values()} <= {"ok", "unknown"}
    assert not any("lastError" in rule for rule in loaded.values())
    for rule in RULES:
        answer = await prometheus.get("/query", params={"query": rule["expr"]})
        assert answer.json()["status"] == "success", rule["alert"]


async def _panels_show(prometheus: httpx2.AsyncClient) -> None:
    """Every panel shows a line, but those of what has not happened here."""
    empty = set()
    for expression in _expressions():
        answer = (await prometheus.get("/query", params={"query": expression})).json()
        assert answer["status"] == "success", expression
        if not answer["data"]["result"]:
            empty |= set(_NAME.findall(expression))
    assert empty <= {"touchstone_commands_total", "touchstone_alerts_raised_total"}
