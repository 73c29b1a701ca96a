"""Coroutines of handlers begun at once, each in a task; most of them are done before they need one of their own.

Making a task costs more than all that it does for a coroutine that never waits. So one is kept in reserve: a
coroutine takes its first step as that task, and if it is done then, the task stays in reserve. If it waits, the
task goes on with it, and another is made for the next. A handler cannot tell the difference: ``current_task``,
timeouts, cancellation, names and context variables are those of a task of its own. A task that somebody has
kept, cancelled, named or waits for is not used again, and ends as its coroutine did.

The one thing that tells them apart is a weak reference to a task that nobody has kept otherwise: it outlives the
coroutine.

``asyncio.Task(eager_start=True)`` does the same at twice the price, and needs Python 3.12. What this rests on
is what asyncio offers to makers of tasks and futures ("Extending", in its documentation).
"""

from __future__ import annotations

import asyncio
import sys
from asyncio import AbstractEventLoop, Task
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Final

from areion_http._reserve import HandlerTask, Reserve, become, touch

#: What :meth:`Handling.begin` returns of a coroutine that waits.
WAITS: Final = object()

# Where references are not counted, every task is one that somebody may have kept.
_references: Final[Callable[[object], int]] = getattr(sys, "getrefcount", lambda _: sys.maxsize)


class Handling:
    """Begins the coroutines of handlers, for all connections of a server.

    Args:
        loop: The loop that serves.
    """

    __slots__ = ("_loop", "_making", "_spare", "_usual", "_waiting")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        # What holds the task in reserve, while no coroutine takes its first step as that.
        self._spare: Reserve | None = None
        self._making: Reserve | None = None
        self._waiting: Task[Any] | None = None
        # References to a task that nobody has kept.
        self._usual = 0

    def begin(self, coroutine: Coroutine[Any, Any, Any], context: Context) -> Any:
        """Run a coroutine in ``context`` until it ends or waits.

        Returns:
            Its result; :data:`WAITS` if it waits: then :meth:`take` gives its task.

        Raises:
            BaseException: What the coroutine raises before it waits; CancelledError if it has cancelled itself.
        """
        # PERF: a part of the life of nearly every request.
        reserve = self._spare
        if reserve is None:
            reserve = self._make()
            if reserve is None:
                self._waiting = self._loop.create_task(coroutine, context=context)
                return WAITS
        self._spare = None
        reserve.coroutine = coroutine
        reserve.context = context
        task = reserve.task
        loop = self._loop
        outer = become(loop, task)
        try:
            result = context.run(reserve.step, coroutine)
        except BaseException as error:
            become(loop, outer)
            if task.touched or _references(task) > self._usual:
                reserve.fail(error)
                # The connection answers it: asyncio is not to call it an exception that nobody has seen.
                if not task.cancelled():
                    task.exception()
            else:
                reserve.renew()
                reserve.coroutine = reserve.context = None
                self._spare = reserve
            # Whoever keeps the traceback keeps this frame, and is not to keep the task.
            del task
            raise
        become(loop, outer)
        if reserve.driver.gi_yieldfrom is not None:
            reserve.go_on(result)
            self._waiting = task
            return WAITS
        if task.touched or _references(task) > self._usual:
            reserve.end(result)
            return task.result()
        reserve.coroutine = reserve.context = None
        self._spare = reserve
        return result

    def take(self) -> Task[Any]:
        """Return the task of the coroutine that has just begun to wait."""
        task, self._waiting = self._waiting, None
        assert task is not None
        return task

    def _make(self) -> Reserve | None:
        """Return what holds a task for the next coroutine; None while that task has not begun (Python 3.11)."""
        reserve, self._making = self._making, None
        if reserve is None:
            reserve = Reserve(self, self._loop)
        if not reserve.begun:
            self._making = reserve
            return None
        task = reserve.task
        self._usual = min(_references(task), sys.maxsize - 1)
        outer = asyncio.current_task(self._loop)
        if type(outer) is HandlerTask and outer.beginning:
            # That one will be in reserve again: one is enough.
            touch(task, True)
        return reserve

    def drop(self, reserve: Reserve) -> None:
        """Use a task no more that was cancelled in reserve."""
        if self._spare is reserve:
            self._spare = None
        if self._making is reserve:
            self._making = None

    def close(self) -> None:
        """Let the task in reserve end."""
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.end(None)
        making, self._making = self._making, None
        if making is not None:
            making.task.cancel()
