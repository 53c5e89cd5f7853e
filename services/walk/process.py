"""The process that does a walk's parts, by children of its own.

    python -m services.walk.process

Standard input gives the task as one line of JSON; each of its parts is answered by a line on
standard output. What all parts need is imported here once and for all; then children are forked,
before there is any loop, thread or connection, and each makes its own. A child never collects
cyclic garbage: it ends once it has made much of it, and a fresh one takes its place.

The end of the input, which also comes when whoever reads the answers was killed, ends the process
and the children at once; when this process is killed, the children end as they find out.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import sys
from collections import deque
from importlib import import_module

import msgspec
from msgspec import Struct

from events.codec import make_all_readers
from services.errors import Unavailable
from services.telemetry import configure_logging
from services.walk.child import Child, Said
from services.walk.engine import Answer, Task

_READ_BYTES = 1 << 16


class _Line(Struct):
    """What one child said so far of a line."""

    child: Child
    begun: bytearray


class Crew:
    """Children that share the parts of a task."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._parts = deque(task.parts)
        self._children: set[Child] = set()
        self._selector = selectors.DefaultSelector()

    def work(self) -> None:
        """Answer every part, or the first that cannot be done by why it cannot."""
        self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        for _ in range(min(self._task.processes, len(self._parts))):
            self._fork()
        try:
            while self._children and self._heard():
                pass
        finally:
            for child in self._children:
                child.kill()

    def _fork(self) -> None:
        child = Child.forked(self._task, others=self._children)
        self._children.add(child)
        self._selector.register(child.answers, selectors.EVENT_READ, _Line(child, bytearray()))
        child.give(self._parts.popleft())

    def _heard(self) -> bool:
        """Take in what was said; return whether to go on."""
        for key, _ in self._selector.select():
            if key.data is None:
                return False  # nobody reads the answers any more
            if not self._hear(key.data):
                return False
        return True

    def _hear(self, line: _Line) -> bool:
        data = os.read(line.child.answers, _READ_BYTES)
        if not data:
            return self._ended(line.child)
        line.begun += data
        if not data.endswith(b"\n"):
            return True
        said = msgspec.json.decode(bytes(line.begun), type=Said)
        line.begun.clear()
        line.child.part = None
        _say(said.answer)
        if self._parts and not said.ends:
            line.child.give(self._parts.popleft())
        else:
            line.child.dismiss()
        return said.answer.error is None

    def _ended(self, child: Child) -> bool:
        """Take note that a child ended, which a fresh one replaces; return whether to go on."""
        self._selector.unregister(child.answers)
        self._children.remove(child)
        how = child.wait()
        if child.part is not None:
            before = f"before its part {child.part.part} was done; run the command again"
            error = f"a process of the walk {how} {before}"
            _say(Answer(error=error, exit_code=Unavailable.exit_code, broken=True))
            return False
        if self._parts:
            self._fork()
        return True


def _say(answer: Answer) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Read the task and work on it until it is done or nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks is told too, and ends the input
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=Task)
    import_module(task.worker.partition(":")[0])
    make_all_readers()
    gc.collect()
    gc.freeze()
    Crew(task).work()


if __name__ == "__main__":
    configure_logging()
    main()
