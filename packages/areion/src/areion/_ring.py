"""The outermost ring: response filters around routing, in which errors have become responses.

Every response passes here, also the answer to an error that shows only while a response is being sent. What a
filter does is its own module's matter.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from typing import Any, Final

from areion_http import HttpRequest, HttpResponse, UnsendableError
from areion_http.response import coerce

from areion._errors import internal_error
from areion.filters.base import ResponseFilter

logger: Final = logging.getLogger("areion.dispatch")


class FilterRing:
    """Runs filters around a handler.

    Args:
        inner: Answers a request; may raise or return an awaitable.
        filters: Outermost first.
        on_error: Makes a response of an exception, or an awaitable of one.
    """

    def __init__(
        self,
        inner: Callable[[HttpRequest], Any],
        filters: Sequence[ResponseFilter],
        on_error: Callable[[Any, Exception], Any],
    ) -> None:
        self._inner = inner
        self._filters = tuple(filters)
        self._on_error = on_error

    def run(self, request: HttpRequest) -> Any:
        """Answer a request through all filters."""
        count = 0
        try:
            result = None
            for each in self._filters:
                count += 1
                result = each.before(request)
                if result is not None:
                    break
            else:
                result = self._inner(request)
        except Exception as error:  # noqa: BLE001 - becomes a response, and is logged there
            result = self._on_error(request, error)
        if isawaitable(result):
            return self._finish(request, result, count)
        return self._back_or_finish(request, result, count)

    def answer_late(self, request: HttpRequest, error: Exception) -> Any:
        """Answer an error outside of :meth:`run`: a deadline, or a body that could not be begun."""
        answer = self._on_error(request, error)
        if isawaitable(answer):
            return self._finish(request, answer, len(self._filters))
        return self._back_or_finish(request, answer, len(self._filters))

    async def _finish(self, request: HttpRequest, result: Awaitable[Any], count: int) -> HttpResponse:
        try:
            answer = await result
        except Exception as error:  # noqa: BLE001 - becomes a response, and is logged there
            answer = self._on_error(request, error)
            if isawaitable(answer):
                answer = await answer
        answer = self._coerced(request, answer)
        if isawaitable(answer):
            answer = await answer
        return self._back(request, answer, count)

    def _back_or_finish(self, request: HttpRequest, answer: Any, count: int) -> Any:
        answer = self._coerced(request, answer)
        if isawaitable(answer):
            return self._finish(request, answer, count)
        return self._back(request, answer, count)

    def _coerced(self, request: HttpRequest, answer: Any) -> Any:
        try:
            return coerce(answer)
        except (TypeError, ValueError) as error:
            return self._on_error(request, UnsendableError(answer, error))

    def _back(self, request: HttpRequest, answer: Any, count: int) -> HttpResponse:
        """Give a response back through the filters that have seen its request."""
        try:
            response = coerce(answer)
        except (TypeError, ValueError) as error:
            logger.error(  # noqa: TRY400 - the fault is the value, not where it was found
                "%s %s: the answer to an error cannot be sent: %s", request.method, request.raw_path, error
            )
            response = internal_error()
        for each in reversed(self._filters[:count]):
            try:
                response = _checked(each.after(request, response))
            except Exception:
                logger.exception(
                    "%s %s: the filter %s failed", request.method, request.raw_path, type(each).__qualname__
                )
                response = internal_error()
        return response


def _checked(response: Any) -> HttpResponse:
    if not isinstance(response, HttpResponse):
        raise TypeError(f"after: expected it to return the response, got {response!r}")
    return response
