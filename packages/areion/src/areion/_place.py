"""The place of a request among those that may run at once, kept until its response has been streamed.

How many there are, and what becomes of a request without one, is ``_plan``'s matter.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, Callable, Iterator
from typing import Any

from areion_http import HttpResponse
from areion_http.response import BodyStream


class Place:
    """Given back once; at the latest when nothing refers to it, as a body that a filter has replaced.

    Args:
        free: Counts the place as free; called on the running loop's thread.
    """

    __slots__ = ("_free", "_loop")

    def __init__(self, free: Callable[[], object]) -> None:
        self._free: Callable[[], object] | None = free
        self._loop = asyncio.get_running_loop()

    def give_back(self) -> None:
        """Free the place, if that has not been done; only on the loop's thread."""
        free, self._free = self._free, None
        if free is not None:
            free()

    def __del__(self) -> None:
        if self._free is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody counts any more
                self._loop.call_soon_threadsafe(self._free)


def keep_while_streamed(result: Any, place: Place) -> Any:
    """Return what a handler has returned; a stream in it keeps the place until its end, all else gives it back."""
    streams = isinstance(result, (BodyStream, Iterator, AsyncIterable))
    response = HttpResponse(result) if streams else result
    body = response.body if isinstance(response, HttpResponse) else None
    if not isinstance(body, BodyStream):
        place.give_back()
        return result
    close_body = body.close

    def close() -> object:
        place.give_back()
        return None if close_body is None else close_body()

    response.body = BodyStream(body.chunks, close)
    return response
