"""Exceptions as responses: the ring between middleware, which sees exceptions, and filters, which see responses."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Any, Final, TypeAlias

from areion_http import HttpError, HttpRequest, HttpResponse, UnsendableError

ErrorHandler: TypeAlias = Callable[[Any, Any], Any]

logger: Final = logging.getLogger("areion.dispatch")


def find_handler(
    error: BaseException, handlers: Mapping[type[BaseException], ErrorHandler]
) -> ErrorHandler | None:
    """Return the handler registered for the nearest base class of an exception."""
    for kind in type(error).__mro__:
        handler = handlers.get(kind)
        if handler is not None:
            return handler
    return None


def internal_error() -> HttpResponse:
    """Return the answer that tells a client nothing but that the fault is the server's."""
    return HttpResponse("Internal Server Error", 500, "text/plain")


class ErrorConverter:
    """Turns what handlers raise into responses.

    Args:
        handlers: ``handler(request, exception)`` by exception type, sync or async; the nearest base wins.
        explain: Makes the page for an unexpected exception in development; None in production.
        on_unexpected: Told of each exception that is neither an ``HttpError`` nor has a handler.
        name_handler: Says for the log which handler a request was for.
    """

    def __init__(
        self,
        handlers: Mapping[type[BaseException], ErrorHandler],
        explain: Callable[[Any, Exception], HttpResponse] | None = None,
        on_unexpected: Callable[[Any, Exception], object] | None = None,
        name_handler: Callable[[Any], str] | None = None,
    ) -> None:
        self._handlers = dict(handlers)
        self._explain = explain
        self._on_unexpected = on_unexpected
        self._name_handler = name_handler or (lambda _: "the handler")

    def __call__(self, request: HttpRequest, error: Exception) -> Any:
        """Return what a handler makes of ``error``, or the standard answer.

        An ``HttpError`` answers as it says. Anything else is logged once, with its traceback, and answered 500
        without details. What an error handler raises gets the standard answer.
        """
        handler = find_handler(error, self._handlers)
        if handler is None:
            return self._standard(request, error)
        try:
            result = handler(request, error)
        except Exception as second:  # noqa: BLE001 - becomes a response, and is logged there
            return self._standard(request, second)
        return self._awaited(request, result) if isawaitable(result) else result

    async def _awaited(self, request: HttpRequest, result: Awaitable[Any]) -> Any:
        try:
            return await result
        except Exception as second:  # noqa: BLE001 - becomes a response, and is logged there
            return self._standard(request, second)

    def _standard(self, request: HttpRequest, error: Exception) -> HttpResponse:
        if isinstance(error, HttpError):
            try:
                return HttpResponse(str(error.message), error.status_code, "text/plain", error.headers)
            except (TypeError, ValueError) as wrong:  # attributes of a subclass that cannot be sent
                wrong.__cause__ = error
                error = wrong
        self._log(request, error)
        if self._on_unexpected is not None:
            self._on_unexpected(request, error)
        if self._explain is not None:
            try:
                return self._explain(request, error)
            except Exception:
                logger.exception("explaining the error failed")
        return internal_error()

    def _log(self, request: HttpRequest, error: Exception) -> None:
        place = f"{request.method} {request.raw_path}"
        if isinstance(error, UnsendableError):
            # Where it was found says nothing; who returned it does.
            logger.error("%s: %s returned %s", place, self._name_handler(request), error.fault)
            return
        logger.error(
            "%s: unhandled %s in %s", place, type(error).__name__, self._name_handler(request), exc_info=error
        )
