"""What may be wrong with a branch's outbox, and what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from touchstone_branch.branch import Branch
from touchstone_branch.errors import BranchError, SenderBusy
from touchstone_branch.locks import sending_alone
from touchstone_branch.notes import Verifier
from touchstone_branch.receipts import read_receipt
from touchstone_branch.settings import is_readable_by_others

_MB = 1024 * 1024
_CLOCK_S = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    is_well: bool
    said: str


def examine(branch: Branch) -> list[Finding]:
    """Look at file, disk, key, line, clock and refused events; nothing is changed but notes."""
    return [
        _file(branch),
        _disk(branch),
        _key(branch),
        _sender(branch),
        *_line(branch),
        *_known(branch),
    ]


def _file(branch: Branch) -> Finding:
    fault = branch.outbox.fault()
    said = "the outbox is sound" if fault is None else (
        f"the outbox is damaged ({fault}): copy the directory away, then install anew in an empty "
        "one; the platform notices, and nothing is recorded twice"
    )  # fmt: skip
    return Finding("outbox", fault is None, said)


def _disk(branch: Branch) -> Finding:
    free = shutil.disk_usage(branch.directory).free // _MB
    enough = free > 2 * branch.settings.reserve_mb
    said = f"{free} MB are free"
    if not enough:
        said += f": below {branch.settings.reserve_mb} MB nothing is taken any more; make room"
    return Finding("disk", enough, said)


def _key(branch: Branch) -> Finding:
    open_to_all = is_readable_by_others(branch.directory)
    said = f"others on this machine can read it: chmod 600 {branch.directory / 'key'}"
    return Finding("key", not open_to_all, said if open_to_all else "only its owner reads it")


def _sender(branch: Branch) -> Finding:
    try:
        with sending_alone(branch.directory):
            return Finding("sender", False, "nobody sends from here: run `touchstone-branch watch`")
    except SenderBusy:
        return Finding("sender", True, "a process sends from here")


def _line(branch: Branch) -> Iterator[Finding]:
    verifier = Verifier.read(branch.settings.verifier)
    source = branch.settings.source
    try:
        receipt = read_receipt(branch.platform.receipt(source), verifier, source)
    except BranchError as error:
        yield Finding("line", False, str(error))
        return
    yield Finding("line", True, f"the platform answers as {verifier.name}")
    ahead = (receipt.issued - branch.now()).total_seconds()
    said = f"the platform's clock is {ahead:+.1f} s from this machine's"
    if abs(ahead) > _CLOCK_S:
        said += ": what is published is corrected by that much; put the clock right all the same"
    yield Finding("clock", abs(ahead) <= _CLOCK_S, said)


def _known(branch: Branch) -> Iterator[Finding]:
    found = branch.status()
    said = f"{found.refused} events are set aside: see `touchstone-branch refused`"
    yield Finding("refused", not found.refused, said if found.refused else "no event was refused")
    for one in found.sources:
        if one.problem:
            said = f"{one.problem}. Once that is done: `touchstone-branch doctor --heeded`"
            yield Finding(one.source, False, said)
