"""The embedded server with real processes: started, shared, killed, adopted, refused."""

import asyncio
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from services.local_postgres.keeping import kept_running
from services.local_postgres.postmaster import find_postmaster
from services.local_postgres.server import EmbeddedServer, EmbeddedServerError, ServerSettings
from tests.support.embedded import FAST, SMALL, ask, held_elsewhere, postmaster_of, wait_until
from tests.support.postgres import fresh_database, quick_directory, template_database

pytestmark = pytest.mark.postgres


@pytest.fixture
def home() -> Iterator[Path]:
    with quick_directory() as directory:
        yield directory


def test_a_restart_keeps_the_data(home: Path) -> None:
    with EmbeddedServer(home, SMALL) as server:
        ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer", "SELECT 1")
    assert find_postmaster(home / "cluster") is None
    with EmbeddedServer(home, SMALL) as server:
        assert ask(server.dsn, "SELECT answer FROM kept") == 42
    # In good order: there was nothing to recover, which could take as long as the log is.
    assert "automatic recovery in progress" not in (home / "postgres.log").read_text()


def test_acknowledged_means_durable_and_sorting_is_by_code_point(home: Path) -> None:
    with EmbeddedServer(home) as server:
        expected = {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "listen_addresses": "",
            "server_encoding": "UTF8",
            "jit": "off",
            "TimeZone": "UTC",
        }
        for name, value in expected.items():
            assert ask(server.dsn, f"SELECT current_setting('{name}')") == value
        letters = (
            "SELECT string_agg(x, '' ORDER BY x) FROM (VALUES ('b'), ('A'), ('乙'), ('a')) v(x)"
        )
        assert ask(server.dsn, letters) == "Aab乙"
        assert stat.S_IMODE((home / "run").stat().st_mode) == 0o700


def test_a_second_process_shares_the_server_and_cannot_end_it(home: Path) -> None:
    with EmbeddedServer(home, FAST) as server, held_elsewhere(home) as guest:
        assert guest.role() == "guest"
        guest.leave()
        assert server.owned
        assert ask(server.dsn, "SELECT 1") == 1


def test_of_rival_first_starts_one_owns_and_all_are_served(home: Path) -> None:
    with ExitStack() as stack:
        rivals = [stack.enter_context(held_elsewhere(home)) for _ in range(3)]
        assert sorted(rival.role() for rival in rivals) == ["guest", "guest", "owner"]


def test_a_killed_server_starts_again_with_everything_committed(home: Path) -> None:
    server = EmbeddedServer(home, SMALL)
    with server:
        ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer", "SELECT 1")
        postmaster_of(home).kill()
        assert ask(server.start(), "SELECT answer FROM kept") == 42
        postmaster_of(home).kill()
    with EmbeddedServer(home, SMALL) as successor:
        assert ask(successor.dsn, "SELECT answer FROM kept") == 42


