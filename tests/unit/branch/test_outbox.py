"""What an outbox keeps, refuses and lets go of."""

import ast
import shutil
import sqlite3
import sys
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest

import touchstone_branch
from touchstone_branch import (
    Branch,
    DiskFull,
    NotInstalled,
    NotPublishable,
    OutboxUnusable,
    SenderBusy,
)
from touchstone_branch.agent import main
from touchstone_branch.errors import LineDown
from touchstone_branch.locks import sending_alone
from touchstone_branch.outbox import Outbox
from touchstone_branch.platform import Answer
from touchstone_branch.testing import FakePlatform, opened

SOURCE = "/branches/SH-01/till-3"


def publish(branch: Branch, number: int) -> str:
    data: dict[str, object] = {"payment_id": f"P-{number}"}
    return branch.publish("payment.payment_received", data, subject="C-1").event_id


def test_it_needs_nothing_of_the_server_and_little_else() -> None:
    allowed = {*sys.stdlib_module_names, "cryptography", "touchstone_branch"}
    folder = Path(touchstone_branch.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            assert {name.partition(".")[0] for name in names} <= allowed, path


def test_what_waits_is_delivered_in_order_and_leaves_by_a_receipt(
    branch: Branch, platform: FakePlatform
) -> None:
    ids = [publish(branch, number) for number in range(1_203)]
    done = branch.deliver()
    assert (done.sent, done.covered) == (1_203, 1_203)
    assert [str(event["id"]) for event in platform.events] == ids
    assert [event["sequence"] for event in platform.events] == list(range(1, 1_204))
    status = branch.status()
    assert (status.waiting, status.unconfirmed, status.refused) == (0, 0, 0)
    assert status.line == "up"
    assert status.sources[0].receipt is not None


def test_an_event_survives_the_program(directory: Path, platform: FakePlatform) -> None:
    with opened(directory, platform) as branch:
        event_id = publish(branch, 1)
    with opened(directory, platform) as branch:
        branch.deliver()
    assert platform.taken(SOURCE) == [event_id]


def test_acknowledged_and_not_covered_stays(branch: Branch, platform: FakePlatform) -> None:
    """The line goes down between answer and receipt."""
    publish(branch, 1)
    receipt, asked = platform.receipt, 0

    def once(*given: object, **named: object) -> str:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise LineDown("no receipt")
        return receipt(*given, **named)  # type: ignore[arg-type]

    platform.receipt = once  # type: ignore[method-assign]
    with pytest.raises(LineDown):
        branch.deliver()
    assert branch.status().unconfirmed == 1
    platform.receipt = receipt  # type: ignore[method-assign]
    assert branch.deliver().covered == 1


def bounded(platform: FakePlatform, most: int) -> None:
    """Have a platform fail the test where it is asked for receipts without end."""
    receipt = platform.receipt

    def asked(*given: object, **named: object) -> str:
        assert platform.receipts < most, "it goes round in a circle"
        return receipt(*given, **named)  # type: ignore[arg-type]

    platform.receipt = asked  # type: ignore[method-assign]


def test_anothers_event_under_a_refused_ones_number_keeps_nothing_here(
    branch: Branch, platform: FakePlatform
) -> None:
    """A copy of the disk sent an event of its own under the number that was refused here."""
    for number in range(3):
        publish(branch, number)
    [first, second, third] = branch.outbox.waiting(SOURCE)
    branch.outbox.note_sending(SOURCE, 3)
    why = '{"code": "malformed", "field": "data", "reason": "-", "remedy": "-"}'
    branch.outbox.note_answers([first.n, third.n], [(second.n, why)])
    ids = [first.event_id, str(uuid4()), third.event_id]
    platform.by_number = {(SOURCE, 1, n): one for n, one in enumerate(ids, 1)}
    bounded(platform, 20)
    assert branch.deliver().covered == 2
    assert [one.event_id for one in branch.refused()] == [second.event_id]
    assert branch.status().sources[0].problem is None


def test_a_platform_that_holds_nothing_it_acknowledged_is_left_alone_for_a_while(
    branch: Branch, platform: FakePlatform
) -> None:
    take = platform.publish

    def forgetful(events: Sequence[Mapping[str, object]]) -> list[Answer]:
        answers = take(events)
        platform.by_number.clear()
        platform.by_id.clear()
        return answers

    platform.publish = forgetful  # type: ignore[method-assign]
    bounded(platform, 20)
    publish(branch, 1)
    with pytest.raises(LineDown, match="receipts do not name"):
        branch.deliver()
    assert branch.status().waiting == 1
    platform.publish = take  # type: ignore[method-assign]
    assert branch.deliver().covered == 1


def test_a_refused_event_is_set_aside_and_blocks_nothing(
    branch: Branch, platform: FakePlatform
) -> None:
    def wrong(event: Mapping[str, object]) -> Answer | None:
        bad = event["data"] == {"payment_id": "P-1"}
        return (
            Answer("refused", "malformed", "data.amount", "is missing", "give it") if bad else None
        )

    platform.refuse = wrong
    ids = [publish(branch, number) for number in range(3)]
    branch.deliver()
    assert platform.taken(SOURCE) == [ids[0], ids[2]]
    [one] = branch.refused()
    assert (one.event_id, one.field, one.remedy) == (ids[1], "data.amount", "give it")
    assert branch.deliver().sent == 0

    branch.retry(ids[1], {"payment_id": "P-1", "amount": 5})
    branch.deliver()
    assert platform.taken(SOURCE) == ids
    assert branch.refused() == []
    with pytest.raises(NotPublishable):
        branch.discard(ids[1], "gone already")


def test_a_discarded_event_is_kept_with_its_reason(branch: Branch, platform: FakePlatform) -> None:
    platform.refuse = lambda _: Answer("refused", "malformed", "type", "is no touchpoint", "-")
    event_id = publish(branch, 1)
    branch.deliver()
    branch.discard(event_id, "sent by a test")
    assert branch.refused() == []
    [one] = branch.outbox.set_aside(discarded=True)
    assert one.remedy == "sent by a test"


def test_the_same_event_published_again_by_its_id_is_one(
    branch: Branch, platform: FakePlatform
) -> None:
    given = uuid4()
    first = branch.publish("visit.made", {"minutes": 5}, event_id=given)
    assert branch.publish("visit.made", {"minutes": 5}, event_id=given) == first
    branch.deliver()
    assert branch.publish("visit.made", {"minutes": 5}, event_id=given) == first
    with pytest.raises(NotPublishable, match="another event"):
        branch.publish("visit.made", {"minutes": 6}, event_id=given)
    assert branch.deliver().sent == 0
    assert len(platform.events) == 1


def test_what_cannot_be_published_is_told_at_once(branch: Branch) -> None:
    naive = datetime(2026, 3, 6, 17, 12, tzinfo=UTC).replace(tzinfo=None)
    wrongs: dict[str, Callable[[], object]] = {
        "type": lambda: branch.publish("payment", {}),
        "data": lambda: branch.publish("visit.made", {"minutes": float("nan")}),
        "subject": lambda: branch.publish("visit.made", {}, subject=""),
        "event_id": lambda: branch.publish("visit.made", {}, event_id="7"),
        "time": lambda: branch.publish("visit.made", {}, time=naive),
    }
    for field, wrong in wrongs.items():
        with pytest.raises(NotPublishable) as told:
            wrong()
        assert told.value.field == field
    assert branch.status().waiting == 0


def test_with_too_little_room_nothing_is_taken(
    branch: Branch, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(branch, 1)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1024 * 1024 + 100))
    with pytest.raises(DiskFull, match="not taken"):
        publish(branch, 2)
    assert branch.deliver().covered == 1, "the reserve is for sending what is there"


