"""Properties that hold for any set of routes."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from areion_router import MethodNotAllowedError, NotFoundError, RouteConflictError, Router
from areion_router._pattern import split_path
from areion_router.converters import BUILT_IN
from hypothesis import example, given, settings
from hypothesis import strategies as st

RANKS = {"static": 0, "int": 1, "float": 2, "plain": 3, "rest": 4}
TEXTS = ["a", "b", "7", "x y"]
KINDS = st.sampled_from([*(("static", text) for text in TEXTS), ("int", ""), ("float", ""), ("plain", "")])
SHAPES = st.tuples(st.lists(KINDS, max_size=4), st.booleans()).map(
    lambda drawn: tuple(drawn[0]) + ((("rest", ""),) if drawn[1] else ())
)
METHODS = st.sampled_from(["GET", "POST", "HEAD"])
TABLES = st.lists(st.tuples(SHAPES, METHODS), unique=True, max_size=14)
SEGMENTS = st.sampled_from(["a", "b", "7", "-7", "1.5", "x y", "é/", "zz", ""])
PATHS = st.lists(SEGMENTS, max_size=6).map(
    lambda parts: "/" + "/".join(quote(part, safe="") for part in parts)
)


def pattern_of(shape, tag):
    """A pattern of that shape, its parameters named after the tag."""
    words = []
    for position, (kind, text) in enumerate(shape):
        name = f"p{tag}_{position}"
        words.append({"static": text, "plain": f":{name}", "rest": f"*{name}"}.get(kind, f":{name}<{kind}>"))
    return "/" + "/".join(words)


def naive_values(shape, parts):
    """The values of a shape's parameters by position, or None if it does not match."""
    values = {}
    for position, (kind, text) in enumerate(shape):
        if kind == "rest":
            return {**values, position: "/".join(parts[position:])} if parts[position:] else None
        if position >= len(parts):
            return None
        part = parts[position]
        if kind == "static" and part != text:
            return None
        if kind == "plain":
            values[position] = part
        elif kind != "static":
            try:
                values[position] = BUILT_IN[kind].read(part)
            except ValueError:
                return None
    return values if len(parts) == len(shape) else None


def naive(table, method, path):
    """(tag, params) of the first match by precedence; the set of methods that match otherwise."""
    parts = split_path(path)[1:]
    gets = {shape for shape, verb in table if verb == "GET"}
    heads = {shape for shape, verb in table if verb == "HEAD"}
    found, methods = [], set()
    for tag, (shape, verb) in enumerate(table):
        values = naive_values(shape, parts)
        if values is None:
            continue
        methods.add(verb)
        if shape in gets:
            methods.add("HEAD")
        answers_head = method == "HEAD" and verb == "GET" and shape not in heads
        if verb == method or answers_head:
            found.append(([RANKS[kind] for kind, _ in shape], tag, values))
    if found:
        _, tag, values = min(found)
        return tag, {f"p{tag}_{position}": value for position, value in values.items()}
    return methods


def build(table):
    router = Router()
    for tag, (shape, method) in enumerate(table):
        router.add_route(pattern_of(shape, tag), print, method, tag=tag, name=f"r{tag}")
    return router


def ask(router, method, path):
    """What the router answers, in the terms of naive()."""
    try:
        match = router.get_handler(method, path)
    except NotFoundError:
        return set()
    except MethodNotAllowedError as error:
        return set(error.allowed) - {"OPTIONS"}
    story = router.explain(method, path)
    return story.route.options["tag"], match.path_params


