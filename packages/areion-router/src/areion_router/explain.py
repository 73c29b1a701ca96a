"""The story of one look-up: what was tried for a path, in which order, and why it was taken or left.

Strategy: the same tree in the same order as `_tree.walk`, slowly and talking. A property test holds the two
    together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from areion_router._pattern import split_path
from areion_router._tree import Leaves, Node, collect_methods
from areion_router.base import COMMON_METHODS
from areion_router.converters import Converter
from areion_router.route import Route

_MAX_STEPS = 500
"""Enough for any real table; bounds the story of a path that leads through thousands of routes."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a method and a path match a route, or why they match none. Prints as readable text.

    Attributes:
        method: As asked for.
        path: As asked for.
        segments: The path's segments, decoded, empty ones dropped.
        steps: What was tried, in order; deeper steps are indented.
        route: The route that answers, or `None`.
        allowed: The methods that the path answers, in a stable order; empty if no route matches it.
    """

    method: str
    path: str
    segments: tuple[str, ...]
    steps: tuple[str, ...]
    route: Route | None
    allowed: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """The outcome in one sentence."""
        if self.route is not None:
            return f"matched {self.route}"
        if self.allowed:
            return f"method not allowed: the path answers {', '.join(self.allowed)}"
        return "not found: no route matches the path, whatever the method"

    def __str__(self) -> str:
        segments = ", ".join(map(repr, self.segments)) or "none"
        head = f"{self.method} {self.path}", f"segments: {segments}"
        return "\n".join((*head, *(f"  {step}" for step in self.steps), self.verdict))


def explain(root: Node, method: str, path: str) -> Explanation:
    """Tell how the tree answers."""
    parts = split_path(path)
    steps: list[str] = []
    route = _Walk(parts, method, steps).visit(root, 1)
    if len(steps) > _MAX_STEPS:
        steps[_MAX_STEPS:] = [f"... {len(steps) - _MAX_STEPS} more steps"]
    return Explanation(
        method=method,
        path=path,
        segments=tuple(parts[1:]),
        steps=tuple(steps),
        route=route,
        allowed=order_methods(collect_methods(root, parts, 1, set())),
    )


def order_methods(methods: set[str]) -> tuple[str, ...]:
    """Methods in a stable order: the common ones, then others by name. Every known path answers OPTIONS."""
    if not methods:
        return ()
    known = methods | {"OPTIONS"}
    return (
        *(method for method in COMMON_METHODS if method in known),
        *sorted(known.difference(COMMON_METHODS)),
    )


class _Walk:
    """One look-up that notes its steps."""

    def __init__(self, parts: list[str], method: str, steps: list[str]) -> None:
        self._parts = parts
        self._method = method
        self._steps = steps

    def _note(self, index: int, text: str) -> None:
        self._steps.append("  " * (index - 1) + text)

    def visit(self, node: Node, index: int) -> Route | None:
        if index == len(self._parts):
            return self._end(node.leaves, index)
        part = self._parts[index]
        ways = 0
        for description, child in self._ways(node, part):
            ways += 1
            self._note(index, description)
            if isinstance(child, Node):
                route = self.visit(child, index + 1)
                if route is not None:
                    return route
        if node.rest is not None:
            self._note(index, f"{'/'.join(self._parts[index:])!r} is taken by a catch-all")
            return self._end(node.rest, index + 1)
        self._note(index, f"{part!r}: nothing {'else ' if ways else ''}takes it here{_whats_here(node)}")
        return None

    def _ways(self, node: Node, part: str) -> Iterator[tuple[str, Node | None]]:
        child = node.static.get(part)
        if child is not None:
            yield f"{part!r} is the static segment", child
        for converter, child in node.typed_children:
            refusal = _refusal(converter, part)
            if refusal is None:
                yield f"{part!r} is taken by a parameter <{converter.name}>", child
            else:
                yield f"{part!r} is refused by a parameter <{converter.name}>: {refusal}", None
        if node.plain is not None:
            yield f"{part!r} is taken by a plain parameter", node.plain

    def _end(self, leaves: Leaves, index: int) -> Route | None:
        leaf = leaves.get(self._method)
        if leaf is not None:
            route = leaf[3]
            self._note(index, f"end: {route}")
            return route
        there = ", ".join(sorted(leaves))
        if there:
            self._note(index, f"end: no {self._method} here, only {there}")
        else:
            self._note(index, "end: no route ends here")
        return None


def _refusal(converter: Converter, text: str) -> str | None:
    try:
        converter.read(text)
    except ValueError as error:
        return str(error)
    return None


def _whats_here(node: Node) -> str:
    names = sorted(node.static)
    if not names:
        return ""
    shown = ", ".join(map(repr, names[:8]))
    return f" (static segments here: {shown}{', ...' if len(names) > 8 else ''})"
