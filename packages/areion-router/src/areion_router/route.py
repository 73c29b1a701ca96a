"""What the router tells about itself: a match, a route. Plain data, without behaviour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, TypeAlias

from areion_router.converters import Converter

Handler: TypeAlias = Callable[..., Any]
"""Any callable that takes a request and the path parameters as keywords."""


class NoParams(dict[str, Any]):
    """The parameters of a route that has none: empty, and shared, so that it cannot be changed.

    PERF: a match of a static path is then made once, when the router is compiled, and not for each request.
    """

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("the route has no parameters; copy the mapping to add to it")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[type[NoParams], tuple[()]]:
        return NoParams, ()


class RouteMatch(NamedTuple):
    """What `get_handler` found; unpacks as a 3-tuple.

    Attributes:
        handler: The route's function inside all of its middleware: call it as `handler(request,
            **path_params)`.
        path_params: The path parameters, decoded and converted; a new dict for each match, yours to change.
            Of a route without parameters: an empty mapping that refuses changes.
        is_async: Calling the handler returns an awaitable.
    """

    handler: Handler
    path_params: dict[str, Any]
    is_async: bool


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One registered route as it is served: read-only, for documentation generators, dispatchers and tools.

    Attributes:
        path: The full pattern with all prefixes, as in `/users/:id<int>`.
        methods: The methods it was registered for, in the order given. `HEAD` is not listed for a `GET`
            route.
        handler: The user's function.
        endpoint: `handler` inside all of its middleware: the same object that `get_handler` returns.
            Always hashable; routes whose `options` or `error_handlers` differ never share one.
        name: The explicit name, else the function's name if it has one: what `url_for` takes.
        middlewares: The whole chain, outermost first: global, group, route.
        params: Path parameters and their converters, in order. A plain parameter's is named `str`, a
            catch-all's `path`.
        options: Keyword options of the router, its groups and the route; the innermost wins. Opaque to the
            router.
        error_handlers: Handlers by exception type, inherited from outer routers; the innermost wins.
        is_async: Calling `endpoint` returns an awaitable.
        source: `file:line` of the registration.
    """

    path: str
    methods: tuple[str, ...]
    handler: Handler
    endpoint: Handler
    name: str | None
    middlewares: tuple[Handler, ...]
    params: Mapping[str, Converter]
    options: Mapping[str, Any]
    error_handlers: Mapping[type[BaseException], Handler]
    is_async: bool
    source: str

    def __str__(self) -> str:
        return f"{','.join(self.methods)} {self.path} ({self.source})"
