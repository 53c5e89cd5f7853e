"""An embedded PostgreSQL 18 on a directory: started, shared, adopted and stopped safely.

The data directory holds everything the server needs and nothing outside it is touched:

    owner.lock      held (flock) by the process that owns the server, for as long as it lives
    cluster/        the database cluster, mode 0700
    run/            the unix socket, mode 0700; there is no other way in
    postgres.log    what the server says; one older file is kept
    programs-*/     a copy of the binaries, only if the server's account cannot read the originals

From asyncio: `dsn = await asyncio.to_thread(server.start)`.
"""

import os
import subprocess
import sys
import time
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psutil

from services.local_postgres.cluster import check_cluster, make_cluster
from services.local_postgres.directory import hold, make_data_dir
from services.local_postgres.postmaster import (
    Answer,
    arguments_of,
    ask,
    disown_lock_files,
    find_postmaster,
    shut_down,
)
from services.local_postgres.programs import (
    Account,
    EmbeddedServerError,
    Programs,
    give,
    runnable_programs,
    unprivileged_account,
)
from services.local_postgres.server_settings import DEFAULT_SETTINGS, ServerSettings
from services.log_files import open_log

__all__ = ["EmbeddedServer", "EmbeddedServerError", "ServerSettings"]

USER = "touchstone"
DATABASE = "touchstone"

_SOCKET_NAME = ".s.PGSQL.5432"
# sun_path is 108 bytes on Linux and 104 on BSD and macOS, the closing zero included.
_SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107
_LOG_TAIL_LINES = 8
_POLL_S = 0.02
# Children of a killed server need a moment to notice; until then a new one refuses to start.
_STILL_IN_USE = b"pre-existing shared memory block"


