"""What is known of an installed branch: where it publishes, as whom, and what it believes."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path

from touchstone_branch.errors import NotInstalled

_FILE, _KEY = "branch.json", "key"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one directory; the key lies in a file of its own."""

    url: str
    branch: str
    device: str
    verifier: str  # the key that receipts are checked with
    authority: str | None = None  # certificates to trust besides the machine's, PEM
    language: str = "en"  # of refusals: en or zh-CN
    reserve_mb: int = 64
    words_max_age_h: int = 24
    """How old headquarters' words may be to answer by."""
    words_every_min: int = 60
    """How often `watch` fetches them; 0: never."""

    @property
    def source(self) -> str:
        """Return the source of the device that publishes here."""
        return self.source_of(self.device)

    def source_of(self, device: str) -> str:
        """Return the source of a device of this branch."""
        return f"/branches/{self.branch}/{device}"


def read_settings(directory: Path) -> tuple[Settings, str]:
    """Return the settings of a directory, and the branch's key. Raises: NotInstalled."""
    try:
        said = json.loads((directory / _FILE).read_text("utf-8"))
        key = (directory / _KEY).read_text("ascii").strip()
        return Settings(**said), key
    except FileNotFoundError as error:
        raise NotInstalled(
            f"no branch is installed in {directory}: run `touchstone-branch install {directory}`"
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise NotInstalled(f"the settings in {directory} cannot be read: {error}") from error


def write_settings(directory: Path, settings: Settings, key: str) -> None:
    """Write settings and key where none are; nobody else may read them. Raises: NotInstalled."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (directory / _FILE).exists():
        raise NotInstalled(
            f"a branch is installed in {directory} already: change {_FILE} there, or name another "
            "directory"
        )
    text = json.dumps(dataclasses.asdict(settings), indent=2, ensure_ascii=False)
    _write(directory / _KEY, f"{key}\n")
    _write(directory / _FILE, f"{text}\n")  # last: with it the directory is installed


def is_readable_by_others(directory: Path) -> bool:
    """Tell whether others on this machine may read the key."""
    return os.name == "posix" and bool((directory / _KEY).stat().st_mode & 0o077)


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