@settings(max_examples=400, deadline=None)
@given(TABLES, METHODS, st.lists(PATHS, min_size=1, max_size=6))
@example(
    [((("static", "a"), ("plain", "")), "GET"), ((("plain", ""), ("static", "b")), "GET")],
    "GET",
    ["/a/b", "/b/b"],
)
@example(
    [((("static", "a"), ("rest", "")), "GET"), ((("plain", ""), ("static", "b")), "GET")],
    "GET",
    ["/a/b", "/b/b"],
)
@example(
    [((("int", ""), ("rest", "")), "GET"), ((("float", ""), ("static", "b")), "GET")],
    "GET",
    ["/7/b", "/1.5/b"],
)
def test_lookup_equals_a_naive_matcher(table, method, paths):
    """For any routes and any path the answer is that of trying all routes by precedence; explain agrees."""
    router = build(table)
    for path in paths:
        answer = naive(table, method, path)
        assert ask(router, method, path) == answer
        story = router.explain(method, path)
        assert (story.route is not None) is isinstance(answer, tuple)
        methods = naive(table, "NONE", path)
        assert set(router.get_allowed_methods(path)) == (methods | {"OPTIONS"} if methods else set())
        assert set(story.allowed) == set(router.get_allowed_methods(path))


@settings(max_examples=200, deadline=None)
@given(TABLES, st.randoms())
def test_the_order_of_registration_does_not_matter(table, random):
    """Without registered converters, any order of registration gives the same answers."""
    shuffled = list(enumerate(table))
    random.shuffle(shuffled)
    router = Router()
    for tag, (shape, method) in shuffled:
        router.add_route(pattern_of(shape, tag), print, method, tag=tag)
    for path in ("/", "/a", "/7", "/a/b", "/7/1.5/b", "/b/x%20y/a/7"):
        assert ask(router, "GET", path) == naive(table, "GET", path)


@settings(max_examples=200, deadline=None)
@given(TABLES, st.lists(PATHS, min_size=5, max_size=20))
@example(
    [((("plain", ""),), "GET"), ((("plain", ""), ("rest", "")), "GET"), ((("rest", ""),), "GET")],
    ["/a", "/a/b"],
)
def test_unreachable_routes_are_never_reached(table, paths):
    """What is reported answers no path; and with built-in converters only catch-alls can be hidden."""
    router = build(table)
    for found in router.unreachable_routes():
        assert found.route.path.rpartition("/")[2].startswith("*")
        assert all(router.explain(found.method, path).route is not found.route for path in paths)


@settings(max_examples=200, deadline=None)
@given(SHAPES, SHAPES)
def test_conflicts_are_shapes(one, other):
    """Two routes conflict if and only if they have one shape, whatever their parameters are called."""
    router = Router()
    router.add_route(pattern_of(one, "a"), print)
    if one == other:
        with pytest.raises(RouteConflictError):
            router.add_route(pattern_of(other, "b"), print)
    else:
        router.add_route(pattern_of(other, "b"), print)


SEGMENT_VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
VALUES = {
    "int": st.integers(),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "plain": SEGMENT_VALUES,
    "rest": st.lists(SEGMENT_VALUES.filter(lambda text: "/" not in text), min_size=1).map("/".join),
}


@settings(max_examples=300, deadline=None)
@given(SHAPES, st.data())
def test_url_for_inverts_get_handler(shape, data):
    """What url_for builds, get_handler takes apart into the same values, and url_for builds the same again."""
    router = build([(shape, "GET")])
    params = {
        f"p0_{position}": data.draw(VALUES[kind])
        for position, (kind, _) in enumerate(shape)
        if kind != "static"
    }
    url = router.url_for("r0", **params)
    assert url.isascii()
    match = router.get_handler("GET", url)
    assert match.path_params == params
    assert router.url_for("r0", **match.path_params) == url


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.text(max_size=8))
def test_no_path_breaks_a_lookup(path, method):
    """Whatever a client sends, the answer is a match or one of the two errors."""
    router = build(
        [((("static", "a"), ("int", ""), ("rest", "")), "GET"), ((("float", ""), ("plain", "")), "POST")]
    )
    for text in (path, f"/a/{path}", f"/a/7/{path}", "/%" + path):
        try:
            outcome = router.get_handler(method, text).handler
        except (NotFoundError, MethodNotAllowedError) as error:
            outcome = error.path
        assert outcome in (print, text)
