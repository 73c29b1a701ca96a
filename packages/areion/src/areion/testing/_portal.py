"""A loop in a thread of its own, for tests that are not asynchronous."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from areion_http.server import loop_factory

T = TypeVar("T")


class Portal:
    """Runs coroutines on the loop of a thread; the loop is of the kind that ``server.run()`` uses."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ended_by: BaseException | None = None
        # A daemon: a client that nobody has closed must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="areion-test-client", daemon=True)

    def start(self) -> None:
        """Start the thread and wait for its loop."""
        self._thread.start()
        self._ready.wait()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there, wait, and return its result.

        Raises:
            Exception: What it raises.
            RuntimeError: If the loop has ended, by a SystemExit in a handler for example; or if a handler on this
                very loop calls, which would then wait for itself.
        """
        loop = self._loop
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError(
                "a handler uses the test client of its own application, whose event loop would wait for itself; "
                "use it in a handler with blocking=True"
            )
        if loop is None or self._ended_by is not None or not self._thread.is_alive():
            work.close()
            raise self._ended() from self._ended_by
        try:
            return asyncio.run_coroutine_threadsafe(work, loop).result()
        except concurrent.futures.CancelledError:
            raise self._ended() from self._ended_by

    def check(self) -> None:
        """Raise RuntimeError if something has ended the loop."""
        if self._ended_by is not None:
            raise self._ended() from self._ended_by

    def _ended(self) -> RuntimeError:
        return RuntimeError(f"the application's event loop has ended ({self._ended_by!r})")

    def stop(self, *, wait: bool = True) -> None:
        """End the loop and its thread."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        if wait:
            self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            try:
                runner.run(self._main())
            except BaseException as error:  # noqa: BLE001 - for who waits, and who calls next
                self._ended_by = error

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._ready.set()
        await self._stop.wait()
