"""The compiled form of a set of routes: a tree of segments, and one table for the paths without parameters.

Strategy: a path is split once; each node takes one segment, by a dict look-up among its static children, then
    by its
typed, plain and catch-all children, in that order. A node with only one way on is left behind for good; at
any other node all ways but the last are tried in a call of their own, which is all the backtracking there is.
So the cost of a look-up depends on the number of segments, not of routes.

Values of parameters are not collected on the way: a leaf knows at which positions they stand.
Nothing here knows about middleware or registration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from areion_router._pattern import Kind, Pattern, Segment, quote_segment
from areion_router.converters import Converter
from areion_router.route import Handler, Route

# PERF: a plain tuple, because it unpacks faster than an object's attributes are read.
Leaf: TypeAlias = tuple[Handler, bool, tuple[tuple[str, int], ...], Route]
"""The end of a route: endpoint, is_async, (parameter, position) pairs, route."""

Leaves: TypeAlias = dict[str, Leaf]
"""The routes that end at one node, by method."""


class Node:
    """One position in the tree.

    Attributes:
        static: Children by decoded text.
        typed: Children behind a converter, by rank: (fullmatch, parse, child).
        plain: The child behind a plain parameter.
        rest: The routes whose catch-all begins here.
        leaves: The routes that end here.
        only_static: There are no children but static ones.
    """

    __slots__ = ("_converters", "leaves", "only_static", "plain", "rest", "static", "typed")

    def __init__(self) -> None:
        self.static: dict[str, Node] = {}
        self.typed: tuple[tuple[Callable[[str], re.Match[str] | None], Callable[[str], Any], Node], ...] = ()
        self.plain: Node | None = None
        self.rest: Leaves | None = None
        self.leaves: Leaves = {}
        self.only_static = True
        self._converters: dict[Converter, Node] = {}

    @property
    def typed_children(self) -> list[tuple[Converter, Node]]:
        """The children behind a converter, in the order in which they are tried."""
        return sorted(self._converters.items(), key=lambda item: item[0].rank)

    def child(self, segment: Segment) -> Node:
        """The node behind a segment, made if it is new."""
        if segment.kind is Kind.STATIC:
            return self.static.setdefault(segment.value, Node())
        self.only_static = False
        if segment.kind is Kind.PLAIN:
            self.plain = self.plain or Node()
            return self.plain
        assert segment.converter is not None
        child = self._converters.setdefault(segment.converter, Node())
        self.typed = tuple((known.fullmatch, known.parse, node) for known, node in self.typed_children)
        return child


def insert(root: Node, pattern: Pattern, methods: Iterable[str], leaf: Leaf) -> None:
    """Add a route to the tree."""
    node = root
    for segment in pattern.segments:
        if segment.kind is Kind.REST:
            node.only_static = False
            node.rest = {} if node.rest is None else node.rest
            node.rest.update(dict.fromkeys(methods, leaf))
            return
        node = node.child(segment)
    node.leaves.update(dict.fromkeys(methods, leaf))


def answer_head(node: Node) -> None:
    """Let GET routes answer HEAD wherever the same pattern has no HEAD route (RFC 9110, section 9.3.2)."""
    for leaves in (node.leaves, node.rest):
        if leaves is not None and "GET" in leaves:
            leaves.setdefault("HEAD", leaves["GET"])
    children = [
        *node.static.values(),
        *node._converters.values(),
        *([] if node.plain is None else [node.plain]),
    ]
    for child in children:
        answer_head(child)


def static_spellings(pattern: Pattern) -> list[str]:
    """The raw paths by which a pattern without parameters is usually asked for."""
    path = "".join("/" + quote_segment(segment.value) for segment in pattern.segments)
    return [path, path + "/"]


def walk(node: Node, parts: list[str], index: int, end: int, method: str) -> Leaf | None:
    """Find the first route, by precedence, that matches `parts[index:end]` and has the method.

    On success the converted values stand in `parts` in place of their texts, and a catch-all's joined value
    in place of its first segment. On failure `parts` is as it was.
    """
    while index < end:
        part: Any = parts[index]
        index += 1
        if node.only_static:
            child = node.static.get(part)
            if child is None:
                return None
            node = child
            continue
        if node.static:
            child = node.static.get(part)
            if child is not None:
                leaf = walk(child, parts, index, end, method)
                if leaf is not None:
                    return leaf
        for fullmatch, parse, child in node.typed:
            if fullmatch(part) is None:
                continue
            try:
                parts[index - 1] = parse(part)
            except ValueError:
                continue
            leaf = walk(child, parts, index, end, method)
            if leaf is not None:
                return leaf
            parts[index - 1] = part
        plain, rest = node.plain, node.rest
        if rest is None:
            if plain is None:
                return None
            node = plain
            continue
        if plain is not None:
            leaf = walk(plain, parts, index, end, method)
            if leaf is not None:
                return leaf
        leaf = rest.get(method)
        if leaf is not None:
            parts[index - 1] = "/".join(parts[index - 1 :])
        return leaf
    return node.leaves.get(method)


def collect_methods(node: Node, parts: list[str], index: int, found: set[str]) -> set[str]:
    """All methods of all routes that match `parts[index:]`."""
    if index == len(parts):
        found.update(node.leaves)
        return found
    part = parts[index]
    child = node.static.get(part)
    if child is not None:
        collect_methods(child, parts, index + 1, found)
    for converter, child in node.typed_children:
        if _reads(converter, part):
            collect_methods(child, parts, index + 1, found)
    if node.plain is not None:
        collect_methods(node.plain, parts, index + 1, found)
    found.update(node.rest or ())
    return found


def _reads(converter: Converter, text: str) -> bool:
    try:
        converter.read(text)
    except ValueError:
        return False
    return True
