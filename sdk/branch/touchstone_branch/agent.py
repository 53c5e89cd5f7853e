"""`touchstone-branch`: install a branch's outbox, publish into it, send from it, look after it."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from touchstone_branch.branch import Branch, Status
from touchstone_branch.doctor import Finding, examine
from touchstone_branch.errors import BranchError, LineDown, NotPublishable
from touchstone_branch.notes import Verifier
from touchstone_branch.platform import Platform
from touchstone_branch.settings import Settings, write_settings
from touchstone_branch.watching import watch

_REFUSED, _USAGE, _AWAY = 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 line down."""
    asked = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = asked.command
    try:
        return command(asked)
    except LineDown as error:
        print(f"touchstone-branch: {error}", file=sys.stderr)
        return _AWAY
    except BranchError as error:
        print(f"touchstone-branch: {error}", file=sys.stderr)
        return _REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="touchstone-branch",
        description="Publishes what happens in a branch, also while the line is down.",
        epilog="Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the line is down.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], about: str) -> _Parser:
        one = commands.add_parser(name, help=about, description=about)
        one.add_argument("directory", type=Path, help="where the branch is installed")
        one.set_defaults(command=command)
        return one

    one = add("install", _install, "Make a directory ready to publish from.")
    one.add_argument("--url", required=True, help="of the platform's gateway")
    one.add_argument("--branch", required=True, help="such as SH-01")
    one.add_argument("--device", required=True, help="this machine's name in the branch")
    one.add_argument("--key-file", type=Path, help="with the branch's key; default: standard input")
    one.add_argument(
        "--verifier",
        help="the key that `touchstone receipt key` prints; without it the gateway is believed "
        "this once",
    )
    one.add_argument("--authority", type=Path, help="certificates to trust, PEM")
    one.add_argument("--language", choices=("en", "zh-CN"), default="en", help="of refusals")

    one = add("publish", _publish, "Keep events, given as JSON lines on standard input.")
    one.add_argument("--type", help="publish one event of this type; its data on standard input")
    one.add_argument("--subject", help="the customer that the one event is about")
    one.add_argument("--send", action="store_true", help="send what waits then")

    add("send", _send, "Send what waits once, and end.")
    add("watch", _watch, "Send what waits until this program is ended.")
    one = add("may-deliver", _may_deliver, "Answer by headquarters' words; the line is not asked.")
    one.add_argument("customer", help="the customer's id")
    one.add_argument("amount", type=int, help="in minor units: 40000 is 400.00 CNY")
    one.add_argument("currency", nargs="?", default="CNY")
    one.add_argument("--fetch", action="store_true", help="fetch the words first")
    one = add("status", _status, "Say how the outbox stands; the line is not asked.")
    one.add_argument("--json", action="store_true", help="as JSON")
    one = add("doctor", _doctor, "Say what is wrong and what to do.")
    one.add_argument(
        "--heeded",
        action="store_true",
        help="say what befell the devices a last time, and no more: somebody has seen to it",
    )
    one = add("refused", _refused, "List refused events, or settle one.")
    one.add_argument("--retry", metavar="ID", help="send this one again")
    one.add_argument("--data", metavar="JSON", help="with other data")
    one.add_argument("--discard", metavar="ID", help="send this one no more")
    one.add_argument("--reason", default="", help="why it is discarded")
    return parser


_Parser = argparse.ArgumentParser


def _install(asked: argparse.Namespace) -> int:
    key = (asked.key_file.read_text("ascii") if asked.key_file else sys.stdin.readline()).strip()
    if asked.verifier:
        verifier = Verifier.read(asked.verifier)
    else:
        platform = Platform(asked.url, key, authority=asked.authority)
        verifier = Verifier.read(platform.receipt_key())
        print(
            f"Receipts will be believed that this key signed: {verifier}\n"
            "Compare it with what `touchstone receipt key` prints.",
            file=sys.stderr,
        )
    settings = Settings(
        url=asked.url,
        branch=asked.branch,
        device=asked.device,
        verifier=str(verifier),
        authority=str(asked.authority.resolve()) if asked.authority else None,
        language=asked.language,
    )
    write_settings(asked.directory, settings, key)
    with Branch(asked.directory) as branch:
        print(f"{branch.settings.source} is installed in {asked.directory}")
    return 0


def _publish(asked: argparse.Namespace) -> int:
    with Branch(asked.directory) as branch:
        if asked.type is not None:
            data = _object(sys.stdin.read(), 1)
            print(branch.publish(asked.type, data, subject=asked.subject).event_id)
        else:
            for number, line in enumerate(sys.stdin, 1):
                if line.strip():
                    print(_published(branch, _object(line, number), number), flush=True)
        if asked.send:
            branch.deliver()
    return 0


