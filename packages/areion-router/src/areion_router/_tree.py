"""The compiled form of a set of routes: decision trees, one for each number of segments.

Strategy: a path is split once, and its number of segments selects a tree. A node looks at one segment;
    positions that
are parameters in all patterns that are left are never looked at. There are two kinds of nodes:

- *Sure* ones, where static texts and plain parameters compete. A way on holds all patterns that agree with
  the text, the plain ones among them, so no way is ever taken back; where it ends, precedence has picked one
  route per method.
- *Choices*, where converters or catch-alls take part (or where sure nodes would be too many): each way is
  tried in order, static, typed, plain, catch-all, all but the last in a call of their own. That is all the
  backtracking there is.

So the cost of a look-up depends on the number of segments, not of routes.

Values of parameters are not collected on the way: a leaf knows at which positions they stand.
Nothing here knows about middleware or registration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from areion_router._pattern import Kind, Pattern
from areion_router.converters import Converter
from areion_router.route import Handler, Route

# PERF: a plain tuple, because it unpacks faster than an object's attributes are read.
Leaf: TypeAlias = tuple[Handler, bool, str | None, int, tuple[tuple[str, int], ...], Route]
"""A route's end: endpoint, is_async, the first parameter and its position, the others with theirs, route."""

Leaves: TypeAlias = dict[str, Leaf]
"""The routes that end at one place, by method."""

WRONG_METHOD: tuple[()] = ()
"""What `find` returns, instead of `None`, when a pattern matched that does not have the method."""

_MERGE_FACTOR = 4
"""How many times the work of an unmerged tree a merged one may be. Real tables need less than twice; the
bound is against thousands of static texts beside thousands of patterns that begin with a parameter."""


@dataclass(frozen=True, slots=True)
class Ending:
    """All routes of one shape."""

    pattern: Pattern
    leaves: Leaves

    def kind(self, position: int) -> Kind:
        """What stands at a position, counted from 1."""
        segments = self.pattern.segments
        return segments[position - 1].kind if position <= len(segments) else Kind.REST

    def text(self, position: int) -> str:
        """The decoded text or the parameter's name at a position."""
        return self.pattern.segments[position - 1].value

    def converter(self, position: int) -> Converter | None:
        """The converter at a position, if it is a parameter's."""
        return self.pattern.segments[position - 1].converter

    @property
    def has_rest(self) -> bool:
        """Whether it ends with a catch-all."""
        return self.kind(len(self.pattern.segments)) is Kind.REST if self.pattern.segments else False

    @property
    def precedence(self) -> tuple[Kind, ...]:
        """Lower goes first, among patterns that match one path."""
        return tuple(segment.kind for segment in self.pattern.segments)


# PERF: shared by the nodes that have none; a smaller tree is in the processor's cache more often.
_NO_LEAVES: Leaves = {}
_NO_WAYS: Mapping[str, Any] = {}


class Node:
    """One decision.

    Attributes:
        sure: It looks at static texts only, and what it chooses is final.
        position: The segment it looks at, counted from 1; 0 if there is nothing left to decide.
        static: Ways on by decoded text.
        otherwise: The way on of a sure node for any other text.
        leaves: The routes that match if there is nothing left to decide.
        typed: Ways on of a choice behind a converter, by rank: (fullmatch, parse, way).
        plain: The way on of a choice behind a plain parameter.
        rest: The routes of a choice whose catch-all begins here.
    """

    __slots__ = ("leaves", "otherwise", "plain", "position", "rest", "static", "sure", "typed")

    def __init__(self, position: int = 0, leaves: Leaves = _NO_LEAVES) -> None:
        self.sure = False
        self.position = position
        self.static: Mapping[str, Node] = _NO_WAYS
        self.otherwise: Node = self  # until it is a sure node
        self.leaves = leaves
        self.typed: tuple[tuple[Callable[[str], re.Match[str] | None], Callable[[str], Any], Node], ...] = ()
        self.plain: Node | None = None
        self.rest: Leaves | None = None


DEAD_END = Node()
"""Where a sure node leads if nothing takes the text."""


@dataclass(frozen=True, slots=True)
class Forest:
    """The trees.

    Attributes:
        by_size: Trees by number of segments plus one, which is the length of a split path.
        longer: The tree for more segments than any pattern has: for catch-alls.
    """

    by_size: dict[int, Node]
    longer: Node

    def find(self, parts: list[str], method: str) -> Leaf | tuple[()] | None:
        """As the function `find`, in the tree of that size."""
        return find(self.by_size.get(len(parts), self.longer), parts, method)

    def methods(self, parts: list[str]) -> set[str]:
        """The methods of all routes that match a split path."""
        found: set[str] = set()
        _collect(self.by_size.get(len(parts), self.longer), parts, found)
        return found


def grow_forest(endings: Sequence[Ending]) -> Forest:
    """Build the trees."""
    longest = max((len(ending.pattern.segments) for ending in endings), default=0)
    by_size = {}
    for size in range(longest + 1):
        fitting = [
            ending
            for ending in endings
            if (length := len(ending.pattern.segments)) == size or (length < size and ending.has_rest)
        ]
        by_size[size + 1] = _grow(fitting, range(1, size + 1)) if fitting else DEAD_END
    open_ended = [ending for ending in endings if ending.has_rest]
    longer = _grow(open_ended, range(1, longest + 1)) if open_ended else DEAD_END
    return Forest(by_size, longer)


class _TooManyNodesError(Exception):
    """A merged tree would exceed its bound."""


