"""One run of a server: what starts before requests are accepted, and stops after the last.

Start: logger, orchestrator, startup hooks, listeners. Stop: listeners close, idle connections close, running
requests finish, then shutdown hooks, orchestrator, logger. How requests are answered is not known here.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Final

from areion._bridge import LogBridge, needs_bridge
from areion._options import Hook

if TYPE_CHECKING:
    from areion.server import AreionServer

logger: Final = logging.getLogger("areion.server")


@asynccontextmanager
async def logging_to(target: Any) -> AsyncIterator[None]:
    """Lead the records of the ``areion`` tree to a server's logger; flush it at the end."""
    bridge = LogBridge(target) if needs_bridge(target) else None
    tree = logging.getLogger("areion")
    if bridge is not None:
        tree.addHandler(bridge)
    try:
        yield
    finally:
        if bridge is not None:
            tree.removeHandler(bridge)
        flush: Callable[[], object] | None = getattr(target, "flush", None)
        if flush is not None:
            await asyncio.to_thread(flush)


@asynccontextmanager
async def components_running(server: AreionServer) -> AsyncIterator[None]:
    """Start orchestrator and startup hooks; at the end call the shutdown hooks and stop the orchestrator.

    Shutdown hooks are called only if all startup hooks have succeeded; a failure in one step of the end is
    logged, and the next steps are taken all the same.
    """
    ran: Sequence[Hook] = ()
    try:
        await _start_orchestrator(server)
        for hook in server.options.startup_hooks:
            await _call_hook(hook, server)
        ran = server.options.shutdown_hooks
        yield
    finally:
        for hook in reversed(ran):
            await _guarded("a shutdown hook", _call_hook(hook, server))
        if server.orchestrator is not None:
            await _guarded("the orchestrator's shutdown", asyncio.to_thread(server.orchestrator.shutdown))
            _optional(server.orchestrator, "bind_loop")(None)


async def _start_orchestrator(server: AreionServer) -> None:
    if server.orchestrator is None:
        return
    _optional(server.orchestrator, "set_logger")(server.logger)
    _optional(server.orchestrator, "bind_loop")(asyncio.get_running_loop())
    await asyncio.to_thread(server.orchestrator.start)


def _optional(component: object, name: str) -> Callable[..., Any]:
    """Return an optional method of a component; one that does nothing if it is not there."""
    return getattr(component, name, None) or (lambda *_: None)


async def _call_hook(hook: Hook, server: AreionServer) -> None:
    """Call a hook, with the server if it takes an argument."""
    try:
        takes_server = bool(inspect.signature(hook).parameters)
    except ValueError:
        takes_server = False
    result = hook(server) if takes_server else hook()
    if isawaitable(result):
        await result


async def _guarded(what: str, work: Awaitable[object]) -> None:
    try:
        await work
    except Exception:
        logger.exception("%s failed", what)
