"""A database that is away is told as Unavailable, by whichever error it is noticed; no other is."""

import asyncpg
import pytest

from services.errors import Unavailable
from services.postgres.pool import translated

BUSY = "cannot perform operation: another operation is in progress"


def lose_in_a_copy() -> None:
    """Lose the server in a COPY: rolling back then complains of the COPY."""
    try:
        raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle")
    except asyncpg.PostgresConnectionError:
        raise asyncpg.InterfaceError(BUSY)  # noqa: B904 - as asyncpg does it


def test_what_a_lost_connection_leads_to_is_a_database_that_is_away() -> None:
    with pytest.raises(Unavailable, match="in the middle"), translated():
        lose_in_a_copy()


def test_a_connection_that_is_used_twice_at_once_is_a_fault_of_ours() -> None:
    with pytest.raises(asyncpg.InterfaceError, match="another operation"), translated():
        raise asyncpg.InterfaceError(BUSY)
