"""`make run-kafka`: the whole platform over Kafka, with a broker of its own if none is named.

The broker is started again should it die, and whatever happens to this process, broker and
platform end with it: killed with -9, it leaves nothing that is in the way of the next start.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.kafka import jars
from deploy.kafka.broker import BrokerFailed, LocalCluster
from services.errors import UsageError
from services.hosts.only_run import only_run_of
from services.hosts.supervision import SUPERVISED
from services.interruption import heed_signals
from services.settings import default_data_dir

_HOST = "127.0.0.1"
_PORTS = (9092, 9093)
_LOOK_EVERY_S = 1.0
_LONGEST_PAUSE_S = 30.0
_INTERRUPTED = 130


def main(words: Sequence[str]) -> int:
    """Run `touchstone run` with these words until Ctrl-C; return its exit code."""
    heed_signals()
    environment = dict(os.environ)
    if environment.get("TOUCHSTONE_KAFKA"):
        return run_platform(_run(words), environment)
    given = environment.get("TOUCHSTONE_DATA")
    # Not the data of `make run`: those events lie in PostgreSQL.
    ours = default_data_dir().with_name(f"{default_data_dir().name}-kafka")
    data = Path(given) if given else ours
    try:
        with only_run_of(data):
            pass  # the platform will hold it; one that does already has the ports, too
        jars.fetch()
        _check_ports()
        with LocalCluster((data / "kafka").resolve(), 1, _PORTS) as cluster:
            environment |= {"TOUCHSTONE_KAFKA": cluster.bootstrap, "TOUCHSTONE_DATA": str(data)}
            return run_platform(_run(words), environment, cluster)
    except (BrokerFailed, jars.JarsMissing) as error:
        print(error, file=sys.stderr)
        return 1
    except UsageError as error:
        print(f"touchstone: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED  # before the platform ran; the broker ends with this process


def _run(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "services", "run", *words]


def run_platform(
    command: Sequence[str], environment: Mapping[str, str], cluster: LocalCluster | None = None
) -> int:
    """Run a command of the platform to its end, and the brokers as long; return its exit code.

    SIGINT and SIGTERM end it politely. Its standard input is a pipe that closes with this process.
    """
    supervised = {**environment, SUPERVISED: "1"}
    with subprocess.Popen(command, env=supervised, stdin=subprocess.PIPE) as platform:
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, lambda *_: platform.terminate())
        pause_s, again_at = _LOOK_EVERY_S, 0.0
        while True:
            try:
                return platform.wait(_LOOK_EVERY_S)
            except subprocess.TimeoutExpired:
                pass
            if cluster is None or time.monotonic() < again_at:
                continue
            pause_s = _LOOK_EVERY_S if _revived(cluster) else min(2 * pause_s, _LONGEST_PAUSE_S)
            again_at = time.monotonic() + pause_s


def _revived(cluster: LocalCluster) -> bool:
    """Start the brokers that ended; return whether all run, and say so if one does not."""
    ended = [node for node in cluster.nodes if not cluster.running(node)]
    try:
        if ended:
            print(f"the Kafka broker has ended and is started again: {cluster.home}", flush=True)
            cluster.start()
            print("the Kafka broker is back", flush=True)
    except BrokerFailed as error:
        print(error, file=sys.stderr, flush=True)
        return False
    return True


def _check_ports() -> None:
    """Raises: BrokerFailed, where somebody listens on a broker's port."""
    for port in _PORTS:
        with socket.socket() as probe:
            if probe.connect_ex((_HOST, port)) == 0:
                raise BrokerFailed(
                    f"{_HOST}:{port} is in use. If that is a Kafka to work with, set "
                    f"TOUCHSTONE_KAFKA={_HOST}:{_PORTS[0]}; else end what listens there."
                )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
