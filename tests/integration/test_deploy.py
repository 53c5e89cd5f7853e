"""What is shipped to run the platform with is valid, and what it runs runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.kafka.broker import free_ports
from services.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
PROGRAM = "/opt/touchstone/bin/touchstone"
VARIABLES = {f"TOUCHSTONE_{name.upper()}" for name in Settings.model_fields}
PORTS = {"gateway": 8421, "console": 8420, "worker": 8422}

Document = dict[str, Any]


def _objects() -> Iterator[Document]:
    for path in MANIFESTS:
        if path.name != "kustomization.yaml":
            yield from yaml.safe_load_all(path.read_text())


def _of_kind(kind: str) -> dict[str, Document]:
    found = [one for one in _objects() if one["kind"] == kind]
    return {one["metadata"]["name"]: one for one in found}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_a_manifest_is_what_kubernetes_takes(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        if document["kind"] != "Kustomization":
            kubernetes_validate.validate(document, "1.37", strict=True)


def test_a_manifest_with_a_slip_is_refused() -> None:
    [job] = _of_kind("Job").values()
    job["spec"]["template"]["spec"]["container"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, "1.37", strict=True)


def test_every_manifest_is_in_the_kustomization() -> None:
    listed = yaml.safe_load((DEPLOY / "kubernetes/kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == [p.name for p in MANIFESTS if p.name != "kustomization.yaml"]


@pytest.mark.parametrize("name", PORTS)
def test_pods_scale_out_are_probed_and_hold_no_secret(name: str) -> None:
    spec = _of_kind("Deployment")[f"touchstone-{name}"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["replicas"] >= 2
    assert spec["selector"]["matchLabels"] == labels
    budget = _of_kind("PodDisruptionBudget")[f"touchstone-{name}"]["spec"]
    assert budget["selector"]["matchLabels"] == labels
    if name != "worker":
        service = _of_kind("Service")[f"touchstone-{name}"]["spec"]
        assert service["selector"] == labels
    [container] = spec["template"]["spec"]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": PORTS[name]}]
    probes = {probe: container[f"{probe}Probe"]["httpGet"] for probe in ("liveness", "readiness")}
    assert probes["liveness"] == {"path": "/livez", "port": "http"}
    assert probes["readiness"] == {"path": "/readyz", "port": "http"}
    assert all("secretKeyRef" in one["valueFrom"] for one in container["env"])
    assert not container["image"].endswith(":latest")


def test_only_settings_that_exist_are_set() -> None:
    config = _of_kind("ConfigMap")["touchstone"]["data"]
    compose = yaml.safe_load((DEPLOY / "compose.platform.yml").read_text())
    named = {*config, *compose["x-platform"]["environment"]}
    for path in (DEPLOY / "systemd").iterdir():
        named |= set(re.findall(r"TOUCHSTONE_\w+", path.read_text()))
    assert named - VARIABLES == set()


@pytest.mark.parametrize("name", ["compose.yml", "compose.platform.yml"])
def test_a_compose_file_is_one(name: str) -> None:
    words = ["check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(DEPLOY / name)]
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_what_compose_and_kubernetes_run_are_commands() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.platform.yml").read_text())["services"]
    lines = {tuple(one["command"]) for one in compose.values() if "command" in one}
    for one in (*_of_kind("Deployment").values(), *_of_kind("Job").values()):
        [container] = one["spec"]["template"]["spec"]["containers"]
        lines.add(tuple(container["args"]))
    units = {tuple(line.split()[-1:]) for line in map(_exec_start, UNITS)}
    assert lines == {("serve", "gateway"), ("serve", "console"), ("project",), ("upgrade",)}
    assert units == {("gateway",), ("console",), ("project",), ("upgrade",), ("work",)}


def _exec_start(unit: Path) -> str:
    [line] = re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)
    return str(line)


@pytest.mark.systemd
def test_units_are_what_systemd_takes(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("no systemd-analyze: install the package systemd")
    for path in (DEPLOY / "systemd").iterdir():
        text = path.read_text().replace(PROGRAM, sys.executable)
        (tmp_path / path.name).write_text(text)
    names = [str(tmp_path / path.name) for path in (*UNITS, DEPLOY / "systemd/touchstone.target")]
    names = [name.replace("@.", "@1.") for name in names]
    done = subprocess.run([verify, "verify", *names], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "touchstone" in line]
    assert (done.returncode, ours) == (0, [])


def _lives(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a port answers that its process lives."""
    while True:
        assert process.poll() is None, "the process has ended"
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/livez")
            assert connection.getresponse().read() == b'{"alive":true}'
            connection.close()
        except OSError:
            time.sleep(0.1)
        else:
            return


@pytest.mark.postgres
@pytest.mark.timeout(180)
def test_what_the_units_run_lives_and_ends_when_told(database: str, tmp_path: Path) -> None:
    given = dict(
        line.split("=", 1)
        for line in (DEPLOY / "systemd/touchstone.env").read_text().splitlines()
        if line and not line.startswith("#")
    )
    ports = dict(zip(("console", "gateway", "worker"), free_ports(3), strict=True))
    changed = {f"TOUCHSTONE_{name.upper()}_PORT": str(port) for name, port in ports.items()}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOUCHSTONE_")}
    environment |= given | changed | {"TOUCHSTONE_DSN": database, "TOUCHSTONE_DATA": str(tmp_path)}

    def started(unit: str) -> subprocess.Popen[bytes]:
        line = _exec_start(DEPLOY / f"systemd/touchstone-{unit}.service")
        words = [
            word
            for part in shlex.split(line)
            for word in ([sys.executable, "-m", "services"] if part == PROGRAM else [part])
        ]
        return subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL)

    assert started("upgrade").wait() == 0
    running = {unit: started(unit) for unit in ("gateway", "console", "projector")}
    try:
        for unit, process in running.items():
            _lives(ports.get(unit, ports["worker"]), process)
            process.send_signal(signal.SIGTERM)
        assert {unit: process.wait(30) for unit, process in running.items()} == dict.fromkeys(
            running, 0
        )
    finally:
        for process in running.values():
            process.kill()
            process.wait()
