"""What the doctor looks at on this machine: disk, files, ports, certificate, limits."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

from services.errors import UsageError
from services.native import choose
from services.operating.doctor.finding import Finding, fault, unknown, warning, well
from services.settings import Settings
from services.vault.master_key import MasterKeyUnusable, master_key
from services.web.open_files import RESERVE
from services.web.tls import not_after, trusting

_GB = 1024**3
_SCARCE = 0.10, 5 * _GB
_FULL = 0.03, _GB
_RENEW = timedelta(days=14)
_PATIENCE_S = 3.0
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def disk(total: int, free: int, where: Path) -> Finding:
    """Judge the room that is left on a disk, in bytes."""
    says = f"{free / _GB:.1f} of {total / _GB:.1f} GB are free at {where}"
    remedy = (
        "make room or enlarge the disk; without room nothing is accepted, and nothing that was "
        "accepted is lost"
    )
    if free < _FULL[1] or free < _FULL[0] * total:
        return fault("disk", says, remedy)
    if free < _SCARCE[1] and free < _SCARCE[0] * total:
        return warning("disk", says, remedy)
    return well("disk", says)


def disk_of(settings: Settings) -> Finding:
    """Look at the disk of the data directory."""
    usage = shutil.disk_usage(settings.data)
    return disk(usage.total, usage.free, settings.data)


def permissions(settings: Settings) -> Iterator[Finding]:
    """Look whether the data directory and what lies in it is this user's alone."""
    data = settings.data
    if data.stat().st_uid != os.geteuid():
        yield fault(
            "permissions",
            f"{data} belongs to another user",
            "run as that user, or set TOUCHSTONE_DATA to a directory of your own",
        )
        return
    open_to_others = [
        path
        for path in (data / "master.key", data / "services.log", data / "postgres.log")
        if path.exists() and path.stat().st_mode & _OTHERS
    ]
    for path in open_to_others:
        yield fault("permissions", f"{path} can be read by others", f"chmod 600 {path}")
    if not open_to_others:
        yield well("permissions", "what lies in the data directory is this user's alone")


def key(settings: Settings) -> Finding:
    """Look whether there is a master key that can be one."""
    if settings.master_key is None and not (settings.data / "master.key").exists():
        return fault(
            "master_key",
            f"there is no master key: {settings.data / 'master.key'} is missing",
            "restore it from your backup, or set TOUCHSTONE_MASTER_KEY; a new one opens nothing "
            "that was sealed before",
        )
    try:
        master_key(settings)
    except MasterKeyUnusable as error:
        return fault("master_key", str(error), "see above; without it personal data stay closed")
    return well("master_key", "there is a master key")


def tls(settings: Settings, now: datetime) -> Finding:
    """Look how long the certificate is valid, or whether keys travel without one."""
    if settings.tls_certificate is None:
        if settings.keys_travel_in_clear:
            return warning(
                "tls",
                f"the gateway listens on {settings.gateway_host} without TLS: keys can be read "
                "on their way",
                "set TOUCHSTONE_TLS_CERTIFICATE and TOUCHSTONE_TLS_KEY, or name the proxy that "
                "speaks TLS in TOUCHSTONE_PROXIES",
            )
        return well("tls", "no key crosses a network in the clear")
    try:
        ends = not_after(settings.tls_certificate)
    except UsageError as error:
        return fault("tls", str(error), "give a PEM file that this user may read")
    says = f"the certificate is valid until {ends:%Y-%m-%d %H:%M} UTC"
    remedy = f"renew {settings.tls_certificate} and its key; they are taken up within a minute"
    if ends <= now:
        return fault("tls", says, remedy)
    return warning("tls", says, remedy) if ends - now < _RENEW else well("tls", says)


def ports(settings: Settings) -> Iterator[Finding]:
    """Look whether the ports are free, or served by this platform."""
    doors = {"CONSOLE": settings.console_address, "GATEWAY": settings.gateway_address}
    for name, (host, port) in doors.items():
        place = f"{host}:{port}"
        if not _is_taken(host, port):
            yield well("ports", f"{place} is free: no {name.lower()} runs there")
        elif _lives(settings, host, port):
            yield well("ports", f"{name.lower()} lives at {place}")
        else:
            yield fault(
                "ports",
                f"{place} is taken by a program that does not answer as the {name.lower()}",
                f"end that program, or set TOUCHSTONE_{name}_PORT",
            )


def _is_taken(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), _PATIENCE_S).close()
    except OSError:
        return False
    return True


def _lives(settings: Settings, host: str, port: int) -> bool:
    try:
        connection = HTTPConnection(host, port, timeout=_PATIENCE_S)
        if settings.tls_certificate is not None:
            trusted = trusting(settings.tls_certificate)
            connection = HTTPSConnection(host, port, timeout=_PATIENCE_S, context=trusted)
        with closing(connection):
            connection.request("GET", "/livez")
            return connection.getresponse().read() == b'{"alive":true}'
    except (OSError, ssl.SSLError, HTTPException, UsageError):
        return False


def native() -> Finding:
    """Look whether compiled parts are there that are of other sources."""
    chosen = choose()
    if chosen.out_of_date:
        return warning(
            "native",
            "the compiled parts are of other sources and do not run",
            "run `make native`; without them everything works, only slower",
        )
    return well("native", f"compiled parts: {chosen}")


def open_files(settings: Settings, hard: int | None = None) -> Finding:
    """Look whether a process may open as many files as it may have connections."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1] if hard is None else hard
    needed = settings.connections + RESERVE
    if limit != resource.RLIM_INFINITY and limit < needed:
        return fault(
            "open_files",
            f"a process may open {limit} files, and {needed} are needed",
            "raise the limit (ulimit -Hn, LimitNOFILE of systemd) or lower TOUCHSTONE_CONNECTIONS",
        )
    return well("open_files", f"a process may open {needed} files")


def look_around(settings: Settings, now: datetime) -> list[Finding]:
    """Look at everything of this machine."""
    found = [tls(settings, now), *ports(settings), native(), open_files(settings)]
    if not settings.data.is_dir():
        if settings.dsn is None:
            return [unknown("disk", f"{settings.data} is not there: nothing ran here yet"), *found]
        return [key(settings), *found]
    return [disk_of(settings), *permissions(settings), key(settings), *found]
