"""Bodies of blocking handlers: iterated in worker threads, piece by piece, and never on the event loop.

How a call gets into a thread is not known here.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import copy_context
from typing import Any, Final, TypeAlias

from areion_http import HttpResponse
from areion_http.response import BodyStream

Runner: TypeAlias = Callable[..., Awaitable[Any]]
"""``run(function, *args)`` calls a function in a worker thread."""

_END: Final = object()


class OffloadedPieces(AsyncIterator[Any]):
    """The pieces of a sync iterator, each made in a worker thread, in the context of the request.

    Args:
        pieces: What is iterated.
        close: Closes it, if it can be closed.
        run: Calls a function in a thread.
    """

    def __init__(self, pieces: Iterator[Any], close: Callable[[], object] | None, run: Runner) -> None:
        self._pieces = pieces
        self._close = close
        self._run = run
        self._context = copy_context()
        # A client may leave while a piece is being made; an iterator cannot be closed meanwhile.
        self._step = threading.Lock()

    async def __anext__(self) -> Any:
        piece = await self._run(self._call, next, self._pieces, _END)
        if piece is _END:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Close the iterator, in a thread too."""
        if self._close is not None:
            await self._run(self._call, self._close)

    def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        with self._step:
            return self._context.run(function, *args)


def offload(result: Any, run: Runner) -> Any:
    """Return what a blocking handler has returned; a sync iterator in it is iterated in worker threads."""
    response = HttpResponse(result) if isinstance(result, Iterator) else result
    if not isinstance(response, HttpResponse):
        return result
    body = response.body
    if isinstance(body, BodyStream) and isinstance(body.chunks, Iterator):
        pieces = OffloadedPieces(body.chunks, body.close, run)
        response.body = BodyStream(pieces, pieces.aclose)
    return response
