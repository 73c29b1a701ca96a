"""The end of a server: running requests finish within a time budget, and what does not is cut and named.

Listeners are closed before; nothing new comes while this runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from areion_http._shared import Shared, logger
from areion_http.config import HttpConfig

if TYPE_CHECKING:
    from areion_http._connection import HttpConnection

_STEP: Final = 0.01
# What a client gets to send its first request after it was let in: several round trips over the sea.
_FIRST_REQUEST: Final = 0.5
# Turns of the loop until connections that the system had handed over are known here.
_ACCEPTED: Final = 3
# How often the log says what is still being waited for.
_TELL_EVERY: Final = 5.0
# What handlers that were cut get for their own cleaning up.
_CUT_GRACE: Final = 1.0


async def drain(shared: Shared, config: HttpConfig) -> None:
    """Close idle connections, let running requests finish, cut what is left.

    A connection that has just been accepted is not idle: its first request is on its way, and is answered.

    Args:
        shared: The connections.
        config: Its ``shutdown_timeout`` and ``stream_shutdown_timeout`` are used.
    """
    try:
        await _end_all(shared, config)
    finally:
        shared.handling.close()


async def _end_all(shared: Shared, config: HttpConfig) -> None:
    for _ in range(_ACCEPTED):
        await asyncio.sleep(0)
    new = [connection for connection in tuple(shared.connections) if connection.expect_last()]
    for connection in shared.connections.difference(new):
        connection.shut_down()
    for connection in tuple(shared.refused):
        connection.abort()
    loop = asyncio.get_running_loop()
    began = told = loop.time()
    while shared.connections:
        now = loop.time()
        if new and now - began >= _FIRST_REQUEST:
            for connection in shared.connections.intersection(new):
                connection.shut_down()
            new.clear()
        if now - began >= config.shutdown_timeout:
            await _cut(shared)
            return
        if now - began >= config.stream_shutdown_timeout:
            ended = [c for c in tuple(shared.connections) if c.end_stream()]
            if ended:
                logger.warning("ended at shutdown: %s", summary(ended))
        if now - told >= _TELL_EVERY:
            told = now
            logger.info("waiting for %s", summary(shared.connections))
        await asyncio.sleep(_STEP)


async def _cut(shared: Shared) -> None:
    logger.warning("cut off at shutdown: %s", summary(shared.connections))
    tasks = [task for c in tuple(shared.connections) if (task := c.cut()) is not None]
    if tasks:
        _, unwilling = await asyncio.wait(tasks, timeout=_CUT_GRACE)
        if unwilling:
            logger.error("%d handlers go on although they were cancelled", len(unwilling))
    # Transports tell of their end a turn or two later.
    await asyncio.sleep(_STEP)


def summary(connections: Collection[HttpConnection]) -> str:
    """Name what is running on some connections, for the log."""
    requests = [c.request for c in connections if c.request is not None]
    shown = ", ".join(f"{request.method} {request.raw_path}" for request in requests[:5])
    more = f" and {len(requests) - 5} more" if len(requests) > 5 else ""
    idle = len(connections) - len(requests)
    parts = []
    if requests:
        parts.append(f"{len(requests)} request{'s' * (len(requests) > 1)} ({shown}{more})")
    if idle or not requests:
        parts.append(f"{idle} connection{'s' * (idle != 1)} without one")
    return ", ".join(parts)
