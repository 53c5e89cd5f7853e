"""A real Kafka on this machine: one broker for work, three for tests of faults.

Every broker is a process of its own on loopback ports, also a controller (KRaft), with a small
heap and its data and log in the cluster's folder. Clients may not create topics by accident.
"""

from __future__ import annotations

import argparse
import base64
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from deploy.kafka import jars
from deploy.kafka.security import OPEN, SECURED, Security

_HOST = "127.0.0.1"
_PORTS = range(15_000, 32_000)
_UP = "Kafka Server started"
_JAVA = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_TOOL = ("-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_OLDEST_JAVA = 17
_STOP_PATIENCE_S = 20.0

_PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners={protocol}://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners={protocol}://{host}:{advertised}
inter.broker.listener.name={protocol}
listener.security.protocol.map={protocol}:{protocol},CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
unclean.leader.election.enable=false
default.replication.factor={copies}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=12
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync}
group.initial.rebalance.delay.ms={gather_ms}
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=4000
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=8388608
"""


class BrokerFailed(Exception):
    """A broker did not start, or something it needs is missing."""


def missing() -> str | None:
    """Return what this machine lacks to run a broker, as a sentence, or nothing."""
    java = shutil.which("java")
    if java is None:
        return f"no Java: install a Java runtime, {_OLDEST_JAVA} or newer"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = said.partition('"')[2].partition(".")[0]
    if not version.isdigit() or int(version) < _OLDEST_JAVA:
        return f"Java {version or '(unknown)'} is too old for Kafka: install {_OLDEST_JAVA}"
    if not jars.present():
        return "no Kafka: fetch its jars with `python -m deploy.kafka.jars fetch`"
    return None


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses just now, from below those that outgoing connections take."""
    found: list[int] = []
    while len(found) < count:
        port = random.choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


