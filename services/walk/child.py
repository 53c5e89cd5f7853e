"""A child of the process that walks: it does one part after the other in a loop of its own."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import msgspec
import structlog
import uvloop
from msgspec import Struct

from services.errors import TouchstoneError
from services.postgres.pool import Pool, open_pool
from services.walk.engine import Answer, PartWorker, Task
from services.walk.parts import Part

_MUCH = 500_000
"""Containers made and not freed: some tens of megabytes, if they are garbage."""

_READ_BYTES = 1 << 16

_LOG = structlog.get_logger(__name__)


class Said(Struct, frozen=True):
    """What a child says to a part."""

    answer: Answer
    ends: bool = False  # it takes no further part


class Child:
    """A child as its parent knows it: where parts go in and answers come out."""

    def __init__(self, pid: int, parts: int, answers: int) -> None:
        self.answers = answers
        self.part: Part | None = None  # that it works on
        self._pid = pid
        self._parts = parts
        self._dismissed = False

    @classmethod
    def forked(cls, task: Task, others: Iterable[Child]) -> Child:
        """Return a new child of this process, which must have no loop, thread or connection."""
        parts_in, parts_out = os.pipe()
        answers_in, answers_out = os.pipe()
        pid = os.fork()
        if pid == 0:
            # What it inherits of its siblings would keep them from finding their parent gone.
            for fd in (parts_out, answers_in, *(fd for one in others for fd in one._fds)):
                os.close(fd)
            _be_child(task, parts_in, answers_out)
        os.close(parts_in)
        os.close(answers_out)
        return cls(pid, parts_out, answers_in)

    @property
    def _fds(self) -> tuple[int, ...]:
        return (self.answers,) if self._dismissed else (self.answers, self._parts)

    def give(self, part: Part) -> None:
        """Have it do a part."""
        self.part = part
        with suppress(BrokenPipeError):  # it ended, as the end of its answers tells next
            os.write(self._parts, msgspec.json.encode(part) + b"\n")

    def dismiss(self) -> None:
        """Have it end when it is done."""
        if not self._dismissed:
            os.close(self._parts)
            self._dismissed = True

    def kill(self) -> None:
        """End it where it is, and wait for that."""
        os.kill(self._pid, signal.SIGKILL)
        self.wait()

    def wait(self) -> str:
        """Wait until it has ended; return how."""
        self.dismiss()
        os.close(self.answers)
        code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"


def _be_child(task: Task, parts: int, answers: int) -> NoReturn:
    """Do parts until there are no more; nothing of the parent's stack is ever returned to."""
    code = 1
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1):
            os.dup2(nothing, standard)
        gc.disable()
        uvloop.run(_serve(task, parts, answers))
        code = 0
    except BaseException:
        _LOG.exception("walk_process_failed")
        raise
    finally:
        sys.stderr.flush()
        os._exit(code)  # the garbage it made is not to be looked through


async def _serve(task: Task, parts: int, answers: int) -> None:
    given = _Given(parts)
    with os.fdopen(answers, "wb") as answering:

        def say(said: Said) -> None:
            answering.write(msgspec.json.encode(said) + b"\n")
            answering.flush()

        try:
            async with await open_pool(task.dsn, max_size=2) as pool:
                worker = made_worker(task, pool)
                while part := await given.next():
                    answer = await _answer(worker, part)
                    given.answered()
                    ends = gc.get_count()[0] > _MUCH
                    say(Said(answer, ends))
                    if ends:
                        return
        except TouchstoneError as error:
            say(Said(Answer(error=str(error), exit_code=error.exit_code)))


class _Given:
    """The parts that the parent gives, one at a time; without a parent, this process ends."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._begun = b""
        self._at_work = False
        self._parts: asyncio.Queue[Part | None] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(fd, self._read)

    async def next(self) -> Part | None:
        """Return the next part; None: there are no more."""
        part = await self._parts.get()
        self._at_work = part is not None
        return part

    def answered(self) -> None:
        """Take note that no part is at hand."""
        self._at_work = False

    def _read(self) -> None:
        data = os.read(self._fd, _READ_BYTES)
        if not data:
            if self._at_work:
                os._exit(1)  # nobody waits for the part any more
            asyncio.get_running_loop().remove_reader(self._fd)
            self._parts.put_nowait(None)
            return
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            self._parts.put_nowait(msgspec.json.decode(line, type=Part))


def made_worker(task: Task, pool: Pool) -> PartWorker[object]:
    """Return the task's worker over a pool of this process."""
    module, _, name = task.worker.partition(":")
    made: Any = getattr(import_module(module), name)
    argument = inspect.signature(made, eval_str=True).parameters["argument"].annotation
    worker: PartWorker[object] = made(msgspec.json.decode(task.argument, type=argument), pool)
    return worker


async def _answer(worker: PartWorker[object], part: Part) -> Answer:
    try:
        return Answer(msgspec.Raw(msgspec.json.encode(await worker.walk(part))))
    except TouchstoneError as error:
        return Answer(error=str(error), exit_code=error.exit_code)
    except Exception as error:  # noqa: BLE001 - told to whoever asked, who ends the walk by it
        _LOG.exception("part_failed", part=part.part)
        return Answer(error=f"{type(error).__name__}: {error}", exit_code=1)
