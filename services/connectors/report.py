"""What became of a document: counts that add up, and every line with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec
from msgspec import Struct

from events.texts import N_, told
from services.wording import counted, cut, printable

MAX_LISTED = 1000

_STATUSES = {
    "published": N_("published"),
    "worklist": N_("on the work list"),
    "seen": N_("recorded before"),
    "ignored": N_("left out"),
    "refused": N_("refused"),
}

Translated = Callable[[str], str]


class Line(Struct, frozen=True, omit_defaults=True):
    """What became of one thing that a line gave."""

    key: tuple[str, ...]
    status: str
    because: str  # worded
    type: str | None = None
    event_id: str | None = None
    customer: str | None = None


class DeliveryReport(Struct, kw_only=True):
    """The account of one document. Lists are cut at `MAX_LISTED`; counts stay complete."""

    document: str
    feed: str
    format: str
    branch: str
    target: str
    dry_run: bool
    lines: int
    controls: list[str]
    counts: dict[str, int] = {}
    listed: list[Line] = []
    left_off: int = 0

    @property
    def all_well(self) -> bool:
        """Whether nothing was refused."""
        return not self.counts.get("refused")

    def add(self, line: Line) -> None:
        """Count a line, and list it as long as there is room."""
        counts = Counter(self.counts)
        counts[line.status] += 1
        self.counts = dict(counts)
        if len(self.listed) < MAX_LISTED:
            self.listed.append(line)
        else:
            self.left_off += 1

    def told_to_programs(self) -> object:
        """Return what a program is told: reasons in English."""
        return msgspec.to_builtins(self, enc_hook=str)

    def text(self, translated: Translated) -> Iterator[str]:
        """Yield the report's lines for people, in the language of `translated`."""
        dry = translated(N_(" (dry run: nothing was sent)")) if self.dry_run else ""
        yield f"{cut(self.document, 200)} -> {self.feed} ({self.format}, {self.branch}){dry}"
        for control in self.controls:
            yield f"  {told(control, translated)}"
        for status, name in _STATUSES.items():
            if self.counts.get(status):
                yield f"  {translated(name)}: {self.counts[status]:,}"
        for line in self.listed:
            key = printable("/".join(line.key))
            whose = f" {printable(line.customer)}" if line.customer else ""
            kind = f" {line.type}" if line.type else ""
            status = translated(_STATUSES[line.status])
            yield f"  {status}: {cut(key, 80)}{kind}{whose}: {told(line.because, translated)}"
        if self.left_off:
            yield f"  ... {counted(self.left_off, 'more line')}"
