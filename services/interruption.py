"""SIGINT and SIGTERM end every command in good order, however it was started."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine
from typing import TypeVar

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE_S = 1.0
"""How long a command may compute or wait for input before it is stopped there."""

T = TypeVar("T")


def heed_signals() -> None:
    """Have SIGINT and SIGTERM interrupt this process.

    A script's background job starts with SIGINT ignored, and a process keeps what it was started
    with. What serves until it is told to end takes both signals itself.
    """
    for signum in _SIGNALS:
        signal.signal(signum, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def run_async(work: Coroutine[object, object, T]) -> T:
    """Run to the end, or until a signal: then work is cancelled, and tidies up.

    Work that is not waiting for the loop, such as one that reads standard input, cannot hear of
    it: after a moment it is interrupted where it is. Raises: KeyboardInterrupt.
    """
    import uvloop  # with the loop itself: commands that wait for nothing need neither

    if threading.current_thread() is not threading.main_thread():
        return uvloop.run(work)  # signals come to the main thread, and to whoever works there
    interruption = _Interruption()
    before = {signum: signal.getsignal(signum) for signum in _SIGNALS}
    try:
        return uvloop.run(interruption.heeded_by(work))
    except asyncio.CancelledError:
        if interruption.told:
            raise KeyboardInterrupt from None
        raise
    finally:
        interruption.end()
        for signum, handler in before.items():
            signal.signal(signum, handler)


class _Interruption:
    """Cancels the work of a loop when a signal comes, and insists if it does not hear."""

    def __init__(self) -> None:
        self.told = False
        self._heard = False
        self._interrupted = False

    async def heeded_by(self, work: Coroutine[object, object, T]) -> T:
        """Return what the work returns. Raises: CancelledError, after a signal."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def cancel() -> None:
            if not self._interrupted:  # else it tidies up already
                self._heard = True
                task.cancel()

        def tell(*_: object) -> None:
            self.told = True
            loop.call_soon_threadsafe(cancel)
            signal.signal(signal.SIGALRM, self._insist)
            signal.setitimer(signal.ITIMER_REAL, _PATIENCE_S)

        for signum in _SIGNALS:
            signal.signal(signum, tell)
        return await work

    def _insist(self, *_: object) -> None:
        if not self._heard:
            self._interrupted = True
            raise KeyboardInterrupt

    def end(self) -> None:
        """Insist no more."""
        if self.told:
            signal.setitimer(signal.ITIMER_REAL, 0)
