"""The embedded server with real processes: started, shared, killed, adopted, refused."""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from services.embedded import programs
from services.embedded.postmaster import find_postmaster
from services.embedded.server import EmbeddedServer, EmbeddedServerError, ServerSettings
from tests.support.postgres import fresh_database, template_database

pytestmark = pytest.mark.postgres

REPOSITORY = Path(__file__).resolve().parents[2]
SMALL = ServerSettings(shared_buffers_mb=16, max_connections=10)
FAST = ServerSettings(fsync=False, shared_buffers_mb=16, max_connections=10)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the data to an account")

# Starts a server, says so, and holds it until its standard input ends.
HOLDER = """
import sys
from pathlib import Path
from services.embedded.server import EmbeddedServer, ServerSettings
home, fsync = Path(sys.argv[1]), sys.argv[2] == "True"
server = EmbeddedServer(home, ServerSettings(fsync, shared_buffers_mb=16, max_connections=10))
server.start()
print("owner" if server.owned else "guest", flush=True)
sys.stdin.read()
server.stop()
"""

# What an ordinary user's first start does, everything by default. The interpreter is loaded as
# root, whose Python may be closed to others, and then gives up being root for good.
NEWCOMER = """
import os, sys
from pathlib import Path
from services.embedded import programs
from services.embedded.server import EmbeddedServer, ServerSettings, default_data_dir
uid, gid, package = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
programs.package_directory = lambda: package
os.setgroups([])
os.setgid(gid)
os.setuid(uid)
with EmbeddedServer(default_data_dir(), ServerSettings(fsync=False)) as server:
    print(server.dsn)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A data directory that every account can reach, which pytest's own is not for root."""
    with tempfile.TemporaryDirectory(prefix="touchstone-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def held_elsewhere(home: Path, settings: ServerSettings = FAST) -> Iterator["Holder"]:
    """Run another process that starts the server, and end it with whatever it left behind."""
    holder = Holder(home, settings)
    try:
        yield holder
    finally:
        holder.process.kill()
        holder.process.communicate()
        left_behind = find_postmaster(home / "cluster")
        if left_behind is not None:
            left_behind.kill()
            wait_until(lambda: find_postmaster(home / "cluster") is None)


class Holder:
    """Another process with an EmbeddedServer."""

    def __init__(self, home: Path, settings: ServerSettings) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(home), str(settings.fsync)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            start_new_session=True,
            text=True,
        )

    def role(self) -> str:
        """Wait until the server answers and return `owner` or `guest`."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        """Let the process stop its server and end."""
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0


def wait_until(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def ask(dsn: str, *statements: str) -> object:
    """Execute the statements and return the value that the last one selects."""

    async def session() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            value: object = await connection.fetchval(statements[-1])
            return value
        finally:
            await connection.close()

    return asyncio.run(session())


def postmaster_of(home: Path) -> psutil.Process:
    process = find_postmaster(home / "cluster")
    assert process is not None
    return process


def modes(paths: list[Path]) -> list[tuple[int, int, int]]:
    return [(s.st_mode, s.st_uid, s.st_gid) for s in (path.stat() for path in paths)]


def readable_package(site: Path) -> Path:
    """Copy the wheel's programs below a directory, as pip would lay them out, and return them."""
    package = programs.package_directory()
    for name in (f"{package.name}/pginstall18", f"{package.name}.libs"):
        shutil.copytree(
            package.parent / name, site / name, ignore=shutil.ignore_patterns("include", "*.a")
        )
    return site / package.name


def test_a_restart_keeps_the_data(home: Path) -> None:
    with EmbeddedServer(home, SMALL) as server:
        ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer", "SELECT 1")
    assert find_postmaster(home / "cluster") is None
    began = time.monotonic()
    with EmbeddedServer(home, SMALL) as server:
        assert time.monotonic() - began < 2.0
        assert ask(server.dsn, "SELECT answer FROM kept") == 42


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


@as_root
def test_root_runs_the_server_as_an_account_and_changes_nothing_above(home: Path) -> None:
    data_dir = home / "data"
    home.chmod(0o755)
    before = modes(list(data_dir.parents))
    with EmbeddedServer(data_dir, FAST):
        assert postmaster_of(data_dir).uids().real != 0
        assert stat.S_IMODE(data_dir.stat().st_mode) & 0o007 == 0
    assert modes(list(data_dir.parents)) == before


@as_root
def test_root_is_told_when_the_account_cannot_reach_the_directory(home: Path) -> None:
    home.chmod(0o700)
    with pytest.raises(EmbeddedServerError, match="TOUCHSTONE_DATA"):
        EmbeddedServer(home / "data", FAST).start()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@as_root
def test_programs_that_the_account_cannot_read_are_copied(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    package = readable_package(private)
    monkeypatch.setattr(programs, "package_directory", lambda: package)
    with EmbeddedServer(home, FAST) as server:
        assert str(home) in postmaster_of(home).cmdline()[0]
        assert ask(server.dsn, "SELECT 1") == 1
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


@as_root
def test_an_ordinary_user_gets_a_server_in_the_home_directory_alone(home: Path) -> None:
    user = pwd.getpwnam("nobody")
    package = readable_package(home / "site-packages")
    own = home / "own"
    own.mkdir()
    os.chown(own, user.pw_uid, user.pw_gid)
    before = modes([home, *home.parents])
    done = subprocess.run(
        [sys.executable, "-c", NEWCOMER, str(user.pw_uid), str(user.pw_gid), str(package)],
        env={"HOME": str(own), "PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    data_dir = own / ".local" / "share" / "touchstone"
    assert f"host={data_dir}/run&" in done.stdout
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    outside = [path for path in own.rglob("*") if data_dir not in (path, *path.parents)]
    assert sorted(outside) == [own / ".local", own / ".local" / "share"]
    assert modes([home, *home.parents]) == before


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


async def test_each_test_gets_an_empty_database(database: str) -> None:
    connection = await asyncpg.connect(database)
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert await connection.fetchval(tables) == 0
    await connection.close()
