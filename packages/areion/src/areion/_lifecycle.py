"""One run of a server: what starts before requests are accepted, and stops after the last.

Start: logger, orchestrator, startup hooks, listeners. Stop: listeners close, idle connections close, running
requests finish, then shutdown hooks, orchestrator, logger. How requests are answered is not known here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Final

from areion._bridge import bridged
from areion._naming import describe
from areion._options import Hook
from areion._routes import RouteFinder
from areion._signatures import signature_of, takes_one

if TYPE_CHECKING:
    from areion.server import AreionServer

logger: Final = logging.getLogger("areion.server")

# An orchestrator of another make may run its jobs inside of start(); the server serves all the same.
_START_LIMIT: Final = 5.0
# A disk that hangs must not keep the server from ending.
_FLUSH_LIMIT: Final = 5.0
# What the last steps get when the earlier ones have used up all the time.
_LEAST_TIME: Final = 0.5
# An orchestrator that keeps to its time says afterwards what it has abandoned.
_REPORT_TIME: Final = 0.5


class StartInterruptedError(Exception):
    """A signal came while a server still started."""


@asynccontextmanager
async def logging_to(target: Any) -> AsyncIterator[None]:
    """Lead the records of the ``areion`` tree to a server's logger; flush it at the end."""
    with bridged(target):
        try:
            yield
        finally:
            flush: Callable[[], object] | None = getattr(target, "flush", None)
            if flush is not None:
                await _guarded("flushing the logger", in_daemon_thread(flush), _FLUSH_LIMIT)


@asynccontextmanager
async def components_running(server: AreionServer) -> AsyncIterator[None]:
    """Start orchestrator and startup hooks; at the end call the shutdown hooks and stop the orchestrator.

    Shutdown hooks are called only if all startup hooks have succeeded. The steps of the end share what the
    running requests have left of ``shutdown_timeout``; one that fails or takes longer is logged, and the next
    ones are taken all the same, in half a second if need be.

    Raises:
        StartInterruptedError: If ``server.starting`` was made to expire; nothing has been served.
    """
    ran: Sequence[Hook] = ()
    try:
        await _start(server)
        ran = server.options.shutdown_hooks
        yield
    finally:
        deadline = (server.stop_began or time.monotonic()) + server.options.config.shutdown_timeout
        for hook in reversed(ran):
            what = f"the shutdown hook {describe(hook)}"
            await _guarded(what, _call_hook(hook, server), deadline - time.monotonic())
        if server.orchestrator is not None:
            left = max(deadline - time.monotonic(), _LEAST_TIME)
            stopping = in_daemon_thread(_shutdown_within(server.orchestrator, left))
            await _guarded("the orchestrator's shutdown", stopping, left + _REPORT_TIME)
            _optional(server.orchestrator, "bind_loop")(None)


@contextmanager
def watchdog_running(server: AreionServer) -> Iterator[None]:
    """Watch the running loop, if the options ask for it."""
    threshold = server.options.watchdog
    if threshold == 0 or (threshold is None and not server.options.development):
        yield
        return
    from areion.watchdog import DEFAULT_THRESHOLD, Watchdog  # a server without one never loads it

    server.watchdog = Watchdog(threshold or DEFAULT_THRESHOLD, route_of=RouteFinder(server.router).path_of)
    server.watchdog.start()
    try:
        yield
    finally:
        server.watchdog.stop()


async def _start(server: AreionServer) -> None:
    """Take the steps of the start, until a signal ends them."""
    if server.options.development:
        from areion._reach import development_warning  # production never loads it

        if (warning := development_warning(server)) is not None:
            logger.warning("%s", warning)
    server.starting = limit = asyncio.timeout(None)
    try:
        async with limit:
            await _start_orchestrator(server)
            for hook in server.options.startup_hooks:
                await _call_hook(hook, server)
    except TimeoutError:
        if limit.expired():
            raise StartInterruptedError from None
        raise
    finally:
        server.starting = None


async def _start_orchestrator(server: AreionServer) -> None:
    if server.orchestrator is None:
        return
    _optional(server.orchestrator, "set_logger")(server.logger)
    _optional(server.orchestrator, "bind_loop")(asyncio.get_running_loop())
    starting = asyncio.ensure_future(in_daemon_thread(server.orchestrator.start))
    done, _ = await asyncio.wait([starting], timeout=_START_LIMIT)
    if done:
        await starting
    else:
        logger.warning("the orchestrator's start() has not returned after %g s; going on", _START_LIMIT)
        starting.add_done_callback(_started_late)


def _shutdown_within(orchestrator: Any, left: float) -> Callable[[], object]:
    """Return the call that ends an orchestrator: within the seconds that are left, if it takes a ``timeout``.

    One that gives its tasks less time, as its ``drain_time`` says, keeps to that.
    """
    shutdown: Callable[..., object] = orchestrator.shutdown
    signature = signature_of(shutdown)
    if signature is None or "timeout" not in signature.parameters:
        return shutdown
    own = getattr(orchestrator, "drain_time", None)
    return partial(shutdown, timeout=left if own is None else min(left, own))


def _started_late(starting: asyncio.Future[object]) -> None:
    if not starting.cancelled() and (error := starting.exception()) is not None:
        logger.error("the orchestrator's start() failed", exc_info=error)


async def in_daemon_thread(function: Callable[[], Any]) -> Any:
    """Call a component's method off the loop; what it returns is awaited here if it can be.

    Unlike ``asyncio.to_thread``, a call that never returns does not keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    called: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if called.done():
            return
        if error is None:
            called.set_result(result)
        else:
            called.set_exception(error)

    def work() -> None:
        result, error = None, None
        try:
            result = function()
        except BaseException as raised:  # noqa: BLE001 - carried to whoever waits
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name="areion-lifecycle", daemon=True).start()
    result = await called
    return await result if isawaitable(result) else result


def _optional(component: object, name: str) -> Callable[..., Any]:
    """Return an optional method of a component; one that does nothing if it is not there."""
    return getattr(component, name, None) or (lambda *_: None)


async def _call_hook(hook: Hook, server: AreionServer) -> None:
    """Call a hook, with the server if it asks for an argument."""
    result = hook(server) if takes_one(hook) else hook()
    if isawaitable(result):
        await result


async def _guarded(what: str, work: Awaitable[object], limit: float) -> None:
    """Take one step of the end, for ``limit`` seconds at most."""
    try:
        async with asyncio.timeout(max(limit, _LEAST_TIME)) as deadline:
            await work
    except Exception as error:
        if isinstance(error, TimeoutError) and deadline.expired():
            logger.warning("%s took too long and was abandoned", what)
        else:
            logger.exception("%s failed", what)
