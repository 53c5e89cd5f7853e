"""Every fault there is, in the order in which they are run."""

from __future__ import annotations

from functools import partial

from tests.faults.broker_faults import cut_network, fill_disk, kill_brokers
from tests.faults.command_kills import kill_commanding
from tests.faults.database_faults import (
    fill_disk_of_run,
    kill_database_under_run,
    kill_database_under_workers,
)
from tests.faults.gateway_kills import kill_gateways
from tests.faults.kills import kill_everything
from tests.faults.matrix import Fault
from tests.faults.membership import churn, freeze_workers
from tests.faults.poison import poison_topics, spoil_events_of_run
from tests.faults.releases import change_schema_of_run, change_schema_over_kafka
from tests.faults.stream_faults import backlog, repeats
from tests.faults.worker_kills import kill_workers

FAULTS = (
    Fault("kill-everything", "embedded", kill_everything),
    Fault("kill-worker", "kafka", kill_workers),
    Fault("kill-gateway", "kafka", kill_gateways),
    Fault("kill-commanding", "embedded", partial(kill_commanding, mode="embedded")),
    Fault("kill-commanding", "kafka", partial(kill_commanding, mode="kafka")),
    Fault("kill-broker", "kafka", kill_brokers),
    Fault("kill-postgres", "kafka", kill_database_under_workers),
    Fault("kill-postgres", "embedded", kill_database_under_run),
    Fault("frozen-worker", "kafka", freeze_workers),
    Fault("backlog", "kafka", partial(backlog, mode="kafka")),
    Fault("backlog", "embedded", partial(backlog, mode="embedded")),
    Fault("churn", "kafka", churn),
    Fault("cut-network", "kafka", cut_network),
    Fault("repeats", "kafka", partial(repeats, mode="kafka")),
    Fault("repeats", "embedded", partial(repeats, mode="embedded")),
    Fault("poison", "kafka", poison_topics),
    Fault("poison", "embedded", spoil_events_of_run),
    Fault("schema-change", "kafka", change_schema_over_kafka),
    Fault("schema-change", "embedded", change_schema_of_run),
    Fault("disk-full", "kafka", fill_disk),
    Fault("disk-full", "embedded", fill_disk_of_run),
)
