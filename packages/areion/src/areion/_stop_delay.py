"""The time between the order to stop and the stop, in which load balancers learn that they are to ask others.

What is stopped then, and in which order, is the matter of ``server`` and ``_lifecycle``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

logger: Final = logging.getLogger("areion.server")


class StopDelay:
    """Waits once, in one run of a server.

    Args:
        loop: What the server runs in.
        seconds: How long to wait.
        then: Called on the loop's thread when that is over.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, then: Callable[[], object]) -> None:
        self._loop = loop
        self._seconds = seconds
        self._then = then
        self._begun = self._over = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Begin to wait; safe from any thread while the loop is there."""
        self._begun = True
        self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        if not self._over:
            logger.info("stopping in %g s, and serving until then", self._seconds)
            self._timer = self._loop.call_later(self._seconds, self.end)

    def end(self) -> bool:
        """End the wait now; tell whether it was under way. Only on the loop's thread."""
        if self._over or not self._begun:
            return False
        self.cancel()
        self._then()
        return True

    def cancel(self) -> None:
        """Wait no more, and call nothing. Only on the loop's thread."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
