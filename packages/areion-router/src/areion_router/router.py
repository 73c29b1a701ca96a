"""The default router: registration and look-up, over parts that each do one thing.

Registration is in `_scope`, composition in `_composition`, compiled form and matching in `_table` and
`_tree`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from areion_router import _arguments as check
from areion_router._decorators import DecoratingRouter
from areion_router._pattern import Pattern, parse_pattern, split_path
from areion_router._scope import Definition, Scope
from areion_router._source import caller_location
from areion_router._table import Compiler, StaticTable, Table
from areion_router._tree import DEAD_END, Node, find
from areion_router._urls import UrlBuilder
from areion_router.converters import GLOBAL_CONVERTERS, ConverterRegistry
from areion_router.errors import MethodNotAllowedError, NotFoundError
from areion_router.explain import Explanation, explain, order_methods
from areion_router.reach import UnreachableRoute, find_unreachable
from areion_router.route import Handler, Route, RouteMatch

# PERF: a NamedTuple's own constructor is a Python function, four times as slow.
_new_match: Callable[[type[RouteMatch], tuple[Handler, dict[str, Any], bool]], RouteMatch] = tuple.__new__


class Router(DecoratingRouter):
    """Maps methods and paths to handlers inside their middleware.

    Patterns are made of static segments, `:name` (one segment), `:name<type>` (one segment that a converter
    reads: int, float, uuid, str or a registered one) and a final `*name` (one or more segments). Empty
    segments do not count, in patterns and in paths: `/users`, `/users/` and `//users` are one path. At each
    position static goes before typed, typed before plain and plain before catch-all, with backtracking, among
    the routes that have the method.

    Everything can be registered in any order until `freeze()`.

    Args:
        prefix: Set before every path of this router, on its own and included in others.
        middlewares: The first of its global middleware, outermost first.
        **options: Inherited by all of its routes; see `add_route`.

    Example:
        >>> router = Router()
        >>> @router.get("/users/:id<int>")
        ... def show_user(request, id):
        ...     return f"user {id}"
        >>> handler, path_params, is_async = router.get_handler("GET", "/users/7")
        >>> handler("a request", **path_params)
        'user 7'
    """

    def __init__(
        self,
        prefix: str = "",
        middlewares: Iterable[Handler] | None = None,
        *,
        _group_of: Router | None = None,
        **options: Any,
    ) -> None:
        function = "Router()" if _group_of is None else "group()"
        parent = None if _group_of is None else _group_of._scope
        chain = check.check_middlewares(function, middlewares)
        pattern = _read_pattern(function, "prefix", prefix, None if parent is None else parent.converters)
        self._lock = threading.RLock()
        self._compiler = Compiler()
        self._table: Table | None = None
        self._static: StaticTable = {}
        self._trees: dict[int, Node] = {}
        self._longer = DEAD_END
        self._urls: UrlBuilder | None = None
        self._scope: Scope = Scope(pattern, options, self._forget, parent)
        self._scope.middlewares.extend(chain)

    # -- registration

    def add_route(
        self,
        path: str,
        handler: Handler,
        methods: str | Iterable[str] = ("GET",),
        middlewares: Iterable[Handler] | None = None,
        *,
        name: str | None = None,
        **options: Any,
    ) -> None:
        """Register a handler.

        Args:
            path: The pattern, below the router's prefix. A missing leading slash is added.
            handler: Any callable, sync or async; called as `handler(request, **path_params)`.
            methods: One method or several, in any case.
            middlewares: Innermost middleware, for this route only; outermost first.
            name: For `url_for`; unique in the router. Without one, the function's name can be used
                as long as only one path has it.
            **options: Kept in `Route.options`, with those of the groups around; opaque to the router.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: An argument is not valid (`PatternError` for the path), or the route conflicts with
                another (`RouteConflictError`, which names both).
            RouterFrozenError: The router is being served.
        """
        function = "add_route()"
        definition = Definition(
            handler=check.check_handler(function, "handler", handler),
            methods=check.check_methods(function, methods),
            middlewares=check.check_middlewares(function, middlewares),
            name=check.check_name(function, name),
            options=options,
            source=caller_location(),
        )
        self._scope.add(definition, _read_pattern(function, "path", path, self._scope.converters))

    def group(self, base_path: str, middlewares: Iterable[Handler] | None = None, **options: Any) -> Router:
        """A part of this router, with a path, middleware and options of its own; attached at once.

        Groups nest. A group's routes keep what the group inherits, wherever else it is included.

        Args:
            base_path: Set before its paths, after this router's prefix.
            middlewares: Around its routes, inside this router's global middleware; outermost first.
            **options: Inherited by its routes.
        """
        check.check_text("group()", "base_path", base_path)
        return Router(base_path, middlewares, _group_of=self, **options)

    def include_router(self, router: Router, prefix: str = "") -> None:
        """Put all routes of another router into this one, those that it has and those that it will get.

        They keep its prefix, groups, middleware, options and error handlers. Its global middleware wraps its
        own routes only, inside this router's.

        Args:
            router: The other router; it can be included in several places and goes on working alone.
            prefix: Set before its paths, after this router's prefix and before its own.

        Raises:
            RouteConflictError: Routes of both answer the same requests; then nothing is included.
            ValueError: The router includes this one, or is already included at this prefix.
        """
        if not isinstance(router, Router):
            raise check.wrong_type("include_router()", "router", "a Router", router)
        pattern = _read_pattern("include_router()", "prefix", prefix, self._scope.converters)
        self._scope.include(router._scope, pattern)

    def add_global_middleware(self, middleware: Handler) -> None:
        """Wrap all routes of this router, earlier and later ones, in a middleware.

        The first that was added is the outermost. For a group these are its own routes.
        """
        function = "add_global_middleware()"
        self._scope.check_open("cannot add a middleware")
        self._scope.middlewares.append(check.check_middleware(function, "middleware", middleware))
        self._scope.changed()

    def add_error_handler(self, exception_type: type[BaseException], handler: Handler) -> None:
        """Keep a handler for exceptions of this router's routes in `Route.error_handlers`.

        The router itself calls none: whoever serves the routes does.

        Args:
            exception_type: The class it is for.
            handler: A callable.

        Raises:
            TypeError: An argument is of the wrong type.
            RouteConflictError: This router has one for that class already; a group of it may have its own.
            RouterFrozenError: The router is being served.
        """
        function = "add_error_handler()"
        given: Any = exception_type
        if not isinstance(given, type) or not issubclass(given, BaseException):
            raise check.wrong_type(function, "exception_type", "an exception class", exception_type)
        check.check_handler(function, "handler", handler)
        self._scope.add_error_handler(exception_type, handler, caller_location())

    def register_converter(self, name: str, converter: Any) -> None:
        """Make a converter known to this router and its groups, for patterns registered from now on.

        Args:
            name: The name for patterns: `:param<name>`.
            converter: A `Converter`, or any object or class with `regex`, `parse` and `format`.

        Raises:
            TypeError: The converter lacks something.
            ValueError: The name is taken by another converter, or is not an identifier.
        """
        self._scope.check_open(f"cannot register the converter {name!r}")
        self._scope.converters.add(name, converter)

    # -- look-up

    def get_handler(self, method: str, path: str) -> RouteMatch:
        """Find the handler for a request.

        Args:
            method: As sent; methods are case-sensitive.
            path: The raw path, percent-encoded. A query after it is ignored.

        Returns:
            `(handler, path_params, is_async)`. HEAD finds the GET route of a pattern that has no HEAD route.

        Raises:
            NotFoundError: No route matches the path.
            MethodNotAllowedError: Routes match the path, but none has the method. OPTIONS too, unless a route
                defines it: the error's `allowed` is what an automatic answer needs.
        """
        by_method = self._static.get(path)
        if by_method is not None:
            found = by_method.get(method)
            if found is not None:
                return found
        parts = path.split("/")
        # PERF: these tests cost a tenth of what splitting and decoding by the full rule does.
        if "%" in path or "?" in path or "//" in path or parts[0] or not parts[-1]:
            parts = split_path(path)
        node = self._trees.get(len(parts), self._longer)
        while node.sure:  # PERF: find() would do the same, for the price of a call
            node = node.static.get(parts[node.position], node.otherwise)
        leaf = node.leaves.get(method) or find(node, parts, method)
        if not leaf:
            return self._no_match(leaf, method, path)
        endpoint, is_async, name, at, others, _ = leaf
        params = {} if name is None else {name: parts[at]}
        if others:
            for name, at in others:
                params[name] = parts[at]
        return _new_match(RouteMatch, (endpoint, params, is_async))

    def _no_match(self, leaf: tuple[()] | None, method: str, path: str) -> RouteMatch:
        if self._table is None:
            self._compile()
            return self.get_handler(method, path)
        if leaf is None:
            raise NotFoundError(path)
        raise MethodNotAllowedError(method, path, order_methods(self._table.forest.methods(split_path(path))))

    def get_allowed_methods(self, path: str) -> list[str]:
        """The methods that a path answers, in a stable order; empty for an unknown path.

        HEAD is among them where GET is, and OPTIONS always.
        """
        return list(order_methods(self._compile().forest.methods(split_path(path))))

    def url_for(self, name: str, /, **params: Any) -> str:
        """Build the URL of a route: what `get_handler` takes apart.

        Args:
            name: The route's name; without one, its function's, if only one path has it.
            **params: Values of the path parameters, percent-encoded as needed. Others become the query:
                a list gives one field per item, `None` leaves the field out.

        Raises:
            UrlBuildError: The name is unknown or ambiguous, or a parameter is missing or does not fit.

        Example:
            >>> router = Router()
            >>> router.add_route("/files/:owner/*path", print, name="file")
            >>> router.url_for("file", owner="a/b", path="docs/read me", version=2)
            '/files/a%2Fb/docs/read%20me?version=2'
        """
        if self._urls is None:
            self._urls = UrlBuilder(self._scope.placements)
        return self._urls.build(name, params)

    # -- views

    @property
    def prefix(self) -> str:
        """What is set before every path of this router; empty if there is nothing."""
        pattern = self._scope.prefix
        return pattern.text if pattern.segments else ""

    @property
    def routes(self) -> tuple[Route, ...]:
        """All routes, included ones too, in order of registration."""
        return self._compile().routes

    @property
    def global_middlewares(self) -> tuple[Handler, ...]:
        """The middleware around every route, outermost first; a group's includes its parents'."""
        return tuple(middleware for scope in self._scope.chain for middleware in scope.middlewares)

    @property
    def error_handlers(self) -> Mapping[type[BaseException], Handler]:
        """The error handlers that every route of this router inherits, read-only."""
        merged: dict[type[BaseException], Handler] = {}
        for scope in self._scope.chain:
            merged.update(scope.error_handlers)
        return MappingProxyType(merged)

    @property
    def frozen(self) -> bool:
        """Whether it, or a router that includes it, was frozen."""
        return self._scope.frozen

    def freeze(self) -> None:
        """Compose all routes and refuse changes from now on, in included routers too; idempotent."""
        self._compile()
        self._scope.freeze()

    def explain(self, method: str, path: str) -> Explanation:
        """Tell step by step how a method and a path find their route, or why none; prints readably."""
        table = self._compile()
        return explain(self._placed(table), method, path, table.forest.methods(split_path(path)))

    def unreachable_routes(self) -> tuple[UnreachableRoute, ...]:
        """The routes that can never match, with the reason: others take every path that they could."""
        table = self._compile()
        return tuple(find_unreachable(table.forest, self._placed(table)))

    def _placed(self, table: Table) -> tuple[tuple[Pattern, Route], ...]:
        patterns = (placement.pattern for placement in self._scope.placements)
        return tuple(zip(patterns, table.routes, strict=True))

    # -- compiled form

    def _compile(self) -> Table:
        with self._lock:
            if self._table is None:
                table = self._compiler.compile(self._scope.placements)
                self._static, self._trees, self._longer = (
                    table.static,
                    table.forest.by_size,
                    table.forest.longer,
                )
                self._table = table
            return self._table

    def _forget(self) -> None:
        with self._lock:
            self._table = self._urls = None
            self._static, self._trees, self._longer = {}, {}, DEAD_END


def _read_pattern(function: str, argument: str, path: Any, converters: ConverterRegistry | None) -> Pattern:
    return parse_pattern(
        check.check_text(function, argument, path), GLOBAL_CONVERTERS if converters is None else converters
    )
