"""Coroutines of handlers begun at once, each in a task; most of them are done before they need one of their own.

Making a task costs more than all that it does for a coroutine that never waits. So one is kept in reserve: a
coroutine takes its first step as that task, and if it is done then, the task stays in reserve. If it waits, the
task goes on with it, and another is made for the next. A handler cannot tell the difference: ``current_task``,
timeouts, cancellation and context variables are those of a task of its own. A task that somebody has kept,
cancelled or waits for is not used again, and ends as its coroutine did.

``asyncio.Task(eager_start=True)`` does the same at twice the price, and needs Python 3.12. What this rests on
is what asyncio offers to makers of tasks and futures ("Extending", in its documentation).
"""

from __future__ import annotations

import asyncio
import sys
import types
from asyncio import AbstractEventLoop, CancelledError, Task
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from types import CodeType, FrameType
from typing import Any, Final

_NOTHING: Final = object()

#: What :meth:`Handling.begin` returns of a coroutine that waits.
WAITS: Final = object()

# Where references are not counted, every task is one that somebody may have kept.
_references: Final[Callable[[object], int]] = getattr(sys, "getrefcount", lambda _: sys.maxsize)

if sys.version_info >= (3, 12):
    from asyncio.tasks import _swap_current_task as _become  # type: ignore[attr-defined]  # as eager tasks do
else:

    def _become(loop: AbstractEventLoop, task: Task[Any] | None) -> Task[Any] | None:
        before = asyncio.current_task(loop)
        if before is not None:
            asyncio.tasks._leave_task(loop, before)
        if task is not None:
            asyncio.tasks._enter_task(loop, task)
        return before


class Handling:
    """Begins the coroutines of handlers, for all connections of a server.

    Args:
        loop: The loop that serves.
    """

    __slots__ = ("_loop", "_making", "_spare", "_usual", "_waiting")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        # What holds the task in reserve, while no coroutine takes its first step as that.
        self._spare: _Reserve | None = None
        self._making: _Reserve | None = None
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
        reserve.idle = False
        task = reserve.task
        loop = self._loop
        outer = _become(loop, task)
        try:
            result = context.run(reserve.step, coroutine)
        except BaseException as error:
            _become(loop, outer)
            if task.touched or _references(task) > self._usual:
                reserve.end(None, error)
                # The connection answers it: asyncio is not to call it an exception that nobody has seen.
                if not task.cancelled():
                    task.exception()
            else:
                reserve.renew()
                reserve.idle = True
                self._spare = reserve
            # Whoever keeps the traceback keeps this frame, and is not to keep the task.
            del task
            raise
        _become(loop, outer)
        if reserve.driver.gi_yieldfrom is not None:
            self._waiting = task
            reserve.go_on(context, result)
            return WAITS
        if task.touched or _references(task) > self._usual:
            reserve.end(result)
            return task.result()
        reserve.idle = True
        self._spare = reserve
        return result

    def take(self) -> Task[Any]:
        """Return the task of the coroutine that has just begun to wait."""
        task, self._waiting = self._waiting, None
        assert task is not None
        return task

    def _make(self) -> _Reserve | None:
        """Return what holds a task for the next coroutine; None while that task has not begun (Python 3.11)."""
        reserve, self._making = self._making, None
        if reserve is None:
            reserve = _Reserve(self, self._loop)
        if not reserve.begun:
            self._making = reserve
            return None
        task = reserve.task
        self._usual = _references(task)
        return reserve

    def drop(self, reserve: _Reserve) -> None:
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


@types.coroutine
def _drive() -> Generator[Any, Any, None]:
    """Run one coroutine after the other, and yield the result of each.

    PERF: the end of a coroutine is then no StopIteration, which costs as much as two calls.
    """
    result = None
    while True:
        result = yield from (yield result)


class HandlerTask(Task[Any]):
    """A task that notes what somebody does with it that may outlast its coroutine.

    Attributes:
        touched: Somebody has.
    """

    __slots__ = ("touched",)

    touched: bool

    def __hash__(self) -> int:
        self.touched = True
        return super().__hash__()

    def cancel(self, msg: Any | None = None) -> bool:
        self.touched = True
        return super().cancel(msg)

    def add_done_callback(self, fn: Callable[[Any], object], /, *, context: Context | None = None) -> None:
        self.touched = True
        super().add_done_callback(fn, context=context)

    def set_name(self, value: object, /) -> None:
        self.touched = True
        super().set_name(value)