def _published(branch: Branch, event: dict[str, object], number: int) -> str:
    """Keep one event of a line and return its id. Raises: NotPublishable, DiskFull."""
    known = {"type", "data", "subject", "time", "id", "device", "correlationid", "causationid"}
    if unknown := sorted(event.keys() - known):
        raise NotPublishable(f"line {number}", f"names {', '.join(unknown)}, which means nothing")
    data = event.get("data")
    if not isinstance(data, dict):
        raise NotPublishable(f"line {number}, data", "is no object")
    texts = {name: _text(event, name, number) for name in known - {"data"}}
    if texts["type"] is None:
        raise NotPublishable(f"line {number}, type", "is missing")
    try:
        time = None if texts["time"] is None else datetime.fromisoformat(texts["time"])
    except ValueError as error:
        raise NotPublishable(f"line {number}, time", "is no instant") from error
    return branch.publish(
        texts["type"],
        data,
        subject=texts["subject"],
        time=time,
        device=texts["device"],
        event_id=texts["id"],
        correlation_id=texts["correlationid"],
        causation_id=texts["causationid"],
    ).event_id


def _text(event: dict[str, object], name: str, number: int) -> str | None:
    value = event.get(name)
    if value is not None and not isinstance(value, str):
        raise NotPublishable(f"line {number}, {name}", "is no text")
    return value


def _object(text: str, number: int) -> dict[str, object]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise NotPublishable(f"line {number}", f"is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise NotPublishable(f"line {number}", "is no JSON object")
    return found


def _send(asked: argparse.Namespace) -> int:
    with Branch(asked.directory) as branch:
        done = branch.deliver()
        print(f"{done.sent} answered, {done.refused} of them refused, {done.covered} let go")
    return 0


def _watch(asked: argparse.Namespace) -> int:
    ended = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: ended.set())
    with Branch(asked.directory) as branch:
        watch(branch, ended, lambda line: print(line, file=sys.stderr, flush=True))
    return 0


def _may_deliver(asked: argparse.Namespace) -> int:
    with Branch(asked.directory) as branch:
        if asked.fetch:
            branch.fetch_words()
        word = branch.may_deliver(asked.customer, asked.amount, asked.currency)
    age = "" if word.age is None else f" (by words {word.age.total_seconds() / 3600:.1f} hours old)"
    print(f"{word.verdict.value}: {word.reason}{age}")
    return 0 if word else _REFUSED


def _status(asked: argparse.Namespace) -> int:
    with Branch(asked.directory) as branch:
        found = branch.status()
    if asked.json:
        print(json.dumps(asdict(found), default=str, indent=2))
        return 0
    for line in _lines(found):
        print(line)
    return 0


def _lines(found: Status) -> list[str]:
    oldest = f", the oldest since {_moment(found.oldest_waiting)}" if found.oldest_waiting else ""
    lines = [
        f"{found.waiting} events wait{oldest}",
        f"{found.unconfirmed} were acknowledged and wait for their receipt",
        f"{found.refused} were refused: see `touchstone-branch refused`",
    ]
    for one in found.sources:
        lines.append(
            f"{one.source}: epoch {one.epoch}, next number {one.next}, {one.covered} let go"
        )
        if one.problem:
            lines.append(f"  mind: {one.problem}")
    if found.clock_ahead_s is not None:
        lines.append(f"the platform's clock is {found.clock_ahead_s:+.1f} s from this machine's")
    if found.line is not None and found.line_at is not None:
        lines.append(f"line: {found.line} ({_moment(found.line_at)})")
    return lines


def _moment(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S %Z}"


def _doctor(asked: argparse.Namespace) -> int:
    with Branch(asked.directory) as branch:
        findings: list[Finding] = examine(branch)
        if asked.heeded:
            branch.outbox.forget_problems()
    for one in findings:
        print(f"{'ok   ' if one.is_well else 'FAULT'} {one.about}: {one.said}")
    return 0 if all(one.is_well for one in findings) else _REFUSED


def _refused(asked: argparse.Namespace) -> int:
    with Branch(asked.directory) as branch:
        if asked.retry:
            branch.retry(asked.retry, _object(asked.data, 1) if asked.data else None)
        elif asked.discard:
            if not asked.reason:
                print("touchstone-branch: give --reason: it is kept", file=sys.stderr)
                return _USAGE
            branch.discard(asked.discard, asked.reason)
        else:
            for one in branch.refused():
                print(f"{one.event_id}  {one.event['type']}  {one.field}: {one.reason}")
                print(f"  {one.remedy}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
