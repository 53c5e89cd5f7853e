"""What a cluster directory and its socket tell about the server that runs on them."""

import enum
import os
import signal
import socket
import struct
import time
from pathlib import Path

import psutil

_PROTOCOL_3_0 = 196608
_TERMINATE = b"X\x00\x00\x00\x04"
# SQLSTATE cannot_connect_now: starting up, recovering or shutting down.
_CANNOT_CONNECT_NOW = b"C57P03\x00"
_ANSWER_WITHIN_S = 5.0
_POLL_S = 0.02
# No process can have this id, so PostgreSQL takes a lock file that names it for stale.
_DEAD_PID = 2**31 - 1


class Answer(enum.Enum):
    """What a connection attempt found: a server ready, one busy starting or stopping, none."""

    READY = "ready"
    BUSY = "busy"
    NONE = "none"


def ask(socket_path: Path, user: str, database: str) -> Answer:
    """Ask the socket for a session and leave again; needs no event loop and no driver."""
    words = ("user", user, "database", database, "")
    body = struct.pack("!i", _PROTOCOL_3_0) + b"".join(w.encode() + b"\x00" for w in words)
    request = struct.pack("!i", len(body) + 4) + body + _TERMINATE
    reply = b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_WITHIN_S)
        try:
            connection.connect(str(socket_path))
            connection.sendall(request)
            while part := connection.recv(4096):
                reply += part
        except TimeoutError:
            return Answer.BUSY
        except (FileNotFoundError, ConnectionError):
            return Answer.NONE
    if not reply or _CANNOT_CONNECT_NOW in reply:
        return Answer.BUSY
    return Answer.READY


def find_postmaster(cluster: Path) -> psutil.Process | None:
    """Return the live server of a cluster, or None.

    A process that merely has the id that an old `postmaster.pid` names is not taken for it:
    after a crash ids are given out again. Neither is one that ended and was not yet reaped.
    """
    pid = _named_pid(cluster)
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
    arguments = arguments_of(process)
    named = bool(arguments) and Path(arguments[0]).name == "postgres"
    return process if named and str(cluster) in arguments else None


def arguments_of(process: psutil.Process) -> list[str]:
    """Return the command line of a process; empty once it has ended, reaped or not."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []


def disown_lock_files(cluster: Path, socket_path: Path) -> None:
    """Make the lock files of a dead server harmless although its id belongs to another process.

    PostgreSQL would refuse to start because that id is alive. The other lines are kept: with
    them it still refuses when children of the dead server hold its shared memory.
    """
    pid = _named_pid(cluster)
    if pid is not None and psutil.pid_exists(pid):
        path = cluster / "postmaster.pid"
        _, _, rest = path.read_text().partition("\n")
        path.write_text(f"{_DEAD_PID}\n{rest}")
    socket_path.with_name(f"{socket_path.name}.lock").unlink(missing_ok=True)


def shut_down(process: psutil.Process, within_s: float) -> bool:
    """End a server, its sessions included, and wait until it has gone.

    Every committed transaction is on disk either way; True says that the end was orderly, False
    that it had to be cut short and the next start begins with a recovery.
    """
    for request, patience_s in ((signal.SIGINT, within_s), (signal.SIGQUIT, within_s)):
        try:
            process.send_signal(request)
        except psutil.NoSuchProcess:
            return True
        if _gone(process, patience_s):
            return request is signal.SIGINT
    process.kill()
    _gone(process, within_s)
    return False


def _gone(process: psutil.Process, within_s: float) -> bool:
    """Wait for the end of a process, which may be nobody's child and so stay a zombie."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(_POLL_S)
    return False


def _named_pid(cluster: Path) -> int | None:
    try:
        first, _, _ = (cluster / "postmaster.pid").read_text().partition("\n")
        pid = int(first)
    except (FileNotFoundError, ValueError):
        return None
    return pid if pid not in (0, os.getpid()) else None