class _Reserve(Coroutine[Any, Any, Any]):
    """What a task in reserve runs: first it waits for itself, then it goes on with a coroutine that has begun.

    It is both the coroutine of its task and the future which that waits for in reserve. Of a coroutine it has what
    asyncio looks at to describe a task.

    Args:
        handling: Whose task this is.
        loop: The loop of the task.
    """

    __slots__ = (
        "_asyncio_future_blocking",
        "_cancelled",
        "_error",
        "_first",
        "_handling",
        "_loop",
        "_result",
        "_run",
        "_wake",
        "_wake_context",
        "begun",
        "driver",
        "idle",
        "step",
        "task",
    )

    def __init__(self, handling: Handling, loop: AbstractEventLoop) -> None:
        self._handling = handling
        self._loop = loop
        self._asyncio_future_blocking = False
        self._cancelled = False
        # How it ends, once it has nothing to go on with.
        self._result: Any = None
        self._error: BaseException | None = None
        # What the coroutine waits for when it is handed over.
        self._first: Any = _NOTHING
        self._run: Callable[..., Any] | None = None
        # What lets the task take a step, and the context for that.
        self._wake: Callable[[Any], object] | None = None
        self._wake_context: Context | None = None
        self.begun = False
        self.idle = True
        self.renew()
        if sys.version_info >= (3, 12):
            self.task = HandlerTask(self, loop=loop, eager_start=True)
        else:
            self.task = HandlerTask(self, loop=loop)
        self.task.touched = False
        self.task._log_destroy_pending = False  # type: ignore[attr-defined]  # nothing is lost with it

    def renew(self) -> None:
        """Be ready for a coroutine, also after one that has raised."""
        self.driver: Any = _drive()
        driver = self.driver
        driver.send(None)
        self.step = driver.send

    def go_on(self, context: Context, first: Any) -> None:
        """Let the task go on with the coroutine that ``step`` has begun, which waits for ``first``."""
        self._run = context.run
        self._first = first
        self.task._log_destroy_pending = True  # type: ignore[attr-defined]
        self._wake_up()

    def end(self, result: Any, error: BaseException | None = None) -> None:
        """Let the task end."""
        self._result, self._error = result, error
        self._wake_up()

    def _wake_up(self) -> None:
        """Let the task take a step now."""
        # A task and its coroutine that know each other would be garbage for the collector.
        del self.task
        wake, self._wake = self._wake, None
        assert wake is not None
        assert self._wake_context is not None
        outer = asyncio.current_task(self._loop)
        if outer is not None:
            _become(self._loop, None)
        try:
            self._wake_context.run(wake, self)
        finally:
            if outer is not None:
                _become(self._loop, outer)

    # -- the future that the task waits for in reserve ----------------------------------------------------

    def get_loop(self) -> AbstractEventLoop:
        return self._loop

    def add_done_callback(self, fn: Callable[[Any], object], *, context: Context) -> None:
        self._wake = fn
        self._wake_context = context

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ARG002 - a future's signature
        if not self.idle:
            # A coroutine takes its first step as this task, which then keeps in mind that it is cancelled.
            return False
        self.idle = False
        self._handling.drop(self)
        self._cancelled = True
        self._loop.call_soon(self._wake_up)
        return True

    def result(self) -> None:
        if self._cancelled:
            raise CancelledError

    # -- the coroutine that the task runs -----------------------------------------------------------------

    def send(self, value: Any) -> Any:
        if not self.begun:
            self.begun = True
            self._asyncio_future_blocking = True
            return self
        if self._run is None:
            if self._error is not None:
                raise self._error
            raise StopIteration(self._result)
        first, self._first = self._first, _NOTHING
        if first is not _NOTHING:
            return first
        return self._stepped(self._run(self.step, value))

    def throw(self, error: Any, val: Any = None, tb: Any = None, /) -> Any:  # noqa: ARG002 - as the ABC has it
        if self._run is None:
            raise error
        first, self._first = self._first, _NOTHING
        if first is not _NOTHING and isinstance(error, CancelledError):
            # Cancelled during its first step: then what it waits for is cancelled, if it can be.
            cancel = getattr(first, "cancel", None)
            if cancel is not None and cancel():
                return first
        return self._stepped(self._run(self.driver.throw, error))

    def _stepped(self, result: Any) -> Any:
        if self.driver.gi_yieldfrom is None:
            raise StopIteration(result)
        return result

    def close(self) -> None:
        self.driver.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        raise TypeError("this coroutine belongs to a task")

    # -- what asyncio looks at to describe a task ---------------------------------------------------------

    @property
    def __name__(self) -> str:
        return "in reserve" if self._inner is None else self._inner.__qualname__

    @property
    def cr_code(self) -> CodeType:
        return type(self).send.__code__ if self._inner is None else self._inner.cr_code

    @property
    def cr_frame(self) -> FrameType | None:
        return None if self._inner is None else self._inner.cr_frame

    @property
    def cr_running(self) -> bool:
        return self._inner is not None and self._inner.cr_running

    @property
    def cr_await(self) -> Any:
        return None if self._inner is None else self._inner.cr_await

    @property
    def _inner(self) -> Any:
        return self.driver.gi_yieldfrom
