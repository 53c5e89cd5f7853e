"""A platform in memory, for the tests of programs that publish; it signs with a key of its own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from touchstone_branch.branch import Branch
from touchstone_branch.errors import LineDown
from touchstone_branch.platform import Answer

ORIGIN = "platform.test"
_ALL = 2**63 - 1
_TAKEN = Answer("accepted", "", "", "", "")
_AGAIN = Answer("duplicate", "", "", "", "")

Number = tuple[str, int, int]
Refuse = Callable[[Mapping[str, object]], Answer | None]


class FakePlatform:
    """Admits an id once and a number once, as the platform does, and forgets when it is ended."""

    def __init__(self, refuse: Refuse = lambda _: None) -> None:
        """Refuse what a function says."""
        self.refuse = refuse
        self.by_number: dict[Number, str] = {}
        self.by_id: dict[str, tuple[Number, object]] = {}
        self.events: list[Mapping[str, object]] = []  # in the order in which they were taken
        self.refused: dict[Number, None] = {}
        self.cuts: list[str] = []  # what befalls the next requests: "before", "after" or ""
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.receipts = 0
        self._key = Ed25519PrivateKey.generate()
        public = b"\x01" + self._key.public_key().public_bytes_raw()
        self._key_id = hashlib.sha256(ORIGIN.encode() + b"\n" + public).digest()[:4]
        self.verifier = f"{ORIGIN}+{self._key_id.hex()}+{base64.b64encode(public).decode()}"

    def publish(self, events: Sequence[Mapping[str, object]]) -> list[Answer]:
        """Take events, unless the line is cut."""
        cut = self.cuts.pop(0) if self.cuts else ""
        if cut == "before":
            raise LineDown("cut before the platform had it")
        answers = [self._admit(event) for event in events]
        if cut == "after":
            raise LineDown("cut before the answer came")
        return answers

    def _admit(self, event: Mapping[str, object]) -> Answer:
        number = (str(event["source"]), _number(event["sourceepoch"]), _number(event["sequence"]))
        event_id, content = str(event["id"]), (event["type"], event["data"], event["time"])
        if (known := self.by_id.get(event_id)) is not None:
            same = known == (number, content)
            return _AGAIN if same else Answer("refused", "conflict", "id", "other content", "-")
        if number in self.by_number:
            return Answer("refused", "conflict", "sequence", "is taken", "open a new epoch")
        if (refused := self.refuse(event)) is not None:
            self.refused[number] = None
            return refused
        self.by_number[number] = event_id
        self.by_id[event_id] = (number, content)
        self.refused.pop(number, None)
        self.events.append(event)
        return _TAKEN

    def receipt(
        self, source: str, *, epoch: int | None = None, first: int = 1, upto: int | None = None
    ) -> str:
        """Return a signed receipt."""
        self.receipts += 1
        own = [(n[1], n[2]) for n in self.by_number if n[0] == source]
        newest = max((one for one, _ in own), default=None)
        meant = epoch if epoch is not None else newest or 0
        last = _ALL if upto is None else upto
        numbers = sorted(n for one, n in own if one == meant)
        held = [n for n in numbers if first <= n <= last]
        ids = b"".join(UUID(self.by_number[source, meant, n]).bytes for n in held)
        digest = base64.b64encode(hashlib.sha256(ids).digest()).decode()
        lines = [
            ORIGIN, "touchstone receipt v1", f"source {source}", f"epoch {meant}",
            f"newest-epoch {'none' if newest is None else newest}", f"from {first}",
            f"through {held[-1] if held else first - 1}",
            *(f"gap {n} {n}" for n in range(first, held[-1] if held else 0) if n not in held),
            f"ids sha256 {digest}", f"taken {numbers[-1] if numbers else 0}", "later-word x",
            f"issued {self.now():%Y-%m-%dT%H:%M:%S.%fZ}",
        ]  # fmt: skip
        return self.note("".join(f"{line}\n" for line in lines))

    def note(self, text: str) -> str:
        """Return a text as the platform signs it."""
        signed = base64.b64encode(self._key_id + self._key.sign(text.encode())).decode()
        return f"{text}\n\N{EM DASH} {ORIGIN} {signed}\n"

    def taken(self, source: str) -> list[str]:
        """Return the ids taken of a source, in the order of epochs and numbers."""
        return [self.by_number[n] for n in sorted(self.by_number) if n[0] == source]


def _number(value: object) -> int:
    assert isinstance(value, int), "numbers are numbers"
    return value


def opened(directory: Path, platform: FakePlatform) -> Branch:
    """Return the branch that is installed in a directory, its line leading to the fake."""
    branch = Branch(directory)
    branch.speak_with(platform)
    return branch
