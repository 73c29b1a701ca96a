"""Durable tasks: from a submission or a dead process's leavings to a result, each step written down.

Submissions are written in the caller's thread, so that what has been submitted is safe when the call returns;
outcomes of sync tasks in their worker. All else that touches the file runs in a thread of its own: no event loop
waits for a disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from areion_orchestrator._calls import Call
from areion_orchestrator._log import Log
from areion_orchestrator._registry import TaskRegistry
from areion_orchestrator._runner import TaskRunner
from areion_orchestrator._tasks import TaskOptions
from areion_orchestrator.durable._arguments import decode, encode
from areion_orchestrator.durable._session import Entry, Session, keep_inherited
from areion_orchestrator.durable._store import FailedTask, StoredTask
from areion_orchestrator.errors import OrchestratorError, ShutdownError, StoreError
from areion_orchestrator.job import Firing

# A task during which the process died so often is what kills it; it is set aside as failed.
MOST_STARTS = 20


class DurableTasks:
    """The durable side of an orchestrator.

    Args:
        path: The store's file.
        registry: The functions that may be stored.
        log: Where to write what is noteworthy.
        ahead: How many tasks of others to take at a time.
        power_safe: As for `TaskStore`.
        now: Tells POSIX time.
    """

    def __init__(
        self,
        path: Path,
        registry: TaskRegistry,
        log: Log,
        ahead: int,
        *,
        power_safe: bool,
        now: Callable[[], float],
    ) -> None:
        self._path = path
        self._registry = registry
        self._log = log
        self._ahead = ahead
        self._power_safe = power_safe
        self._now = now
        self._lock = threading.Lock()
        self._session: Session | None = None

    def submit(self, runner: TaskRunner, call: Call, options: TaskOptions) -> Future[Any]:
        """Write a task down, then run it.

        Raises:
            ArgumentError: An argument is not JSON.
            StoreError: It cannot be written down.
            QueueFullError: Too much is unfinished.
            ShutdownError: The runner is closed.
        """
        arguments = encode(options.name, call.args, call.kwargs)
        session = self._open()
        task = session.store.add(options.name, arguments, session.owner.id, self._now())
        args, kwargs = decode(arguments)
        call = call._replace(args=args, kwargs=kwargs)
        try:
            return runner.run(call, options=options, journal=Entry(session, task, self._now))
        except OrchestratorError:
            session.store.remove(task)
            raise

    def start(self, runner: TaskRunner) -> None:
        """Begin to run what other processes left behind.

        Raises:
            StoreError: The file cannot be used.
        """
        session = self._open()
        session.look = partial(self._look, session, runner)
        session.do(session.look)

    def settle(self, timeout: float) -> None:
        """Wait until the steps asked for so far are taken, for at most `timeout` seconds."""
        with self._lock:
            session = self._session
        if session is not None:
            settled = threading.Event()
            session.do(settled.set)
            settled.wait(timeout)

    def close(self, *, leave_running: bool) -> None:
        """Write down what is left to write, and close the file.

        Args:
            leave_running: Whether tasks still run in threads that were abandoned. Then the file stays open
                and this process the owner of those tasks, as long as it lives.
        """
        with self._lock:
            session, self._session = self._session, None
        if session is None:
            return
        session.look = None
        if not leave_running:
            session.close()

    def forget(self) -> None:
        """Begin anew in a forked child: the file and the lock are the parent's."""
        self._lock = threading.Lock()
        session, self._session = self._session, None
        if session is not None:
            keep_inherited(session)

    def failed_tasks(self) -> list[FailedTask]:
        """Return the tasks that failed for good."""
        return self._open().store.failed()

    def retry(self, task: int) -> bool:
        """Offer a failed task again; return whether there was one."""
        session = self._open()
        revived = session.store.revive(task, self._now())
        if revived and session.look is not None:
            session.do(session.look)
        return revived

    def discard(self, task: int) -> bool:
        """Forget a failed task; return whether there was one."""
        return self._open().store.discard(task)

    def see_job(self, job: str, cron: str) -> float:
        """Note that a job exists; return since when its firings count, in POSIX seconds."""
        return self._open().store.see_job(job, cron, self._now())

    def run_job(self, runner: TaskRunner, firing: Firing, call: Call) -> Future[Any]:
        """Run a firing of a job if no other process took it; the future is cancelled if one did."""
        session = self._open()
        outer: Future[Any] = Future()
        options = self._registry.find(call.func)
        durable = options is not None and options.durable
        task = (options.name, encode(options.name, call.args, call.kwargs)) if options and durable else None

        def launch(number: int | None) -> Future[Any]:
            journal = None if number is None else Entry(session, number, self._now)
            return runner.run(call, options=options, journal=journal, job_run=True)

        session.do(partial(self._take_run, session, outer, firing, task, launch))
        return outer

    def _open(self) -> Session:
        with self._lock:
            if self._session is None:
                self._session = Session(self._path, self._log, power_safe=self._power_safe)
            return self._session

    def _look(self, session: Session, runner: TaskRunner) -> None:
        """Recover what dead processes had taken, and take what is offered."""
        store, owner = session.store, session.owner
        for other in store.owners() | set(owner.others()):
            if not owner.is_alive(other):
                count = store.recover(other)
                if count:
                    text = "%d tasks of a process that died are taken over from %s"
                    self._log.write("warning", text, count, self._path)
        room = self._ahead - session.taken
        if room <= 0:
            return
        self._tell_unknown(session)
        for task in store.take(self._registry.durable_names, room, owner.id, self._now()):
            self._run_stored(session, runner, task)

    def _tell_unknown(self, session: Session) -> None:
        unknown = session.store.names_offered() - set(self._registry.durable_names) - session.told
        if unknown:
            session.told |= unknown
            text = "%s holds tasks of functions that are not registered here, and stay: %s"
            self._log.write("warning", text, self._path, ", ".join(sorted(unknown)))

    def _run_stored(self, session: Session, runner: TaskRunner, task: StoredTask) -> None:
        found = self._registry.by_name(task.name)
        if found is None:
            raise AssertionError("only tasks of registered names are taken")
        if task.starts > MOST_STARTS:
            text = f"the process died {task.starts - 1} times while it ran this task"
            session.store.fail(task.id, text)
            self._log.write("error", "durable task %d %r is set aside: %s", task.id, task.name, text)
            return
        func, options = found
        args, kwargs = decode(task.arguments)
        entry = Entry(session, task.id, self._now, on_pause=partial(self._done_with_one, session))
        try:
            call = Call(func, args, kwargs, Context())
            future = runner.run(call, options=options, journal=entry, attempts=task.attempts)
        except OrchestratorError:
            session.store.release(task.id)
            return
        session.taken += 1
        future.add_done_callback(lambda _: entry.leave_room())

    def _done_with_one(self, session: Session) -> None:
        session.taken -= 1
        if session.taken <= self._ahead // 2 and session.look is not None:
            session.look()

    def _take_run(
        self,
        session: Session,
        outer: Future[Any],
        firing: Firing,
        task: tuple[str, str] | None,
        launch: Callable[[int | None], Future[Any]],
    ) -> None:
        owner = session.owner
        try:
            taken = session.store.take_run(
                firing.job, firing.due, owner.id, firing.most, owner.is_alive, task, self._now()
            )
        except StoreError as error:
            outer.set_exception(error)
            return
        if taken.refusal is not None:
            if taken.refusal == "running":
                text = "job %r: the run due at %s is skipped, another process is still at it (max_instances)"
                self._log.write("warning", text, firing.job, datetime.fromtimestamp(firing.due, UTC))
            outer.cancel()
            return
        end = partial(session.do, partial(session.store.end_run, firing.job, firing.due, owner.id))
        try:
            inner = launch(taken.task)
        except OrchestratorError as error:
            end()
            if taken.task is not None:
                session.store.release(taken.task)
            outer.set_exception(error)
            return

        def finish(done: Future[Any]) -> None:
            end()
            session.do(partial(_copy, outer, done))  # not before the others may take the next firing

        inner.add_done_callback(finish)


def _copy(outer: Future[Any], inner: Future[Any]) -> None:
    """Give one future the outcome of another."""
    if inner.cancelled():
        outer.set_exception(ShutdownError("the run was cancelled", task="cron job"))
    elif (error := inner.exception()) is not None:
        outer.set_exception(error)
    else:
        outer.set_result(inner.result())
