"""From a request to an answer: the only place that knows both requests and routes.

The way is fixed when the server starts: which ring there is, which routes have a plan of their own. A request to
an ordinary route is then one look-up and one call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from inspect import isawaitable
from typing import Any, Final

from areion_http import HttpError, HttpRequest, HttpResponse, MethodNotAllowedError, NotFoundError
from areion_http.response import coerce
from areion_router import BaseRouter, compose
from areion_router import MethodNotAllowedError as NoSuchMethod
from areion_router import NotFoundError as NoSuchPath

from areion._plan import Plan, plan_route
from areion.filters.base import ResponseFilter

logger: Final = logging.getLogger("areion.dispatch")


class Dispatcher:
    """Answers requests with the handlers of a router.

    Args:
        router: Frozen by this.
        on_error: Makes a response of an exception.
        executor: Runs handlers that block.
        filters: The outermost ring, outermost first.
        own: A router with the server's own routes (static files, documentation), asked first for paths that
            begin with one of ``own_prefixes``.
        own_prefixes: See ``own``.
    """

    def __init__(
        self,
        router: BaseRouter,
        on_error: Callable[[Any, Exception], Any],
        executor: Executor,
        *,
        filters: Sequence[ResponseFilter] = (),
        own: BaseRouter | None = None,
        own_prefixes: Sequence[str] = (),
    ) -> None:
        self._router = router
        self._on_error = on_error
        self._executor = executor
        self._filters = tuple(filters)
        _optional(router, "freeze", _nothing)()
        self._get_handler = router.get_handler
        self._plans = _plans(_optional(router, "routes", ()), executor)
        self._unmatched = compose(_answer_unmatched, tuple(_optional(router, "global_middlewares", ())))
        self._own = own.get_handler if own is not None else None
        self._own_prefixes = tuple(own_prefixes)

    @property
    def handler(self) -> Callable[[HttpRequest], Any]:
        """The function to call with each request: the shortest that does all that this server needs."""
        if self._filters:
            return self._filtered
        return self._inner

    @property
    def _inner(self) -> Callable[[HttpRequest], Any]:
        if self._own_prefixes:
            return self._with_own
        return self._planned if self._plans else self._plain()

    def _plain(self) -> Callable[[HttpRequest], Any]:
        """Return the dispatch function of a server whose routes need no plan."""
        # PERF: a closure reaches what it needs faster than a method; most requests see nothing but this.
        get_handler = self._get_handler
        no_match = self._no_match

        def dispatch(request: HttpRequest) -> Any:
            try:
                handler, params, _ = get_handler(request.method, request.raw_path)
            except (NoSuchPath, NoSuchMethod) as error:
                return no_match(request, error)
            if request.declared_length and not request.body_arrived:
                return _read_and_call(request, handler, params)
            return handler(request, **params) if params else handler(request)

        return dispatch

    def _planned(self, request: HttpRequest) -> Any:
        try:
            handler, params, _ = self._get_handler(request.method, request.raw_path)
        except (NoSuchPath, NoSuchMethod) as error:
            return self._no_match(request, error)
        plan = self._plans.get(handler)
        if plan is not None:
            return plan.run(request, params, self._executor)
        if request.declared_length and not request.body_arrived:
            return _read_and_call(request, handler, params)
        return handler(request, **params) if params else handler(request)

    def _with_own(self, request: HttpRequest) -> Any:
        if request.raw_path.startswith(self._own_prefixes) and self._own is not None:
            try:
                handler, params, _ = self._own(request.method, request.raw_path)
            except NoSuchPath:
                return self._planned(request)
            except NoSuchMethod as error:
                return self._no_match(request, error)
            return handler(request, **params)
        return self._planned(request)

    def _no_match(self, request: HttpRequest, error: NoSuchPath | NoSuchMethod) -> Any:
        # Not as an argument: a middleware may pass on no more than it knows of.
        request._routing_error = error  # type: ignore[attr-defined]  # an attribute of this request alone
        return self._unmatched(request)

    # -- with filters -------------------------------------------------------------------------------------

    def _filtered(self, request: HttpRequest) -> Any:
        """Run the filters around routing; errors become responses inside of them."""
        for count, each in enumerate(self._filters):
            early = each.before(request)
            if early is not None:
                return self._after(request, early, count + 1)
        try:
            result = self._inner(request)
        except Exception as error:  # noqa: BLE001 - becomes a response, and is logged there
            result = self._on_error(request, error)
        if isawaitable(result):
            return self._filtered_async(request, result)
        return self._after(request, result, len(self._filters))

    async def _filtered_async(self, request: HttpRequest, result: Any) -> HttpResponse:
        try:
            answer = await result
        except Exception as error:  # noqa: BLE001 - becomes a response, and is logged there
            answer = self._on_error(request, error)
            if isawaitable(answer):
                answer = await answer
        return self._after(request, answer, len(self._filters))

    def _after(self, request: HttpRequest, answer: Any, count: int) -> HttpResponse:
        """Give a response back through the filters that have seen its request."""
        try:
            response = coerce(answer)
        except TypeError as error:
            logger.error(  # noqa: TRY400 - the fault is the value, not where it was found
                "%s %s: the handler returned a %s that cannot be sent: %s",
                request.method, request.raw_path, type(answer).__qualname__, error,
            )  # fmt: skip
            response = HttpResponse("Internal Server Error", 500, "text/plain")
        for each in reversed(self._filters[:count]):
            response = each.after(request, response)
        return response


def _plans(routes: Sequence[Any], executor: Executor) -> Mapping[Callable[..., Any], Plan]:
    plans = {}
    for route in routes:
        plan = plan_route(route, executor)
        if plan is not None:
            plans[route.endpoint] = plan
    return plans


def _optional(router: object, name: str, default: Any) -> Any:
    """Return a hook of BaseRouter that a duck-typed router may lack."""
    return getattr(router, name, default)


def _nothing() -> None:
    """Stand in for a hook that is not there."""


def _answer_unmatched(request: HttpRequest, **_: object) -> HttpResponse:
    """Translate the router's facts into HTTP (RFC 9110 §9.3.7, §15.5.5, §15.5.6)."""
    error: NoSuchPath | NoSuchMethod = request._routing_error
    if isinstance(error, NoSuchMethod):
        allow = ", ".join(error.allowed)
        if request.method == "OPTIONS":
            return HttpResponse(None, 204, headers={"Allow": allow})
        raise MethodNotAllowedError(headers={"Allow": allow}) from None
    if request.raw_path == "*" and request.method == "OPTIONS":
        return HttpResponse(None, 204)
    if request.method == "CONNECT":
        raise HttpError("this server is no proxy", 501)
    raise NotFoundError from None


async def _read_and_call(request: HttpRequest, handler: Callable[..., Any], params: Mapping[str, Any]) -> Any:
    await request.read()
    result = handler(request, **params)
    return await result if isawaitable(result) else result
