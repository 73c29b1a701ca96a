"""The story of one look-up: what was tried for a path, in which order, and why it was taken or left.

Strategy: the same tree in the same order as `_tree.walk`, slowly and talking. A property test holds the two
    together.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from areion_router._pattern import Kind, Pattern, Segment, split_path
from areion_router.base import COMMON_METHODS
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


def explain(
    routes: Sequence[tuple[Pattern, Route]], method: str, path: str, answered: set[str]
) -> Explanation:
    """Tell how a look-up finds its route among these, given the methods that the path answers."""
    parts = split_path(path)[1:]
    steps: list[str] = []
    route = _Walk(parts, method, steps).visit(routes, 0)
    if len(steps) > _MAX_STEPS:
        steps[_MAX_STEPS:] = [f"... {len(steps) - _MAX_STEPS} more steps"]
    return Explanation(
        method=method,
        path=path,
        segments=tuple(parts),
        steps=tuple(steps),
        route=route,
        allowed=order_methods(answered),
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
        self._steps.append("  " * index + text)

    def visit(self, routes: Sequence[tuple[Pattern, Route]], index: int) -> Route | None:
        """Follow the routes that agree with the first `index` segments."""
        if index == len(self._parts):
            return self._end([route for pattern, route in routes if len(pattern.segments) == index], index)
        routes = [(pattern, route) for pattern, route in routes if len(pattern.segments) > index]
        part = self._parts[index]
        taken = False
        for segment, group in _ways(routes, index):
            names = " or ".join(dict.fromkeys(pattern.segments[index].text for pattern, _ in group))
            refusal = _refusal(segment, part)
            if refusal is not None:
                if segment.kind is not Kind.STATIC:  # all the static texts that it is not would be noise
                    self._note(index, f"{part!r} is refused by {names}: {refusal}")
                continue
            taken = True
            if segment.kind is Kind.REST:
                self._note(index, f"{'/'.join(self._parts[index:])!r} is taken by {names}")
                route = self._end([route for _, route in group], index + 1)
            else:
                self._note(index, f"{part!r} is taken by {names}")
                route = self.visit(group, index + 1)
            if route is not None:
                return route
        if not taken:
            self._note(index, f"{part!r}: nothing takes it here{_static_texts(routes, index)}")
        return None

    def _end(self, routes: Sequence[Route], index: int) -> Route | None:
        for route in routes:
            if self._method in route.methods:
                self._note(index, f"end: {route}")
                return route
        for route in routes:
            if self._method == "HEAD" and "GET" in route.methods:
                self._note(index, f"end: {route}, which answers HEAD")
                return route
        there = ", ".join(sorted({method for route in routes for method in route.methods}))
        self._note(
            index, f"end: no {self._method} here, only {there}" if there else "end: no route ends here"
        )
        return None


def _ways(
    routes: Sequence[tuple[Pattern, Route]], index: int
) -> list[tuple[Segment, list[tuple[Pattern, Route]]]]:
    """The routes by what they have at a segment, in the order in which it is tried."""
    ways: dict[Hashable, list[tuple[Pattern, Route]]] = {}
    for pattern, route in routes:
        ways.setdefault(pattern.segments[index].shape, []).append((pattern, route))
    heads = ((group[0][0].segments[index], group) for group in ways.values())
    return sorted(heads, key=lambda way: (way[0].kind, way[0].converter.rank if way[0].converter else 0))


def _refusal(segment: Segment, text: str) -> str | None:
    """Why a segment of a pattern does not take a text; `None` if it does."""
    if segment.kind is Kind.STATIC:
        return None if segment.value == text else "another text"
    if segment.kind is Kind.TYPED and segment.converter is not None:
        try:
            segment.converter.read(text)
        except ValueError as error:
            return str(error)
    return None


def _static_texts(routes: Sequence[tuple[Pattern, Route]], index: int) -> str:
    texts = sorted({p.segments[index].value for p, _ in routes if p.segments[index].kind is Kind.STATIC})
    if not texts:
        return ""
    return f" (static text here: {', '.join(map(repr, texts[:8]))}{', ...' if len(texts) > 8 else ''})"
