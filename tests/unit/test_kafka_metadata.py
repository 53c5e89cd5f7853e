"""What a cluster says of itself is believed only where somebody there is ready to work."""

from types import SimpleNamespace

import pytest
from aiokafka.errors import BrokerNotAvailableError

from services.log.kafka.metadata import ask_metadata


class WokenUp:
    """A broker that slept, and that its controller has not let in again: it knows nobody."""

    def get_random_node(self) -> int:
        return 1

    async def send(self, _node: int, _question: object) -> SimpleNamespace:
        return SimpleNamespace(cluster_id="x", brokers=[], topics=[])


async def test_a_cluster_of_no_brokers_is_away() -> None:
    with pytest.raises(BrokerNotAvailableError, match="no broker is ready"):
        await ask_metadata(WokenUp(), ["touchpoints.g1"])