class EmbeddedServer:
    """The one server of a data directory, owned by one process and shared with the others.

    Whoever holds the lock of the directory owns the server: it starts it, or adopts one whose
    owner was killed, and ends it with `stop`. Anybody else is a guest, whose `stop` does nothing.
    """

    def __init__(self, data_dir: Path, settings: ServerSettings = DEFAULT_SETTINGS) -> None:
        """Prepare to serve from a directory; nothing is touched before `start`."""
        self._data_dir = data_dir.expanduser().resolve()
        self._settings = settings
        self._cluster = self._data_dir / "cluster"
        self._socket = self._data_dir / "run" / _SOCKET_NAME
        self._log = self._data_dir / "postgres.log"
        self._lock: FileIO | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self.launches = 0

    @property
    def dsn(self) -> str:
        """Return the asyncpg-compatible address of the platform's database."""
        return f"postgresql://{USER}@/{DATABASE}?host={quote(str(self._socket.parent))}&port=5432"

    @property
    def owned(self) -> bool:
        """Tell whether `stop` would end the server."""
        return self._lock is not None

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server if it is ours."""
        self.stop()

    def start(self) -> str:
        """Return the DSN of a server that answers, started or adopted or another process's.

        Recovery after a crash is waited for. Calling it again repairs a server that died.

        Raises: EmbeddedServerError, with the cause, the remedy and the end of the server's log.
        """
        self._check_path()
        try:
            make_data_dir(self._data_dir)
            self._start(time.monotonic() + self._settings.start_timeout_s)
        except OSError as error:
            raise self._failure(
                f"The embedded server cannot use {self._data_dir}: {error}. Check the disk and its "
                "permissions, or set TOUCHSTONE_DATA to another directory."
            ) from error
        return self.dsn

    def stop(self) -> None:
        """End the server if this process owns it; otherwise change nothing."""
        if self._lock is None:
            return
        process = self._running_child() or find_postmaster(self._cluster)
        if process is not None:
            shut_down(process, self._settings.stop_timeout_s)
        if self._child is not None:
            self._child.wait()
            self._child = None
        self._lock.close()
        self._lock = None

    # --- the directory ---------------------------------------------------------------------

    def _check_path(self) -> None:
        length = len(os.fsencode(self._socket))
        if length > _SOCKET_PATH_BYTES:
            allowed = _SOCKET_PATH_BYTES - (length - len(os.fsencode(self._data_dir)))
            raise EmbeddedServerError(
                f"The data directory {self._data_dir} is too long for a unix socket: at most "
                f"{allowed} bytes. Set TOUCHSTONE_DATA to a shorter path."
            )
        if "," in str(self._data_dir):
            raise EmbeddedServerError(
                f"The data directory {self._data_dir} has a comma, which separates socket "
                "directories. Set TOUCHSTONE_DATA to a path without one."
            )

    def _take_lock(self) -> bool:
        if self._lock is None:
            self._lock = hold(self._data_dir / "owner.lock")
        return self._lock is not None

    def _open_to(self, account: Account) -> None:
        """Let the account pass into the data directory, changing nothing above it."""
        status = self._data_dir.stat()
        if not account.may_enter(self._data_dir) and not status.st_mode & 0o070:
            os.chown(self._data_dir, -1, account.gid)
            self._data_dir.chmod(status.st_mode | 0o010)
        for directory in (self._data_dir, *self._data_dir.parents):
            if not account.may_enter(directory):
                raise EmbeddedServerError(
                    f"PostgreSQL refuses to run as root, and user {account.name}, who runs it "
                    f"instead, may not pass through {directory}. Set TOUCHSTONE_DATA to a "
                    "directory that every user can reach, such as /var/lib/touchstone."
                )

    # --- the process -----------------------------------------------------------------------

    def _start(self, deadline: float) -> None:
        """Become the owner, or a guest of an owner whose server answers."""
        while not self._take_lock():
            if ask(self._socket, USER, DATABASE) is Answer.READY:
                return
            if time.monotonic() > deadline:
                raise self._failure(
                    "Another process holds owner.lock but its server does not answer: end that "
                    "process, then start again."
                )
            time.sleep(_POLL_S)
        try:
            self._serve(deadline)
        except BaseException:
            self.stop()
            raise

    def _serve(self, deadline: float) -> None:
        """Bring the owned server to the point where it answers."""
        account = unprivileged_account(self._cluster)
        if account is not None:
            self._open_to(account)
        programs = runnable_programs(account, self._data_dir)
        if not self._cluster.exists():
            make_cluster(self._cluster, programs, USER, DATABASE, self._settings.fsync)
        check_cluster(self._cluster)
        if not self._socket.parent.exists():
            self._socket.parent.mkdir(mode=0o700)
            give(self._socket.parent, account)
        self._running_child()  # one that died since the last start is noticed here
        command = self._command(programs)
        self._end_unlike(command)
        while ask(self._socket, USER, DATABASE) is not Answer.READY:
            if time.monotonic() > deadline:
                raise self._failure("PostgreSQL does not get ready: see its log.")
            if find_postmaster(self._cluster) is None and self._child_has_ended():
                self._launch(programs, command)
            time.sleep(_POLL_S)
        if find_postmaster(self._cluster) is None:
            raise self._failure(
                "A server answers on the socket but no process of this machine is it: another "
                "container uses the same directory. Stop it, or set TOUCHSTONE_DATA."
            )

    def _command(self, programs: Programs) -> list[str]:
        options = self._settings.options(programs)
        switches = [word for name in options for word in ("-c", f"{name}={options[name]}")]
        where = ("-D", str(self._cluster), "-k", str(self._socket.parent))
        return programs.command("postgres", *where, *switches)

    def _end_unlike(self, command: list[str]) -> None:
        """End a server that was left behind with other settings, lest it keep them."""
        process = find_postmaster(self._cluster)
        if process is not None and arguments_of(process) != command:
            shut_down(process, self._settings.stop_timeout_s)

    def _launch(self, programs: Programs, command: list[str]) -> None:
        self.launches += 1
        disown_lock_files(self._cluster, self._socket)
        with open_log(self._log) as log:
            self._child = programs.spawn(command, self._data_dir, log)

    def _child_has_ended(self) -> bool:
        """Tell whether a server must be started.

        Raises: EmbeddedServerError if the one just started gave up for a reason that stays.
        """
        if self._child is None or self._child.returncode is not None:
            return True
        code = self._child.poll()
        if code is not None and code > 0 and _STILL_IN_USE not in self._log_tail():
            raise self._failure(f"PostgreSQL ended with exit code {code} while starting.")
        return code is not None

    def _running_child(self) -> psutil.Process | None:
        """Return the server if this object started it and it still runs."""
        if self._child is None or self._child.poll() is not None:
            return None
        return psutil.Process(self._child.pid)

    def _log_tail(self) -> bytes:
        try:
            return b"\n".join(self._log.read_bytes().splitlines()[-_LOG_TAIL_LINES:])
        except FileNotFoundError:
            return b""

    def _failure(self, message: str) -> EmbeddedServerError:
        tail = self._log_tail().decode(errors="replace")
        return EmbeddedServerError(f"{message} The end of {self._log}:\n{tail}")
