"""Where registrations live: scopes (a router or a group each) in a tree, and the routes placed in them.

Strategy: a registration is placed at once in its scope and in every scope around it, so that conflicts are
    found where they are made, also when a router grows after it was included. What a route inherits (middleware,
    options, error handlers) is looked up along its scopes only when routes are compiled, so the order of
    registration does not matter. Nothing here matches paths.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from areion_router._pattern import Pattern
from areion_router._source import describe_callable
from areion_router.converters import GLOBAL_CONVERTERS, ConverterRegistry
from areion_router.errors import RouteConflictError, RouterFrozenError
from areion_router.route import Handler


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """One call of `add_route`, as it was made."""

    handler: Handler
    methods: tuple[str, ...]
    middlewares: tuple[Handler, ...]
    name: str | None
    options: Mapping[str, Any]
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """A definition as one scope sees it.

    Attributes:
        definition: What was registered.
        pattern: The full pattern, with all prefixes up to that scope.
        scopes: From that scope down to the one where the definition was made.
    """

    definition: Definition
    pattern: Pattern
    scopes: tuple[Scope, ...]

    def __str__(self) -> str:
        definition = self.definition
        return (
            f"{','.join(definition.methods)} {self.pattern.text} "
            f"({describe_callable(definition.handler)}, registered at {definition.source})"
        )

    def same_as(self, other: Placement) -> bool:
        """Whether it is the same registration, with the same inheritance."""
        return self.definition is other.definition and self.scopes == other.scopes

    @property
    def middlewares(self) -> tuple[Handler, ...]:
        """The whole chain, outermost first."""
        inherited = (middleware for scope in self.scopes for middleware in scope.middlewares)
        return (*inherited, *self.definition.middlewares)

    @property
    def options(self) -> dict[str, Any]:
        """All options, the innermost winning."""
        merged: dict[str, Any] = {}
        for scope in self.scopes:
            merged.update(scope.options)
        merged.update(self.definition.options)
        return merged

    @property
    def error_handlers(self) -> dict[type[BaseException], Handler]:
        """All error handlers, the innermost winning."""
        merged: dict[type[BaseException], Handler] = {}
        for scope in self.scopes:
            merged.update(scope.error_handlers)
        return merged


class Scope:
    """The registrations of one router or group.

    A group is transparent: its routes are its parent's, with the parent's prefix and inheritance, wherever
    else the group is included. A router that was included has none of its includer's when it is used alone.

    Args:
        prefix: Set before every pattern in it; for a group, below its parent's.
        options: Inherited by every route in it.
        on_change: Called after each change that can affect compiled routes.
        parent: The scope that this is a group of.
    """

    __slots__ = (
        "_error_sources",
        "_frozen",
        "_groups",
        "_names",
        "_on_change",
        "_outer",
        "_taken",
        "converters",
        "error_handlers",
        "middlewares",
        "options",
        "parent",
        "placements",
        "prefix",
    )
    converters: ConverterRegistry
    prefix: Pattern

    def __init__(
        self,
        prefix: Pattern,
        options: Mapping[str, Any],
        on_change: Callable[[], None],
        parent: Scope | None = None,
    ) -> None:
        self.prefix = prefix if parent is None else parent.prefix + prefix
        self.options = dict(options)
        self.parent = parent
        self.converters = ConverterRegistry(GLOBAL_CONVERTERS if parent is None else parent.converters)
        self.middlewares: list[Handler] = []
        self.error_handlers: dict[type[BaseException], Handler] = {}
        self._error_sources: dict[type[BaseException], str] = {}
        self.placements: list[Placement] = []
        self._taken: dict[Hashable, Placement] = {}
        self._names: dict[str, Placement] = {}
        self._outer: list[tuple[Scope, Pattern]] = []
        self._groups: list[Scope] = []
        self._on_change = on_change
        self._frozen = False
        if parent is not None:
            parent.check_open(f"cannot add the group {self.prefix.text}")
            parent._groups.append(self)

    @property
    def chain(self) -> tuple[Scope, ...]:
        """A group's parents, outermost first, and itself."""
        return (self,) if self.parent is None else (*self.parent.chain, self)

    @property
    def frozen(self) -> bool:
        """It, or a scope around it, was frozen."""
        return self._frozen or any(scope.frozen for scope in self._around())

    def freeze(self) -> None:
        """Refuse all changes from now on, also in the scopes within."""
        self._frozen = True

    def check_open(self, action: str) -> None:
        """Raise `RouterFrozenError` if it is frozen."""
        if self.frozen:
            raise RouterFrozenError(action)

    def changed(self) -> None:
        """Tell the owners of all scopes that have this scope's routes or inherit from it."""
        told: set[Scope] = set()
        waiting = [self]
        while waiting:
            scope = waiting.pop()
            if scope not in told:
                told.add(scope)
                scope._on_change()
                waiting += (*scope._around(), *scope._groups)

    def add(self, definition: Definition, pattern: Pattern) -> None:
        """Place a definition here and in all scopes around: in all of them, or in none if one refuses.

        Raises:
            RouteConflictError: Another definition answers the same requests, here or in a scope around.
        """
        self.check_open(f"cannot register {pattern.text}")
        self._place([Placement(definition, self.prefix + pattern, self.chain)])
        self.changed()

    def add_error_handler(self, exception_type: type[BaseException], handler: Handler, source: str) -> None:
        """Keep a handler for an exception class.

        Raises:
            RouteConflictError: This scope has one for that class already.
        """
        self.check_open(f"cannot add an error handler for {exception_type.__name__}")
        later = f"error handler {describe_callable(handler)} (registered at {source})"
        earlier = self._error_sources.setdefault(exception_type, later)
        if earlier is not later:
            reason = f"both are for {exception_type.__qualname__} in one router; remove one"
            raise RouteConflictError(later, earlier, reason)
        self.error_handlers[exception_type] = handler
        self.changed()

    def include(self, inner: Scope, prefix: Pattern) -> None:
        """Put another scope inside this one, with what it has now and what it will get.

        Including a group again where it already is changes nothing.

        Raises:
            ValueError: The scope is this one or around it, or is already included there.
        """
        below = self.prefix + prefix
        self.check_open(f"cannot include a router at {below.text}")
        if inner is self or inner in self._all_around():
            raise ValueError("a router cannot include itself, directly or through routers that include it")
        if inner.parent is self and not prefix.segments:
            return
        if any(scope is self and at.shape == prefix.shape for scope, at in inner._outer):
            raise ValueError(f"this router is already included at {below.text}")
        self._place([self._adopt(placement, prefix) for placement in inner.placements])
        inner._outer.append((self, prefix))
        self.changed()

    def _around(self) -> Iterator[Scope]:
        if self.parent is not None:
            yield self.parent
        for scope, _ in self._outer:
            yield scope

    def _all_around(self) -> Iterator[Scope]:
        for scope in self._around():
            yield scope
            yield from scope._all_around()

    def _adopt(self, placement: Placement, prefix: Pattern) -> Placement:
        """The placement of an included scope as this one sees it."""
        pattern = self.prefix + prefix + placement.pattern
        return Placement(placement.definition, pattern, (*self.chain, *placement.scopes))

    def _lineage(self, placement: Placement) -> Iterator[tuple[Scope, Placement]]:
        """The placement in this scope and in all around it."""
        yield self, placement
        if self.parent is not None:
            yield from self.parent._lineage(placement)
        for scope, prefix in self._outer:
            yield from scope._lineage(scope._adopt(placement, prefix))

    def _place(self, placements: list[Placement]) -> None:
        accepted: dict[tuple[Scope, Hashable], Placement] = {}
        new: list[tuple[Scope, Placement]] = []
        for scope, placement in (place for each in placements for place in self._lineage(each)):
            shape = placement.pattern.shape
            keys: list[Hashable] = [(method, shape) for method in placement.definition.methods]
            taken = [accepted.get((scope, key)) or scope._taken.get(key) for key in keys]
            if all(other is not None and other.same_as(placement) for other in taken):
                continue  # a group that came by two ways
            for other, method in zip(taken, placement.definition.methods, strict=True):
                if other is not None:
                    reason = f"both answer {method} for the same paths; remove or change one"
                    raise RouteConflictError(str(placement), str(other), reason)
            scope._check_name(placement)
            accepted.update(((scope, key), placement) for key in keys)
            new.append((scope, placement))
        for scope, placement in new:
            scope._accept(placement)

    def _check_name(self, placement: Placement) -> None:
        name = placement.definition.name
        named = None if name is None else self._names.get(name)
        if named is not None and named.definition is not placement.definition:
            raise RouteConflictError(str(placement), str(named), f"both have the name {name!r}")

    def _accept(self, placement: Placement) -> None:
        self.placements.append(placement)
        shape = placement.pattern.shape
        for method in placement.definition.methods:
            self._taken[method, shape] = placement
        if placement.definition.name is not None:
            self._names.setdefault(placement.definition.name, placement)
