"""Which routes can never match, and why.

Strategy: for each route and method, witnesses: paths made of its static segments and of example values of its
parameters. A route that answers none of its own witnesses is hidden by those that do. Parameters of
converters without known examples are given the benefit of the doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from areion_router._pattern import Kind, Pattern, Segment
from areion_router._tree import Forest
from areion_router.converters import BUILT_IN, PATH, Converter
from areion_router.route import Route

_MAX_WITNESSES = 10_000
"""Paths tried per route and method (some 20 ms). A route with more, none of which leads to it, is not judged."""

_SAMPLES = tuple(
    dict.fromkeys(
        (
            *(example for converter in (*BUILT_IN.values(), PATH) for example in converter.examples),
            *(
                "1",
                "42",
                "2024",
                "1999-12-31",
                "a",
                "Z",
                "abc",
                "ABC",
                "some-slug",
                "en",
                "en-GB",
                "deadbeef",
                "true",
            ),
        )
    )
)


@dataclass(frozen=True, slots=True)
class UnreachableRoute:
    """A route that no request with this method can reach.

    Attributes:
        route: The route.
        method: The method for which it is hidden.
        reason: Why, naming the routes that hide it.
        hidden_by: The routes that answer in its place; empty if the pattern itself is the reason.
    """

    route: Route
    method: str
    reason: str
    hidden_by: tuple[Route, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.route.path} ({self.route.source}) can never match: {self.reason}"


def find_unreachable(forest: Forest, routes: Iterable[tuple[Pattern, Route]]) -> Iterator[UnreachableRoute]:
    """Look for routes that can never match."""
    for pattern, route in routes:
        for method in route.methods:
            dots = [segment.text for segment in pattern.segments if segment.value in (".", "..")]
            if dots:
                reason = f"clients resolve {dots[0]!r} away before they ask (RFC 3986, section 5.2.4)"
                yield UnreachableRoute(route, method, reason, ())
                continue
            hiding = _hiding(forest, pattern, route, method)
            if hiding:
                reason = f"every path it matches is answered first by {', '.join(map(str, hiding))}"
                yield UnreachableRoute(route, method, reason, hiding)


def _hiding(forest: Forest, pattern: Pattern, route: Route, method: str) -> tuple[Route, ...]:
    """The routes that answer all witnesses of this one; empty if it answers one itself."""
    hiding: dict[Route, None] = {}
    beyond = "/".join("~" * len(forest.by_size))  # more segments than any pattern without a catch-all takes
    candidates = [_candidates(segment, beyond) for segment in pattern.segments]
    for tried, texts in enumerate(product(*candidates), 1):
        if tried > _MAX_WITNESSES:
            return ()
        parts = ["", *texts]
        if pattern.segments and pattern.segments[-1].kind is Kind.REST:
            parts[-1:] = texts[-1].split("/")
        leaf = forest.find(parts, method)
        if leaf and leaf[-1] is route:
            return ()
        if leaf:
            hiding[leaf[-1]] = None
    return tuple(hiding)


def _candidates(segment: Segment, beyond: str) -> tuple[str, ...]:
    if segment.converter is None:
        return (segment.value,)
    if segment.kind is Kind.PLAIN:
        return segment.converter.examples
    if segment.kind is Kind.REST:
        return (*segment.converter.examples, beyond)
    samples = (*segment.converter.examples, *_SAMPLES)
    return tuple(text for text in dict.fromkeys(samples) if _reads(segment.converter, text))


def _reads(converter: Converter, text: str) -> bool:
    try:
        converter.read(text)
    except ValueError:
        return False
    return True
