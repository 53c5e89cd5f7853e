"""The embedded server has room for whoever connects to it."""

import pytest

from services.local_postgres.server_settings import ServerSettings


@pytest.mark.parametrize("cores", [1, 2, 64, 256])
def test_a_walk_on_all_cores_leaves_the_services_their_connections(
    cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    children, services, reserved = 2 * cores, 5 * 10, 3
    assert ServerSettings().max_connections >= children + services + reserved
