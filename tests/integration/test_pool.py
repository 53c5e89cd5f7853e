"""A database that cannot be used is refused in words, and none of them is a password."""

from urllib.parse import urlsplit, urlunsplit

import pytest

from services.errors import UsageError
from services.postgres.pool import open_pool


@pytest.mark.parametrize(
    "dsn", ["garbage", "postgresql://u:sec/ret@127.0.0.1/x", "postgresql://u@127.0.0.1:port/x"]
)
async def test_what_is_no_address_is_wrong_usage(dsn: str) -> None:
    with pytest.raises(UsageError, match="TOUCHSTONE_DSN") as refused:
        await open_pool(dsn)
    assert "sec" not in str(refused.value)


@pytest.mark.postgres
async def test_a_database_that_is_not_there_is_wrong_usage(database: str) -> None:
    elsewhere = urlunsplit(urlsplit(database)._replace(path="/nowhere"))
    with pytest.raises(UsageError, match="nowhere"):
        await open_pool(elsewhere)
