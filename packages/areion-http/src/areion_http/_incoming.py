"""The body of a request as its handler pulls it: the decoder's output, with waiting and back-pressure.

The connection feeds it; whoever handles the request takes from it. Between the two lie at most
``max_read_ahead`` bytes. Nothing here reads from or writes to a socket: the connection is asked to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from areion_http._body import BodyDecoder
from areion_http.errors import HttpError, ProtocolError
from areion_http.request import too_large

# Pieces are joined when there are more, so that a body sent in single bytes costs no object for each.
_MAX_PIECES = 256


class BodySource(Protocol):
    """What the body asks of its connection."""

    def body_wanted(self) -> None:
        """Go on reading, and tell a client that waits for it to continue."""

    def body_held(self) -> None:
        """Stop reading: enough lies here."""


class IncomingBody:
    """A body that is still arriving.

    Args:
        source: The connection.
        decoder: Turns the connection's bytes into content.
        declared: Content-Length, or -1 for chunks.
        limit: ``max_body_size``.
        read_ahead: ``max_read_ahead``.
    """

    __slots__ = (
        "_abandoned",
        "_declared",
        "_decoder",
        "_error",
        "_held",
        "_limit",
        "_loop",
        "_pieces",
        "_read_ahead",
        "_skipped_from",
        "_source",
        "_taken",
        "_waiter",
        "received",
    )

    def __init__(
        self,
        source: BodySource,
        decoder: BodyDecoder,
        declared: int,
        limit: int,
        read_ahead: int,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._source = source
        self._decoder = decoder
        self._declared = declared
        self._limit = limit
        self._read_ahead = read_ahead
        self._loop = loop
        self._pieces: list[bytes] = []
        self._held = 0
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._skipped_from = 0
        self._taken = False
        self._abandoned = False
        self.received = 0

    # -- the connection's side ----------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Whether the last byte of the body has arrived."""
        return self._decoder.done

    @property
    def waiting(self) -> bool:
        """Whether somebody waits for more."""
        return self._waiter is not None and not self._waiter.done()

    @property
    def failed(self) -> bool:
        """Whether the body can never be complete."""
        return self._error is not None

    @property
    def remaining(self) -> int:
        """Bytes of content that are still to come, at least."""
        return self._decoder.remaining

    def feed(self, data: bytes, start: int) -> int:
        """Take what belongs to the body from ``data[start:]``; return the offset reached.

        Raises:
            ProtocolError: If the framing is broken; a handler that waits gets it as well.
        """
        before = len(self._pieces)
        try:
            position = self._decoder.feed(data, start, self._pieces)
        except ProtocolError as error:
            self.fail(error)
            raise
        new = sum(map(len, self._pieces[before:]))
        self.received += new
        if self._abandoned:
            self._pieces.clear()
            return position
        self._held += new
        if len(self._pieces) > _MAX_PIECES:
            self._pieces = [b"".join(self._pieces)]
        if self._held > self._read_ahead and not self._decoder.done:
            self._source.body_held()
        if new or self._decoder.done:
            self._wake()
        return position

    def discard(self) -> None:
        """Forget what has arrived; whoever still asks for it, after the response, gets an error."""
        self._abandoned = True
        self._skipped_from = self.received
        self._pieces.clear()
        self._held = 0
        self._wake()

    def skipped_too_much(self, bound: int) -> bool:
        """Tell whether more than ``bound`` bytes have come since nobody asks for them."""
        return self.received - self._skipped_from > bound

    def fail(self, error: Exception) -> None:
        """Let whoever asks for more get ``error``."""
        if self._error is None and not self._decoder.done:
            self._error = error
            self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # -- the handler's side -------------------------------------------------------------------------------

    @property
    def trailers(self) -> list[tuple[str, str]]:
        """Fields after the content."""
        return self._decoder.trailers

    async def read(self, limit: int | None) -> bytes:
        """Return the whole body; see ``HttpRequest.read``."""
        if self._taken and self._waiter is None:
            raise RuntimeError("a part of this body has been taken already: it cannot be read as a whole now")
        # PERF: joined once at the end; a buffer that grows is copied each time that it does.
        whole: list[bytes] = []
        tail: list[bytes] = []
        async for piece in self.stream(limit):
            tail.append(piece)
            if len(tail) == _MAX_PIECES:
                whole.append(b"".join(tail))
                tail.clear()
        return b"".join([*whole, *tail])

    async def stream(self, limit: int | None) -> AsyncIterator[bytes]:
        """Give the body as it arrives; see ``HttpRequest.stream``."""
        if limit is None:
            limit = self._limit
        if self._declared > limit:
            raise too_large(limit)
        total = 0
        while True:
            if self._waiter is not None:
                raise RuntimeError("the body of a request is being read by two tasks at once")
            if self._abandoned:
                raise RuntimeError("the body of a request was given up when its response had been sent")
            if self._pieces:
                self._taken = True
                pieces, self._pieces, self._held = self._pieces, [], 0
                piece = pieces[0] if len(pieces) == 1 else b"".join(pieces)
                total += len(piece)
                if total > limit:
                    raise too_large(limit)
                yield piece
            elif self._decoder.done:
                return
            elif self._error is not None:
                raise _fresh(self._error)
            else:
                await self._more()

    async def _more(self) -> None:
        self._waiter = self._loop.create_future()
        self._source.body_wanted()
        try:
            await self._waiter
        finally:
            self._waiter = None


def _fresh(error: Exception) -> Exception:
    """Return an error that carries no traceback of an earlier raise."""
    return error.with_traceback(None) if isinstance(error, (HttpError, OSError)) else error
