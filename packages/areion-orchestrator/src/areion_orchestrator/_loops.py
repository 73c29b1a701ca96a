"""Coroutine functions: on the server's event loop while one is bound, else on a loop thread of our own.

The loop of our own is made when the first coroutine needs it. This module runs coroutines and hands their
results to futures; it decides nothing about retries or schedules.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from typing import Any

from areion_orchestrator._calls import Activation, Call
from areion_orchestrator._log import Log
from areion_orchestrator._pool import Pending, refusal
from areion_orchestrator.errors import QueueFullError, ShutdownError, TaskTimeoutError

# How long the loop's thread may take to come up or to wind down; only a blocked loop takes longer.
_LOOP_PATIENCE = 5.0


class _Flight:
    """One coroutine under way: the link between the caller's future and the loop's task."""

    __slots__ = (
        "_make",
        "activate",
        "call",
        "exit",
        "future",
        "loop",
        "report",
        "task",
        "timeout",
    )

    def __init__(
        self,
        call: Call,
        make: Callable[[], Coroutine[Any, Any, Any]],
        timeout: float | None,
        *,
        report: bool,
        future: Future[Any] | None,
    ) -> None:
        self.call = call
        self._make = make
        self.timeout = timeout
        self.report = report
        self.future: Future[Any] = Future() if future is None else future
        self.activate = Activation(self.future, is_running=future is not None)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.task: asyncio.Task[Any] | None = None
        self.exit: BaseException | None = None

    def cancel_task(self) -> None:
        """Cancel the task, if it has begun; on the loop."""
        if self.task is not None:
            self.task.cancel()

    async def run(self) -> Any:
        """Await the coroutine, within its time limit."""
        try:
            return await self._run_in_time()
        except (SystemExit, KeyboardInterrupt) as error:
            # A task that lets these out ends the whole loop. They are this future's, as in a thread.
            self.exit = error
            return None

    async def _run_in_time(self) -> Any:
        if self.timeout is None:
            return await self._make()
        limit = asyncio.timeout(self.timeout)
        try:
            async with limit:
                return await self._make()
        except TimeoutError:
            if limit.expired():
                raise TaskTimeoutError(self.call.name, self.timeout, still_running=False) from None
            raise


class LoopRunner:
    """Runs coroutine functions and returns futures for them.

    Args:
        max_flights: How many coroutines may be under way at the same time.
        pending: Where unfinished futures are registered, with their functions.
        on_failure: Called with the function and the exception of a coroutine that failed.
        log: Where to say what was cancelled.
    """

    def __init__(
        self,
        max_flights: int,
        pending: Pending,
        on_failure: Callable[[Callable[..., Any], BaseException], None],
        log: Log,
    ) -> None:
        self._max_flights = max_flights
        self._pending = pending
        self._on_failure = on_failure
        self._log = log
        self._lock = threading.Lock()
        self._bound: asyncio.AbstractEventLoop | None = None
        self._own: _LoopThread | None = None
        self._flights: set[_Flight] = set()
        self._closed = False

    def bind(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Run coroutines on `loop` from now on; None gives up the loop, and cancels what still ran on it."""
        with self._lock:
            previous, self._bound = self._bound, loop
            orphans = [flight for flight in self._flights if loop is None and flight.loop is previous]
        for flight in orphans:
            self._log.write("warning", "task %r was cancelled: its event loop went away", flight.call.name)
            self._cancel(flight)

    def submit(
        self,
        call: Call,
        *,
        make: Callable[[], Coroutine[Any, Any, Any]] | None = None,
        timeout: float | None = None,
        report: bool = True,
        track: bool = True,
        future: Future[Any] | None = None,
    ) -> Future[Any]:
        """Run the coroutine that a call makes.

        Args:
            call: What to call, on the loop.
            make: Returns the coroutine, where the call has been made already.
            timeout: Seconds after which it is cancelled.
            report: Whether a failure is told to `on_failure`.
            track: Whether the future is registered as pending.
            future: The future that the result belongs to, where one exists already.

        Raises:
            QueueFullError: As many coroutines as allowed are under way.
            ShutdownError: The runner is closed.
        """
        func, args, kwargs, _ = call
        flight = _Flight(call, make or partial(func, *args, **kwargs), timeout, report=report, future=future)
        with self._lock:
            if self._closed:
                raise refusal(func)
            if len(self._flights) >= self._max_flights:
                raise QueueFullError(call.name, self._max_flights)
            flight.loop = loop = self._choose_loop(func)
            self._flights.add(flight)
            if track:
                self._pending[flight.future] = func
        if future is None:
            flight.future.add_done_callback(lambda done: self._cancel(flight) if done.cancelled() else None)
        try:
            loop.call_soon_threadsafe(self._launch, flight)
        except RuntimeError as error:  # it was closed a moment ago
            self._land(flight)
            raise refusal(func) from error
        return flight.future

    def runs_in_current_thread(self) -> bool:
        """Tell whether the caller holds up an event loop that coroutines run on."""
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            return False
        with self._lock:
            return running is self._bound or (self._own is not None and running is self._own.loop)

    def futures_on_current_loop(self) -> set[Future[Any]]:
        """Return the futures that cannot finish while the caller holds up this thread's loop."""
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            return set()
        with self._lock:
            return {flight.future for flight in self._flights if flight.loop is running}

    def close(self) -> None:
        """Take no more coroutines, cancel those under way, end the loop of our own."""
        with self._lock:
            self._closed = True
            flights = list(self._flights)
            own, self._own = self._own, None
        for flight in flights:
            self._cancel(flight)
        if own is not None and not own.stop():
            self._log.write(
                "warning", "the event loop of the coroutine tasks is blocked; its thread was left"
            )

    def _choose_loop(self, func: Callable[..., Any]) -> asyncio.AbstractEventLoop:
        if self._bound is not None and not self._bound.is_closed():
            return self._bound
        if self._own is None:
            try:
                self._own = _LoopThread()
            except RuntimeError as error:  # the interpreter is ending
                raise refusal(func, f"no event loop could be started: {error}") from error
        return self._own.loop

    def _launch(self, flight: _Flight) -> None:
        """Begin the flight; on its loop."""
        if flight.future.cancelled():
            self._land(flight)
            return
        flight.task = asyncio.get_running_loop().create_task(flight.run(), context=flight.call.context)
        flight.task.add_done_callback(lambda task: self._arrive(flight, task))

    def _arrive(self, flight: _Flight, task: asyncio.Task[Any]) -> None:
        """Hand the task's outcome to the future; on the loop."""
        future = flight.future
        if task.cancelled():
            future.cancel()
            if flight.activate():  # a thread had begun with it, so that it cannot be cancelled any more
                name = flight.call.name
                future.set_exception(ShutdownError(f"task {name!r} was cancelled", task=name))
        else:
            error = task.exception() or flight.exit
            if error is not None and flight.report:
                self._on_failure(flight.call.func, error)
            if flight.activate():
                if error is None:
                    future.set_result(task.result())
                else:
                    future.set_exception(error)
        self._land(flight)

    def _land(self, flight: _Flight) -> None:
        with self._lock:
            self._flights.discard(flight)
        self._pending.pop(flight.future, None)

    def _cancel(self, flight: _Flight) -> None:
        if flight.future.cancel():
            flight.activate()
        loop = flight.loop
        try:
            if loop is not None:
                loop.call_soon_threadsafe(flight.cancel_task)
        except RuntimeError:  # the loop is closed
            self._land(flight)


class _LoopThread:
    """An event loop in a daemon thread, for coroutines that no server's loop is there for."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="areion-loop", daemon=True)
        self._thread.start()
        if not self._ready.wait(_LOOP_PATIENCE):
            raise RuntimeError("the event loop for coroutine tasks did not start")

    def _run(self) -> None:
        # The runner's exit cancels what is left, and closes async generators, executor and loop.
        with asyncio.Runner() as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        self._ready.set()
        await self._stopped.wait()

    def stop(self) -> bool:
        """End the loop; return whether its thread ended in time."""
        self.loop.call_soon_threadsafe(self._stopped.set)
        if threading.current_thread() is not self._thread:
            self._thread.join(_LOOP_PATIENCE)
        return not self._thread.is_alive() or threading.current_thread() is self._thread