def _grow(endings: list[Ending], undecided: Sequence[int]) -> Node:
    """A tree for patterns that agree in kind at all positions that are decided."""
    position = _fixed_position(endings, undecided)
    if position is not None:
        node = Node(position)
        node.sure, node.otherwise = True, DEAD_END
        below = _without(undecided, position)
        node.static = {text: _grow(group, below) for text, group in _by_text(endings, position).items()}
        return node
    if all(ending.kind(at) in (Kind.STATIC, Kind.PLAIN) for ending in endings for at in undecided):
        try:
            return _merge(endings, undecided, [_MERGE_FACTOR * len(endings) * (len(undecided) + 1)])
        except _TooManyNodesError:
            pass
    return _choose(endings, undecided)


def _merge(endings: list[Ending], undecided: Sequence[int], budget: list[int]) -> Node:
    """A sure tree for patterns with static texts and plain parameters at the positions that are undecided."""
    budget[0] -= len(endings)
    if budget[0] < 0:
        raise _TooManyNodesError
    mixed = (at for at in undecided if any(ending.kind(at) is Kind.STATIC for ending in endings))
    position = _fixed_position(endings, undecided) or next(mixed, None)
    if position is None:
        leaves: Leaves = {}
        for ending in sorted(endings, key=lambda ending: ending.precedence, reverse=True):
            leaves.update(ending.leaves)
        return Node(leaves=leaves)
    node = Node(position)
    node.sure, node.otherwise = True, DEAD_END
    plain = [ending for ending in endings if ending.kind(position) is not Kind.STATIC]
    below = _without(undecided, position)
    if plain:
        node.otherwise = _merge(plain, below, budget)
    static = [ending for ending in endings if ending.kind(position) is Kind.STATIC]
    ways = _by_text(static, position).items()
    node.static = {text: _merge(group + plain, below, budget) for text, group in ways}
    return node


def _choose(endings: list[Ending], undecided: Sequence[int]) -> Node:
    """A choice at the leftmost position that matters."""
    position = next(at for at in undecided if any(ending.kind(at) is not Kind.PLAIN for ending in endings))
    below = _without(undecided, position)
    by_kind: dict[Kind, list[Ending]] = {}
    for ending in endings:
        by_kind.setdefault(ending.kind(position), []).append(ending)
    node = Node(position)
    static = _by_text(by_kind.get(Kind.STATIC, []), position)
    node.static = {text: _grow(group, below) for text, group in static.items()}
    by_converter: dict[Converter | None, list[Ending]] = {}
    for ending in by_kind.get(Kind.TYPED, []):
        by_converter.setdefault(ending.converter(position), []).append(ending)
    ranked = sorted(((c, group) for c, group in by_converter.items() if c), key=lambda item: item[0].rank)
    node.typed = tuple((c.fullmatch, c.parse, _grow(group, below)) for c, group in ranked)
    if Kind.PLAIN in by_kind:
        node.plain = _grow(by_kind[Kind.PLAIN], below)
    if Kind.REST in by_kind:
        (ending,) = by_kind[Kind.REST]  # all else being equal, there is one shape with a catch-all here
        node.rest = ending.leaves
    return node


def _fixed_position(endings: list[Ending], undecided: Sequence[int]) -> int | None:
    """A position with static text in all patterns: one look-up there leaves those that agree."""
    for position in undecided:
        if all(ending.kind(position) is Kind.STATIC for ending in endings):
            return position
    return None


def _by_text(endings: list[Ending], position: int) -> dict[str, list[Ending]]:
    groups: dict[str, list[Ending]] = {}
    for ending in endings:
        groups.setdefault(ending.text(position), []).append(ending)
    return groups


def _without(positions: Sequence[int], position: int) -> tuple[int, ...]:
    return tuple(other for other in positions if other != position)


def find(node: Node, parts: list[Any], method: str) -> Leaf | tuple[()] | None:
    """Find the first route, by precedence, that matches a split path and has the method.

    On success the converted values stand in `parts` in place of their texts, and a catch-all's joined value
    in place of its first segment. Otherwise `parts` is as it was, and the result is `WRONG_METHOD` if at
    least one pattern matched, `None` if none did.
    """
    missed: tuple[()] | None = None
    while True:
        while node.sure:
            node = node.static.get(parts[node.position], node.otherwise)
        if node.leaves:
            return node.leaves.get(method, WRONG_METHOD)
        position = node.position
        if not position:
            return missed
        part = parts[position]
        way = node.static.get(part)
        if way is not None:
            leaf = find(way, parts, method)
            if leaf:
                return leaf
            missed = missed if leaf is None else WRONG_METHOD
        for fullmatch, parse, way in node.typed:
            if fullmatch(part) is None:
                continue
            try:
                parts[position] = parse(part)
            except ValueError:
                continue
            leaf = find(way, parts, method)
            if leaf:
                return leaf
            missed = missed if leaf is None else WRONG_METHOD
            parts[position] = part
        plain, rest = node.plain, node.rest
        if rest is None:
            if plain is None:
                return missed
            node = plain
            continue
        if plain is not None:
            leaf = find(plain, parts, method)
            if leaf:
                return leaf
        leaf = rest.get(method, WRONG_METHOD)
        if leaf:
            parts[position] = "/".join(parts[position:])
        return leaf


def _collect(node: Node, parts: list[str], found: set[str]) -> None:
    """Add the methods of all routes that match a split path."""
    while node.sure:
        node = node.static.get(parts[node.position], node.otherwise)
    found.update(node.leaves)
    found.update(node.rest or ())
    if not node.position:
        return
    part = parts[node.position]
    ways = [node.static.get(part), node.plain]
    ways += (way for fullmatch, parse, way in node.typed if fullmatch(part) and _parses(parse, part))
    for way in ways:
        if way is not None:
            _collect(way, parts, found)


def _parses(parse: Callable[[str], Any], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True
