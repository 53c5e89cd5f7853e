"""Nothing lost, nothing twice, order kept: whatever befalls the line, the disk and the program."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from touchstone_branch import Branch
from touchstone_branch.errors import LineDown
from touchstone_branch.settings import Settings, write_settings
from touchstone_branch.testing import FakePlatform, opened

SOURCE = "/branches/SH-01/till-3"

Course = list[tuple[str, int]]

STEPS = st.one_of(
    st.tuples(st.just("publish"), st.integers(1, 4)),
    st.tuples(st.sampled_from(["send", "lose answer", "lose request", "restart"]), st.just(0)),
    st.tuples(st.sampled_from(["copy", "restore", "install anew"]), st.just(0)),
)


class Life:
    """A branch and all that befalls it; `published` is what its own history now holds."""

    def __init__(self, folder: Path) -> None:
        self.platform = FakePlatform()
        self.directory, self.copy = folder / "branch", folder / "copy"
        self._install()
        self.published: list[str] = []
        self.remembered: list[str] = []  # when the copy was made
        self.branch = opened(self.directory, self.platform)
        self._copied()

    def _install(self) -> None:
        said = Settings("http://127.0.0.1:9", "SH-01", "till-3", self.platform.verifier)
        write_settings(self.directory, said, "tsk_x")

    def _copied(self) -> None:
        self.branch.close()
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.directory, self.copy)
        self.remembered = list(self.published)
        self.branch = opened(self.directory, self.platform)

    def _replaced(self) -> None:
        self.branch.close()
        shutil.rmtree(self.directory)

    def step(self, word: str, count: int) -> None:
        match word:
            case "publish":
                for _ in range(count):
                    data: dict[str, object] = {"n": len(self.published)}
                    self.published.append(self.branch.publish("visit.made", data).event_id)
            case "restart":
                self.branch.close()
                self.branch = opened(self.directory, self.platform)
            case "copy":
                self._copied()
            case "restore":
                self._replaced()
                shutil.copytree(self.copy, self.directory)
                self.published = list(self.remembered)
                self.branch = opened(self.directory, self.platform)
            case "install anew":
                self._replaced()
                self._install()
                self.published = []
                self.branch = opened(self.directory, self.platform)
            case _:
                self.platform.cuts = {"lose answer": ["after"], "lose request": ["before"]}.get(
                    word, []
                )
                self.send()

    def send(self) -> None:
        try:
            self.branch.deliver()
        except LineDown:
            assert not self.platform.cuts

    def check(self) -> None:
        """Everything that the branch remembers is on the platform, once and in order."""
        self.platform.cuts = []
        self.branch.deliver()
        taken = self.platform.taken(SOURCE)
        assert len(taken) == len(set(taken))
        ours = set(self.published)
        assert [one for one in taken if one in ours] == self.published
        status = self.branch.status()
        assert (status.waiting, status.unconfirmed, status.refused) == (0, 0, 0)
        self.branch.close()


@given(st.lists(STEPS, max_size=14))
@settings(max_examples=60, deadline=None)
def test_whatever_befalls_it_all_that_a_branch_knows_arrives_once_and_in_order(
    course: Course,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder))
        for word, count in course:
            life.step(word, count)
        life.check()


@pytest.mark.parametrize(
    "course",
    [
        [("publish", 3), ("copy", 0), ("send", 0), ("publish", 2), ("send", 0), ("restore", 0),
         ("publish", 4)],
        [("publish", 3), ("send", 0), ("install anew", 0), ("publish", 2)],
        [("publish", 5), ("copy", 0), ("lose answer", 0), ("restore", 0), ("publish", 1)],
        [("publish", 2), ("send", 0), ("copy", 0), ("publish", 9), ("send", 0), ("restore", 0),
         ("publish", 3), ("restart", 0), ("lose answer", 0), ("publish", 1), ("restore", 0)],
    ],
    ids=["restored from last week", "disk swapped", "copied before a lost answer", "twice"],
)  # fmt: skip
def test_a_course_that_happens(tmp_path: Path, course: Course) -> None:
    life = Life(tmp_path)
    for word, count in course:
        life.step(word, count)
    life.check()


def test_both_sides_notice_that_an_outbox_is_old(tmp_path: Path) -> None:
    life = Life(tmp_path)
    for word, count in [("publish", 3), ("send", 0), ("restore", 0), ("publish", 1), ("send", 0)]:
        life.step(word, count)
    [known] = life.branch.status().sources
    assert (known.epoch, known.sent) == (2, 1)
    assert known.problem is not None
    assert "restored" in known.problem
    assert life.platform.by_number[SOURCE, 2, 1] == life.published[-1]


def test_a_platform_that_lost_what_it_signed_for_is_told_and_gets_what_is_there(
    branch: Branch, platform: FakePlatform
) -> None:
    kept = branch.publish("visit.made", {}).event_id
    branch.deliver()
    waiting = branch.publish("visit.made", {}).event_id
    platform.by_number.clear()  # restored from a copy of before
    platform.by_id.clear()
    branch.outbox.note_answers([row.n for row in branch.outbox.waiting(SOURCE)], [])
    branch._sending()._agreed.clear()
    branch.deliver()
    assert platform.taken(SOURCE) == [waiting]
    [known] = branch.status().sources
    assert known.problem is not None
    assert "acknowledged" in known.problem
    assert kept not in platform.by_id, "it has left the outbox: only the platform's copy has it"


def test_two_machines_with_one_disks_copy_lose_nothing(tmp_path: Path) -> None:
    """Both think that they are the device; each gets numbers that the other has not."""
    life = Life(tmp_path)
    life.step("publish", 2)
    life._copied()
    other = opened(life.copy, life.platform)
    ids = list(life.published)
    for number in range(6):
        for one in (life.branch, other):
            ids.append(one.publish("visit.made", {"n": number}).event_id)
            one.deliver()
    assert sorted(life.platform.taken(SOURCE)) == sorted(ids)
    other.close()
    life.branch.close()
