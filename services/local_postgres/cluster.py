"""Makes a database cluster, complete or not at all, and refuses one that is not ours."""

import os
import shutil
import tempfile
from pathlib import Path

from services.local_postgres.programs import EmbeddedServerError, Programs, give

_MAJOR_VERSION = "18"


def make_cluster(cluster: Path, programs: Programs, user: str, database: str, sync: bool) -> None:
    """Make a cluster with one database: a draft beside it, which takes its name in one step.

    Whoever calls holds the lock of the directory, so drafts found there are half-finished ones.
    Text sorts by code point whatever the machine's locale, so that a query gives the same order
    everywhere.

    Raises: EmbeddedServerError, with what the failing program said.
    """
    home = cluster.parent
    for draft in home.glob("cluster.new-*"):
        # An initdb that outlived its killer may still be writing: what stays goes next time.
        shutil.rmtree(draft, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=home))
    give(draft, programs.account)
    # fmt: off
    initdb = programs.command(
        "initdb", "--pgdata", str(draft), "--username", user, "--encoding", "UTF8",
        "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8",
        "--data-checksums", "--auth-local", "trust", "--auth-host", "reject",
        *([] if sync else ["--no-sync"]),
    )
    single_user = programs.command(
        "postgres", "--single", "-D", str(draft), "-c", "exit_on_error=on",
        "-c", f"fsync={'on' if sync else 'off'}", "postgres",
    )
    # fmt: on
    for command, stdin in ((initdb, ""), (single_user, f"CREATE DATABASE {database};\n")):
        done = programs.run(command, home, stdin)
        if done.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise EmbeddedServerError(
                f"The database cluster in {home} cannot be made. Check that the disk has room "
                f"and can be written. {command[0]} said:\n{done.stdout}"
            )
    draft.rename(cluster)
    _sync_directory(home)


def check_cluster(cluster: Path) -> None:
    """Return only if this version of PostgreSQL can run the cluster.

    Raises: EmbeddedServerError naming the version that wrote it.
    """
    try:
        version = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        version = "no known version"
    if version != _MAJOR_VERSION:
        raise EmbeddedServerError(
            f"{cluster} was written by PostgreSQL {version}, and this is {_MAJOR_VERSION}: "
            "restore a backup, upgrade it with pg_upgrade, or set TOUCHSTONE_DATA to a new "
            "directory."
        )


def _sync_directory(directory: Path) -> None:
    """Make a rename inside the directory survive a power loss."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
