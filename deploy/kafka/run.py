"""`make run-kafka`: the whole platform over Kafka, with a broker of its own if none is named."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.kafka import jars
from deploy.kafka.broker import BrokerFailed, LocalCluster
from services.embedded.server import default_data_dir

_HOST = "127.0.0.1"
_PORTS = (9092, 9093)


def main(words: Sequence[str]) -> int:
    """Run `touchstone run` with these words until Ctrl-C; return its exit code."""
    environment = dict(os.environ)
    if environment.get("TOUCHSTONE_KAFKA"):
        return _platform(words, environment)
    given = environment.get("TOUCHSTONE_DATA")
    # Not the data of `make run`: those events lie in PostgreSQL.
    ours = default_data_dir().with_name(f"{default_data_dir().name}-kafka")
    data = Path(given) if given else ours
    try:
        jars.fetch()
        _check_ports()
        data.mkdir(parents=True, exist_ok=True)
        with LocalCluster((data / "kafka").resolve(), 1, _PORTS) as cluster:
            environment |= {"TOUCHSTONE_KAFKA": cluster.bootstrap, "TOUCHSTONE_DATA": str(data)}
            return _platform(words, environment)
    except (BrokerFailed, jars.JarsMissing) as error:
        print(error, file=sys.stderr)
        return 1


def _platform(words: Sequence[str], environment: dict[str, str]) -> int:
    """Run the platform to its end; who ends this process ends it."""
    command = [sys.executable, "-m", "services", "run", *words]
    with subprocess.Popen(command, env=environment) as platform:
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, lambda *_: platform.terminate())
        return platform.wait()


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