async def test_a_killed_server_that_is_kept_running_is_said_to_have_ended_and_be_back(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.local_postgres.keeping._LOOK_EVERY_S", 0.05)
    with capture_logs() as said:
        async with kept_running(EmbeddedServer(home, FAST)):
            await asyncio.sleep(0.2)
            assert said == []
            postmaster_of(home).kill()
            await asyncio.to_thread(wait_until, lambda: len(said) > 1, 30)
            await asyncio.sleep(0.2)
    assert [line["event"] for line in said] == ["database_ended", "database_back"]


def test_a_killed_server_starts_again_while_its_sessions_still_work(home: Path) -> None:
    async def kill_under_load(server: EmbeddedServer) -> None:
        busy = await asyncpg.connect(server.dsn)
        work = asyncio.create_task(
            busy.fetchval("SELECT count(*) FROM generate_series(1, 20000000)")
        )
        await asyncio.sleep(0.3)
        postmaster_of(home).kill()
        await asyncio.to_thread(server.start)
        await asyncio.gather(work, return_exceptions=True)
        busy.terminate()

    with EmbeddedServer(home, SMALL) as server:
        asyncio.run(kill_under_load(server))
        assert ask(server.dsn, "SELECT 1") == 1


def test_an_old_process_id_given_to_another_process_does_not_block_the_start(home: Path) -> None:
    with EmbeddedServer(home, SMALL) as server:
        lines = (home / "cluster" / "postmaster.pid").read_text().splitlines()
        lock = (home / "run" / ".s.PGSQL.5432.lock").read_text().splitlines()
        owner = (home / "cluster").stat()
        postmaster_of(home).kill()
        account = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
        with subprocess.Popen(["sleep", "600"], **account) as stranger:  # type: ignore[call-overload]
            for path, content in (
                ("cluster/postmaster.pid", lines),
                ("run/.s.PGSQL.5432.lock", lock),
            ):
                (home / path).write_text("\n".join([str(stranger.pid), *content[1:]]) + "\n")
            assert ask(server.start(), "SELECT 1") == 1
            assert stranger.poll() is None
            stranger.kill()


def test_a_server_whose_owner_was_killed_is_adopted(home: Path) -> None:
    with held_elsewhere(home) as holder:
        assert holder.role() == "owner"
        orphan = postmaster_of(home)
        holder.process.kill()
        holder.process.wait()
        with EmbeddedServer(home, FAST) as server:
            assert server.owned
            assert postmaster_of(home).pid == orphan.pid
            assert ask(server.dsn, "SELECT 1") == 1
        assert find_postmaster(home / "cluster") is None


def test_an_orphan_with_other_settings_is_replaced(home: Path) -> None:
    with held_elsewhere(home, FAST) as holder:
        assert holder.role() == "owner"
        holder.process.kill()
        holder.process.wait()
        with EmbeddedServer(home, SMALL) as server:
            assert ask(server.dsn, "SELECT current_setting('fsync')") == "on"


def test_the_terminals_interrupt_does_not_reach_the_server(home: Path) -> None:
    with held_elsewhere(home) as holder:
        assert holder.role() == "owner"
        os.killpg(holder.process.pid, signal.SIGINT)
        holder.process.communicate()
        with EmbeddedServer(home, FAST) as server:
            log = (home / "postgres.log").read_text()
            assert "shutdown request" not in log
            assert ask(server.dsn, "SELECT 1") == 1


def test_a_cluster_half_made_is_made_again(home: Path) -> None:
    with held_elsewhere(home, SMALL) as holder:
        wait_until(lambda: any(home.glob("cluster.new-*/base")))
        holder.process.kill()
        holder.process.wait()
        assert not (home / "cluster").exists()
        with EmbeddedServer(home, SMALL) as server:
            assert ask(server.dsn, "SELECT 1") == 1
    with EmbeddedServer(home, SMALL) as server:
        assert ask(server.dsn, "SELECT 1") == 1


def test_a_path_too_long_for_a_socket_is_refused_with_the_remedy(home: Path) -> None:
    data_dir = home / ("x" * 100)
    with pytest.raises(EmbeddedServerError, match="TOUCHSTONE_DATA"):
        EmbeddedServer(data_dir).start()
    assert not data_dir.exists()


def test_a_path_with_space_and_percent_works(home: Path) -> None:
    with EmbeddedServer(home / "a b%20c", FAST) as server:
        assert ask(server.dsn, "SELECT 1") == 1


def test_a_cluster_of_another_version_is_refused(home: Path) -> None:
    with EmbeddedServer(home, FAST):
        pass
    (home / "cluster" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerError, match="written by PostgreSQL 17"):
        EmbeddedServer(home, FAST).start()


def test_a_failed_start_quotes_the_log_and_frees_the_directory(home: Path) -> None:
    server = EmbeddedServer(home, ServerSettings(fsync=False, max_connections=1))
    with pytest.raises(EmbeddedServerError, match=r"(?s)exit code.*max_connections"):
        server.start()
    assert not server.owned
    with EmbeddedServer(home, FAST) as successor:
        assert ask(successor.dsn, "SELECT 1") == 1


def test_a_long_log_is_put_aside(home: Path) -> None:
    (home / "postgres.log").write_bytes(b"x" * (10 * 1024 * 1024 + 1))
    with EmbeddedServer(home, FAST):
        assert (home / "postgres.log.1").stat().st_size > 10 * 1024 * 1024
        assert (home / "postgres.log").stat().st_size < 1024 * 1024


async def test_a_fresh_database_is_a_copy_of_its_template_and_leaves_nothing(
    postgres_server: str,
) -> None:
    async def prepare(dsn: str) -> None:
        connection = await asyncpg.connect(dsn)
        await connection.execute("CREATE TABLE prepared AS SELECT 7 AS answer")
        await connection.close()

    async with template_database(postgres_server, prepare) as template:
        async with fresh_database(postgres_server, template) as dsn:
            connection = await asyncpg.connect(dsn)
            assert await connection.fetchval("SELECT answer FROM prepared") == 7
            await connection.close()
        connection = await asyncpg.connect(postgres_server)
        names = await connection.fetch(
            "SELECT datname FROM pg_database WHERE datname LIKE 'test_%'"
        )
        await connection.close()
    assert template in {record["datname"] for record in names}
    assert dsn.split("?")[0].rsplit("/", 1)[1] not in {record["datname"] for record in names}


async def test_a_test_can_have_a_database_without_a_table(empty_database: str) -> None:
    connection = await asyncpg.connect(empty_database)
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert await connection.fetchval(tables) == 0
    await connection.close()
