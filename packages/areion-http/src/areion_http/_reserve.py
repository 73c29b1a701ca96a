"""The task in reserve: as it a coroutine takes its first step, and with it the task goes on if that waits.

When there is one, and whose, is decided in :mod:`areion_http._handling`.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import types
from asyncio import AbstractEventLoop, CancelledError, Task
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from areion_http._handling import Handling

_NOTHING: Final = object()

# Of the names of tasks.
_numbers: Final = itertools.count(1)

if sys.version_info >= (3, 12):
    from asyncio.tasks import _swap_current_task as become  # type: ignore[attr-defined]  # as eager tasks do
else:

    def become(loop: AbstractEventLoop, task: Task[Any] | None) -> Task[Any] | None:
        """Make a task, or none, the current one; return which was."""
        before = asyncio.current_task(loop)
        if before is not None:
            asyncio.tasks._leave_task(loop, before)
        if task is not None:
            asyncio.tasks._enter_task(loop, task)
        return before


@types.coroutine
def _drive() -> Generator[Any, Any, None]:
    """Run one coroutine after the other, and yield the result of each.

    PERF: the end of a coroutine is then no StopIteration, which costs as much as two calls.
    """
    coroutine = yield
    while True:
        # The result is kept in no variable: nothing of a request is to stay here after it.
        coroutine = yield (yield from coroutine)


class HandlerTask(Task[Any]):
    """A task that notes what somebody does with it that may outlast its coroutine.

    What asyncio asks it about itself, it answers about the coroutine that runs as it.

    Attributes:
        touched: Somebody has.
    """

    __slots__ = ("touched",)

    touched: bool

    def __hash__(self) -> int:
        touch(self, True)
        return super().__hash__()

    def __setattr__(self, name: str, value: object) -> None:
        touch(self, True)
        super().__setattr__(name, value)

    def cancel(self, msg: Any | None = None) -> bool:
        touch(self, True)
        return super().cancel(msg)

    def add_done_callback(self, fn: Callable[[Any], object], /, *, context: Context | None = None) -> None:
        touch(self, True)
        super().add_done_callback(fn, context=context)

    def get_name(self) -> str:
        reserve: Any = super().get_coro()
        if reserve.named is not reserve.coroutine:
            # Logs tell requests apart by it.
            reserve.named = reserve.coroutine
            super().set_name(f"Handler-{next(_numbers)}")
        return super().get_name()

    def set_name(self, value: object, /) -> None:
        touch(self, True)
        reserve: Any = super().get_coro()
        reserve.named = reserve.coroutine
        super().set_name(value)

    @property
    def beginning(self) -> bool:
        """Whether a coroutine takes its first step as this task."""
        reserve: Any = super().get_coro()
        return bool(reserve.beginning)

    def get_coro(self) -> Any:
        reserve: Any = super().get_coro()
        return reserve if reserve.coroutine is None else reserve.coroutine

    if sys.version_info >= (3, 12):

        def get_context(self) -> Context:
            reserve: Any = super().get_coro()
            return super().get_context() if reserve.context is None else reserve.context

    # Where asyncio's descriptions and stacks of tasks look.
    _coro = property(get_coro)

    @property
    def _fut_waiter(self) -> Any:
        waiter = super()._fut_waiter  # type: ignore[misc]  # not in typeshed
        return None if type(waiter) is Reserve else waiter


# Sets ``touched``, past ``__setattr__``.
touch: Final = vars(HandlerTask)["touched"].__set__


@Coroutine.register
class Reserve:
    """What a task in reserve runs: first it waits for itself, then it goes on with a coroutine that has begun.

    It is both the coroutine of its task and the future which that waits for in reserve.

    Args:
        handling: Whose task this is.
        loop: The loop of the task.

    Attributes:
        coroutine: What runs as the task; None while it is in reserve.
        context: What that runs in.
        begun: The task has taken the step that puts it in reserve.
        driver: Takes the first step of a coroutine, and keeps it alive if it waits.
        step: Takes that step.
        named: The coroutine that the name of the task is for.
        task: The task, until it has one step to take.
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
        "context",
        "coroutine",
        "driver",
        "named",
        "step",
        "task",
    )

    # In descriptions.
    __name__ = "in reserve"

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
        # Runs the next step of the coroutine, once that is handed over.
        self._run: Callable[..., Any] | None = None
        # What lets the task take a step, and the context for that.
        self._wake: Callable[[Any], object] | None = None
        self._wake_context: Context | None = None
        self.begun = False
        self.coroutine: Coroutine[Any, Any, Any] | None = None
        self.context: Context | None = None
        self.named: Coroutine[Any, Any, Any] | None = None
        self.renew()
        # An empty context: the current one may be that of another request.
        if sys.version_info >= (3, 12):
            self.task = HandlerTask(self, loop=loop, context=Context(), eager_start=True)  # type: ignore[arg-type]
        else:
            self.task = HandlerTask(self, loop=loop, context=Context())  # type: ignore[arg-type]
        Task.__setattr__(self.task, "_log_destroy_pending", False)
        touch(self.task, False)

    @property
    def beginning(self) -> bool:
        """Whether a coroutine takes its first step as the task."""
        return self.coroutine is not None and self._run is None

    def renew(self) -> None:
        """Be ready for a coroutine, also after one that has raised."""
        self.driver: Any = _drive()
        driver = self.driver
        driver.send(None)
        self.step = driver.send

    def go_on(self, first: Any) -> None:
        """Let the task go on with the coroutine that ``step`` has begun, which waits for ``first``."""
        self._first = first
        Task.__setattr__(self.task, "_log_destroy_pending", True)
        self._wake_up()

    def end(self, result: Any) -> None:
        """Let the task end."""
        self._result = result
        self._wake_up()

    def fail(self, error: BaseException) -> None:
        """Let the task end with an exception."""
        self._error = error
        traceback = error.__traceback__
        try:
            self._wake_up()
        except (KeyboardInterrupt, SystemExit) as raised:
            # A task lets these through, as will the caller.
            if raised is not error:
                raise
        error.__traceback__ = traceback

    def _wake_up(self) -> None:
        """Let the task take a step now."""
        # A task and its coroutine that know each other would be garbage for the collector.
        del self.task
        wake, self._wake = self._wake, None
        assert wake is not None
        assert self._wake_context is not None
        outer = asyncio.current_task(self._loop)
        if outer is not None:
            become(self._loop, None)
        try:
            self._wake_context.run(wake, self)
        finally:
            if outer is not None:
                become(self._loop, outer)

    # -- the future that the task waits for in reserve ----------------------------------------------------

    def get_loop(self) -> AbstractEventLoop:
        return self._loop

    def add_done_callback(self, fn: Callable[[Any], object], *, context: Context) -> None:
        self._wake = fn
        self._wake_context = context

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ARG002 - a future's signature
        if self.coroutine is not None or self._cancelled:
            # The task then keeps in mind that it is cancelled, until its next step.
            return False
        self._cancelled = True
        self._handling.drop(self)
        self._loop.call_soon(self._wake_up)
        return True

    def result(self) -> None:
        if self._cancelled:
            raise CancelledError

    # -- the coroutine that the task runs -----------------------------------------------------------------

    def send(self, value: Any) -> Any:
        run = self._run
        if run is None:
            return self._first_steps()
        return run(self.coroutine.send, value)  # type: ignore[union-attr]  # it has been handed over

    def throw(self, error: BaseException) -> Any:
        run = self._run
        try:
            if run is not None:
                return run(self.coroutine.throw, error)  # type: ignore[union-attr]
            if self._first is not _NOTHING:
                # Cancelled during its first step: the task is to cancel what it waits for, as any task does.
                task = asyncio.current_task(self._loop)
                assert task is not None
                task.cancel(*error.args)
                task.uncancel()
                return self._first_steps()
            if self._error is not None:
                return self._first_steps()
            self._handling.drop(self)
            raise error
        finally:
            # The traceback keeps this frame.
            del error

    def _first_steps(self) -> Any:
        """Wait in reserve; then hand over the coroutine, or end as it did."""
        if not self.begun:
            self.begun = True
            self._asyncio_future_blocking = True
            return self
        first, self._first = self._first, _NOTHING
        if first is not _NOTHING:
            assert self.context is not None
            self._run = self.context.run
            return first
        error, self._error = self._error, None
        try:
            if error is not None:
                raise error
        finally:
            del error
        raise StopIteration(self._result)
