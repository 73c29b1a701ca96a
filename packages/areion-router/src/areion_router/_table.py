"""Compilation: what was registered becomes routes, a tree and a table of static paths.

Strategy: a route is composed with its middleware when it is first compiled, and again only if what it is made
    of has changed, so that each middleware is called once per route however often a router grows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from areion_router._composition import compose, is_async_callable
from areion_router._pattern import Kind, Pattern, quote_segment
from areion_router._scope import Placement
from areion_router._source import function_name
from areion_router._tree import Ending, Forest, Leaf, grow_forest
from areion_router.route import Handler, NoParams, Route, RouteMatch

StaticTable: TypeAlias = dict[str, dict[str, RouteMatch]]
"""The match by raw path and method, for patterns without parameters."""


class Table(NamedTuple):
    """A compiled set of routes."""

    static: StaticTable
    forest: Forest
    routes: tuple[Route, ...]


class Compiler:
    """Makes tables out of placements, and remembers what it composed."""

    __slots__ = ("_composed", "_endpoints")

    def __init__(self) -> None:
        self._composed: dict[Placement, Route] = {}
        self._endpoints: dict[int, Route] = {}

    def compile(self, placements: Iterable[Placement]) -> Table:
        """Compile all placements, in order of registration."""
        endings: dict[Hashable, Ending] = {}
        routes = []
        for placement in placements:
            route = self._route(placement)
            routes.append(route)
            ending = endings.setdefault(placement.pattern.shape, Ending(placement.pattern, {}))
            ending.leaves.update(dict.fromkeys(route.methods, _leaf(placement.pattern, route)))
        for ending in endings.values():
            if "GET" in ending.leaves:  # RFC 9110, section 9.3.2
                ending.leaves.setdefault("HEAD", ending.leaves["GET"])
        forest = grow_forest(tuple(endings.values()))
        return Table(_static_table(endings.values()), forest, tuple(routes))

    def _route(self, placement: Placement) -> Route:
        middlewares = placement.middlewares
        options = placement.options
        error_handlers = placement.error_handlers
        known = self._composed.get(placement)
        if (
            known is not None
            and _same_objects(known.middlewares, middlewares)
            and known.options == options
            and known.error_handlers == error_handlers
        ):
            return known
        definition = placement.definition
        try:
            endpoint = compose(definition.handler, middlewares)
        except Exception as error:
            error.add_note(f"while composing the middleware of {placement}")
            raise
        route = Route(
            path=placement.pattern.text,
            methods=definition.methods,
            handler=definition.handler,
            endpoint=self._own_endpoint(endpoint, options, error_handlers),
            name=definition.name or function_name(definition.handler),
            middlewares=middlewares,
            params=MappingProxyType(placement.pattern.parameters),
            options=MappingProxyType(options),
            error_handlers=MappingProxyType(error_handlers),
            is_async=is_async_callable(endpoint),
            source=definition.source,
        )
        self._composed[placement] = route
        self._endpoints.setdefault(id(route.endpoint), route)
        return route

    def _own_endpoint(
        self,
        endpoint: Handler,
        options: Mapping[str, Any],
        error_handlers: Mapping[type[BaseException], Handler],
    ) -> Handler:
        """The endpoint, or one that forwards to it.

        It must be hashable, and not that of a route with other options: dispatchers keep tables by endpoint.
        """
        other = self._endpoints.get(id(endpoint))
        is_own = other is None or (other.options == options and other.error_handlers == error_handlers)
        return endpoint if is_own and type(endpoint).__hash__ is not None else partial(endpoint)


def _same_objects(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def _leaf(pattern: Pattern, route: Route) -> Leaf:
    names = [(s.value, at) for at, s in enumerate(pattern.segments, 1) if s.kind is not Kind.STATIC]
    if not names:
        return route.endpoint, route.is_async, None, 0, (), route
    (name, at), *others = names
    return route.endpoint, route.is_async, name, at, tuple(others), route


_NO_PARAMS = NoParams()


def _static_table(endings: Iterable[Ending]) -> StaticTable:
    table: StaticTable = {}
    for ending in endings:
        segments = ending.pattern.segments
        if any(segment.kind is not Kind.STATIC for segment in segments):
            continue
        path = "".join("/" + quote_segment(segment.value) for segment in segments)
        by_method = {
            method: RouteMatch(leaf[0], _NO_PARAMS, leaf[1]) for method, leaf in ending.leaves.items()
        }
        table[path] = table[path + "/"] = by_method  # the usual spellings; others take longer
    return table