def test_a_full_disk_takes_nothing_half(branch: Branch) -> None:
    publish(branch, 1)
    pages = branch.outbox._db.execute("PRAGMA page_count").fetchone()[0]
    branch.outbox._db.execute(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        for number in range(2, 1_000):
            publish(branch, number)

    with pytest.raises(DiskFull):
        fill()
    held = branch.status().waiting
    branch.outbox._db.execute("PRAGMA max_page_count = 100000")
    assert branch.publish("visit.made", {}).sequence == held + 1, "no number was lost"


def test_power_cut_at_a_commit_loses_nothing_that_was_returned(branch: Branch) -> None:
    assert branch.outbox._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert branch.outbox._db.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_one_sends_at_a_time_and_all_publish(directory: Path, platform: FakePlatform) -> None:
    with opened(directory, platform) as one, opened(directory, platform) as other:
        with sending_alone(directory), pytest.raises(SenderBusy):
            one.deliver()
        threads = [
            Thread(target=lambda b=b: [publish(b, n) for n in range(50)]) for b in (one, other, one)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        other.deliver()
    numbers = [event["sequence"] for event in platform.events]
    assert numbers == list(range(1, 151))


def test_another_branchs_disk_is_not_published_from(branch: Branch, directory: Path) -> None:
    branch.close()
    with pytest.raises(OutboxUnusable, match="SH-01"):
        Outbox(directory, "SH-02", "http://127.0.0.1:9")


def test_a_damaged_file_and_an_empty_directory_are_told(directory: Path, tmp_path: Path) -> None:
    (directory / "outbox.sqlite").write_bytes(b"SQLite format 4" * 100)
    with pytest.raises(OutboxUnusable):
        Branch(directory)
    with pytest.raises(NotInstalled, match="install"):
        Branch(tmp_path)


def test_a_newer_outbox_is_left_alone(branch: Branch, directory: Path) -> None:
    branch.close()
    with sqlite3.connect(directory / "outbox.sqlite") as db:
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(OutboxUnusable, match="newer"):
        Branch(directory)


def test_what_befell_a_device_is_told_until_somebody_has_heeded_it(
    branch: Branch, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(branch, 1)
    branch.outbox.note_problem(SOURCE, "it was copied")
    for _ in range(2):
        main(["doctor", str(directory)])
        assert "it was copied" in capsys.readouterr().out
    main(["doctor", str(directory), "--heeded"])
    assert "it was copied" in capsys.readouterr().out
    main(["doctor", str(directory)])
    assert "it was copied" not in capsys.readouterr().out


def test_an_outbox_of_the_format_before_goes_on(directory: Path, platform: FakePlatform) -> None:
    with opened(directory, platform) as branch:
        publish(branch, 1)
    with sqlite3.connect(directory / "outbox.sqlite") as db:
        db.execute("DROP TABLE ordered")
        db.execute("PRAGMA user_version = 1")
    with opened(directory, platform) as branch:
        assert branch.deliver().covered == 1


def test_what_cannot_be_read_is_told_as_what_cannot_be_written(branch: Branch) -> None:
    branch.outbox._db.execute("DROP TABLE events")
    for look in (branch.status, branch.refused, branch.outbox.busy_sources):
        with pytest.raises(OutboxUnusable, match="events"):
            look()
