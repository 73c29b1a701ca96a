"""Count the bytes of a response's content, whatever its kind, and tell when it is through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from areion_http import FileBody, HttpRequest, HttpResponse
from areion_http.files import FileDelivery
from areion_http.response import BodyStream, encode_body


def count_body(request: HttpRequest, response: HttpResponse, done: Callable[[int, int], object]) -> None:
    """Call ``done`` with status and number of content bytes: now if known, else at the end of the body."""
    body = response.body
    if isinstance(body, BodyStream):
        response.body = _CountedStream(body, response, lambda sent: done(response.status_code, sent))
    elif isinstance(body, FileBody):
        response.body = _CountedFile(body, done)
    else:
        try:
            payload = response.encode()
        except Exception:  # noqa: BLE001 - it cannot be sent; the answer that is sent instead comes here too
            return
        response.body = payload
        status_code = response.status_code
        done(status_code, 0 if request.method == "HEAD" or status_code in {204, 304} else len(payload))


class _CountedStream(BodyStream):
    """A stream that counts what passes; ``done`` is called once, when it is closed.

    It is not called when the first piece could not be made: then another response is sent, and counted.
    """

    __slots__ = ()

    def __init__(self, inner: BodyStream, response: HttpResponse, done: Callable[[int], object]) -> None:
        total = 0
        begun = failed = False

        def count(piece: Any) -> Any:
            nonlocal total, begun
            data = piece if type(piece) is bytes else encode_body(piece, response.content_type)
            begun = True
            total += len(data)
            return data

        async def asynchronous(chunks: AsyncIterator[Any]) -> AsyncIterator[bytes]:
            nonlocal failed
            try:
                async for piece in chunks:
                    yield count(piece)
            except Exception:
                failed = True
                raise

        def synchronous(chunks: Iterator[Any]) -> Iterator[bytes]:
            nonlocal failed
            try:
                for piece in chunks:
                    yield count(piece)
            except Exception:
                failed = True
                raise

        def finish() -> Any:
            if begun or not failed:
                done(total)
            return None if inner.close is None else inner.close()

        chunks = inner.chunks
        counted: Iterator[Any] | AsyncIterator[Any]
        counted = asynchronous(chunks) if isinstance(chunks, AsyncIterator) else synchronous(chunks)
        super().__init__(counted, finish)


class _CountedFile(FileBody):
    """A file that reports what was to be sent of it when it is closed."""

    __slots__ = ("_done", "_inner")

    def __init__(self, inner: FileBody, done: Callable[[int, int], object]) -> None:
        self._inner = inner
        self._done = done
        self.path = inner.path
        self.content_type = inner.content_type

    def open(self, method: str, headers: Any, **options: Any) -> FileDelivery:
        """Open the file; the delivery tells its size when it is closed."""
        delivery = self._inner.open(method, headers, **options)
        done = self._done

        class Counted(FileDelivery):
            """A delivery that reports once."""

            told = False

            def close(self) -> None:
                super().close()
                if not self.told:
                    self.told = True
                    done(self.status, self.content_length if self.segments else 0)

        return Counted(
            delivery.status, delivery.headers, delivery.content_length, delivery.segments, delivery.file
        )
