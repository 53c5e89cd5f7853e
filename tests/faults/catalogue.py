"""Every fault there is, in the order in which they are run."""

from __future__ import annotations

from tests.faults.matrix import Fault
from tests.faults.worker_kills import kill_workers

FAULTS = (
    Fault("kill-worker", "kafka", kill_workers),
)
