"""Exceptions as responses: the ring between middleware, which sees exceptions, and filters, which see responses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from areion_http import HttpError, HttpRequest, HttpResponse

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


class ErrorConverter:
    """Turns what handlers raise into responses.

    Args:
        handlers: ``handler(request, exception)`` by exception type, sync or async; the nearest base wins.
        explain: Makes the page for an unexpected exception in development; None in production.
        on_unexpected: Told of each exception that is neither an ``HttpError`` nor has a handler.
    """

    def __init__(
        self,
        handlers: Mapping[type[BaseException], ErrorHandler],
        explain: Callable[[Any, Exception], HttpResponse] | None = None,
        on_unexpected: Callable[[Any, Exception], object] | None = None,
    ) -> None:
        self._handlers = dict(handlers)
        self._explain = explain
        self._on_unexpected = on_unexpected

    def __call__(self, request: HttpRequest, error: Exception) -> Any:
        """Return what a handler makes of ``error``, or the standard answer.

        An ``HttpError`` answers as it says. Anything else is logged once, with its traceback, and answered 500
        without details.
        """
        handler = find_handler(error, self._handlers)
        if handler is not None:
            return handler(request, error)
        if isinstance(error, HttpError):
            return HttpResponse(error.message, error.status_code, "text/plain", error.headers)
        logger.error(
            "%s %s: unhandled %s", request.method, request.raw_path, type(error).__name__, exc_info=error
        )
        if self._on_unexpected is not None:
            self._on_unexpected(request, error)
        if self._explain is not None:
            return self._explain(request, error)
        return HttpResponse("Internal Server Error", 500, "text/plain")