class LocalCluster:
    """One or more brokers whose data stays in `home` until it is wiped; a context manager.

    Nodes are numbered from 1. `ports` are a client port and then a controller port per node;
    the same ports must be given whenever the same folder is used. `advertised` are the ports
    that clients are told to use, where something listens in front of the brokers. With
    `security` clients must speak TLS and log in. A new group waits `gather_ms` for members.
    """

    def __init__(
        self,
        home: Path,
        brokers: int = 1,
        ports: Sequence[int] | None = None,
        advertised: Sequence[int] | None = None,
        security: Security | None = None,
        gather_ms: int = 0,
    ) -> None:
        self.home = home
        self._gather_ms = gather_ms
        self._security = security
        self.nodes = range(1, brokers + 1)
        self._ports = ports or free_ports(2 * brokers)
        self._advertised = advertised or self._ports[::2]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def bootstrap(self) -> str:
        """Return the addresses that clients start from."""
        return ",".join(f"{_HOST}:{self._advertised[node - 1]}" for node in self.nodes)

    def __enter__(self) -> Self:
        """Start every broker."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop every broker."""
        self.stop()

    def start(self, within_s: float = 120.0) -> None:
        """Start the brokers that do not run, and return once all are up.

        They end with the thread that calls this. Raises: BrokerFailed.
        """
        if lack := missing():
            raise BrokerFailed(lack)
        started = [node for node in self.nodes if not self.running(node)]
        try:
            for node in started:
                self._format(node)
                self._launch(node)
            deadline = time.monotonic() + within_s
            for node in started:
                self._wait_until_up(node, deadline)
        except BrokerFailed:
            self.stop()
            raise

    def stop(self) -> None:
        """Ask every broker to end, and kill those that do not in time."""
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + _STOP_PATIENCE_S
        for process in self._processes.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def kill(self, node: int) -> None:
        """Kill a broker at once, as a crash would; `start` brings it back."""
        process = self._processes.pop(node)
        process.kill()
        process.wait()

    def running(self, node: int) -> bool:
        """Return whether a broker's process runs."""
        process = self._processes.get(node)
        return process is not None and process.poll() is None

    def pid(self, node: int) -> int:
        """Return the process id of a running broker."""
        return self._processes[node].pid

    def wipe(self) -> None:
        """Stop, and delete every topic and setting."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def _port(self, node: int) -> int:
        return self._ports[2 * (node - 1)]

    def _controller_port(self, node: int) -> int:
        return self._ports[2 * (node - 1) + 1]

    def _folder(self, node: int) -> Path:
        return self.home / f"node-{node}"

    def _log(self, node: int) -> Path:
        return self.home / f"node-{node}.log"

    def _cluster_id(self) -> str:
        """Return the cluster's id, made once: a UUID in base64."""
        kept = self.home / "cluster-id"
        if not kept.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            encoded = base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
            kept.write_text(encoded.replace("-", "A"), "ascii")  # a leading "-" is an option
        return kept.read_text("ascii")

    def _format(self, node: int) -> None:
        """Write a node's settings, and format its storage once."""
        copies = len(self.nodes)
        properties = self.home / f"node-{node}.properties"
        cluster_id = self._cluster_id()
        voters = [f"{n}@{_HOST}:{self._controller_port(n)}" for n in self.nodes]
        secured = self._security
        settings = _PROPERTIES.format(
            node=node,
            protocol=SECURED if secured else OPEN,
            host=_HOST,
            port=self._port(node),
            advertised=self._advertised[node - 1],
            controller_port=self._controller_port(node),
            voters=",".join(voters),
            data=self._folder(node),
            gather_ms=self._gather_ms,
            copies=copies,
            in_sync=max(1, copies - 1),
        )
        properties.write_text(settings + (secured.properties() if secured else ""), "utf-8")
        if (self._folder(node) / "meta.properties").exists():
            return
        command = self._java(_TOOL, "kafka.tools.StorageTool", "format", "--ignore-formatted")
        command += ["--cluster-id", cluster_id, "--config", str(properties)]
        command += secured.storage_options() if secured else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BrokerFailed(f"the storage of node {node} cannot be formatted: {done.stderr}")

    def _launch(self, node: int) -> None:
        command = self._java(_JAVA, "kafka.Kafka", str(self.home / f"node-{node}.properties"))
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with self._log(node).open("wb") as log:
            # A session of its own: Ctrl-C in the terminal reaches the parent alone.
            self._processes[node] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _wait_until_up(self, node: int, deadline: float) -> None:
        while _UP not in self._log(node).read_text("utf-8", "replace"):
            if not self.running(node) or time.monotonic() > deadline:
                tail = "\n".join(self._log(node).read_text("utf-8", "replace").splitlines()[-15:])
                raise BrokerFailed(f"node {node} did not start; {self._log(node)} ends:\n{tail}")
            time.sleep(0.05)

    @staticmethod
    def _java(options: Sequence[str], *words: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile=file:{jars.FOLDER / 'log4j2.properties'}"
        return ["java", *options, logging, "-cp", f"{jars.JARS}/*", *words]


def main(arguments: Sequence[str]) -> int:
    """Run a cluster until Ctrl-C; exit code 1 if it cannot start or a broker ends."""
    parser = argparse.ArgumentParser(description="Run Kafka on this machine until Ctrl-C.")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--port", type=int, default=9092, help="the first of two per broker")
    parser.add_argument("--home", type=Path, help="where its data stays")
    parser.add_argument("--wipe", action="store_true", help="start with no data")
    given = parser.parse_args(arguments)
    home: Path = given.home or jars.FOLDER / "data" / f"brokers-{given.brokers}"
    ports = range(given.port, given.port + 2 * given.brokers)
    cluster = LocalCluster(home.resolve(), given.brokers, ports)
    if given.wipe:
        cluster.wipe()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        jars.fetch()
        with cluster:
            print(f"Kafka is up: TOUCHSTONE_KAFKA={cluster.bootstrap}", flush=True)
            while not stopped.wait(1.0):
                if not all(cluster.running(node) for node in cluster.nodes):
                    raise BrokerFailed(f"a broker ended; its log is in {cluster.home}")
    except (BrokerFailed, jars.JarsMissing) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
