"""An open store: its file, this process's ownership in it, and the thread that writes where none may wait.

What to write is decided in `_manager`; here it is only made sure that each step is taken, once and in order.
"""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from areion_orchestrator._log import Log
from areion_orchestrator.durable._liveness import Owner
from areion_orchestrator.durable._store import TaskStore
from areion_orchestrator.errors import StoreError

# How often to look for tasks that nobody here submitted: those of processes that died, and retries of theirs.
LOOK_EVERY = 2.0

# After a failed write, the next try follows in so many seconds.
_RETRY_EVERY = 1.0


class Session:
    """An open store, this process's ownership in it, and the thread that writes."""

    def __init__(self, path: Path, log: Log, *, power_safe: bool) -> None:
        self.store = TaskStore(path, power_safe=power_safe)
        self.owner = Owner(path)
        self.told: set[str] = set()
        self.taken = 0
        self.look: Callable[[], None] | None = None
        self._log = log
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="areion-store", daemon=True)
        self._thread.start()

    def do(self, step: Callable[[], None]) -> None:
        """Run a step in the store's thread, after those before it."""
        self._queue.put(step)

    def close(self) -> None:
        """Run the steps that are left, and give the file up."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join()
        self.owner.release()
        self.store.close()

    def _work(self) -> None:
        next_look = time.monotonic() + LOOK_EVERY
        while True:
            try:
                step = self._queue.get(timeout=max(0.0, next_look - time.monotonic()))
            except Empty:
                next_look = time.monotonic() + LOOK_EVERY
                step = self.look or _nothing
            if step is None:
                return
            self._carry_out(step)

    def _carry_out(self, step: Callable[[], None]) -> None:
        """Run one step until it succeeds: an outcome that is not written down would make a task run again."""
        while True:
            try:
                step()
            except StoreError as error:
                self._log.write("error", "%s; trying again in %.0f s", error, _RETRY_EVERY)
                if self._stopping.wait(_RETRY_EVERY):
                    return
            except Exception as error:  # noqa: BLE001 - the thread serves all the other tasks too
                self._log.write("error", "a step of the task store failed", error=error)
                return
            else:
                return


def _nothing() -> None:
    """Be a step when there is nothing to look for yet."""


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Entry:
    """Writes down the course of one task.

    Args:
        session: The open store.
        task: The task's number.
        now: Tells POSIX time.
        on_pause: Called in the store's thread when the task, one of another process, first gets out of the
            way of others: when it is over, or waits for another attempt.
    """

    def __init__(
        self,
        session: Session,
        task: int,
        now: Callable[[], float],
        on_pause: Callable[[], None] | None = None,
    ) -> None:
        self._session = session
        self._task = task
        self._now = now
        self._on_pause = on_pause

    def leave_room(self) -> None:
        on_pause, self._on_pause = self._on_pause, None
        if on_pause is not None:
            self._session.do(on_pause)

    def failed_once(self, attempt: int, pause: float) -> None:
        self.leave_room()
        self._do(self._session.store.postpone, attempt, self._now() + pause)

    def succeeded(self) -> None:
        self._do(self._session.store.remove)

    def failed(self, error: BaseException) -> None:
        self._do(self._session.store.fail, "".join(traceback.format_exception(error)))

    def cancelled(self) -> None:
        self._do(self._session.store.remove)

    def released(self) -> None:
        self._do(self._session.store.release)

    def _do(self, method: Callable[..., None], *args: Any) -> None:
        """Write a step down before the worker goes on: what a kill repeats is then only what was running."""
        step = partial(method, self._task, *args)
        if _on_event_loop():
            self._session.do(step)
            return
        try:
            step()
        except StoreError:
            self._session.do(step)  # which tries again until it succeeds


_inherited: list[Session] = []


def keep_inherited(session: Session) -> None:
    """Keep a parent's open store in a forked child, which must neither use nor close it (SQLite's rule)."""
    session.owner.forget()
    _inherited.append(session)
