"""The embedded server as root and as an ordinary user: who runs it, and what stays untouched.

Without the mark `postgres`: only root can play both, so elsewhere these are skipped, in CI too.
"""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.local_postgres import programs
from services.local_postgres.server import EmbeddedServer, EmbeddedServerError
from tests.support.embedded import FAST, REPOSITORY, ask, postmaster_of
from tests.support.postgres import quick_directory

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for other users")

# What an ordinary user's first start does, everything by default. The interpreter is loaded as
# root, whose Python may be closed to others, and then gives up being root for good.
NEWCOMER = """
import os, sys
from pathlib import Path
from services.local_postgres import programs
from services.local_postgres.server import EmbeddedServer, ServerSettings
from services.settings import default_data_dir
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
    with quick_directory() as directory:
        yield directory


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


def test_root_runs_the_server_as_an_account_and_changes_nothing_above(home: Path) -> None:
    data_dir = home / "data"
    home.chmod(0o755)
    before = modes(list(data_dir.parents))
    with EmbeddedServer(data_dir, FAST):
        assert postmaster_of(data_dir).uids().real != 0
        assert stat.S_IMODE(data_dir.stat().st_mode) & 0o007 == 0
    assert modes(list(data_dir.parents)) == before


def test_root_is_told_when_the_account_cannot_reach_the_directory(home: Path) -> None:
    home.chmod(0o700)
    with pytest.raises(EmbeddedServerError, match="TOUCHSTONE_DATA"):
        EmbeddedServer(home / "data", FAST).start()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


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
