"""Patterns: what can be written, and what is refused with advice."""

from __future__ import annotations

import pytest
from areion_router import PatternError, Router
from areion_router._pattern import quote_segment, split_path


def test_one_spelling():
    """Route.path is the pattern as written, with one slash before each segment."""
    router = Router("v1/")
    router.add_route("//users///:id<int>/*rest/", print)
    router.add_route("", print)
    assert [route.path for route in router.routes] == ["/v1/users/:id<int>/*rest", "/v1"]


@pytest.mark.parametrize(
    ("pattern", "advice"),
    [
        ("/:", "must be an identifier"),
        ("/:2x", "must be an identifier"),
        ("/:user-id", "must be an identifier"),
        ("/:name.json", "take the whole segment"),
        ("/:id<int", "expected ':name' or ':name<type>'"),
        ("/:id<int>x", "expected ':name' or ':name<type>'"),
        ("/:id<>", "no converter named ''"),
        ("/:id<Int>", r"known: int, uuid, float, str.*router\.register_converter\('Int'"),
        ("/*", r"'%2A\.\.\.'"),
        ("/*rest/more", "must be the last segment"),
        ("/:a/:a", "'a' occurs twice"),
        ("/:a/*a", "'a' occurs twice"),
        ("/{id}", "a parameter is written ':name'"),
        ("/<int:id>", "a parameter is written ':name'"),
        ("/search?q=x", "'%3F' for a literal"),
        ("/page#top", "'%23' for a literal"),
    ],
)
def test_patterns_that_cannot_be_read(pattern, advice):
    """The error carries the pattern and says how to write it."""
    with pytest.raises(PatternError, match=advice) as caught:
        Router().add_route(pattern, print)
    assert caught.value.pattern == pattern


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/%3Abatch", "/:batch"),
        ("/%2Astar", "/*star"),
        ("/a b", "/a%20b"),
        ("/a%20b", "/a%20b"),
        ("/100%25", "/100%25"),
        ("/what%3F", "/what%3F"),
        ("/%7Bid%7D", "/%7bid%7d"),
        ("/v1/items:batch", "/v1/items:batch"),
        ("/café", "/caf%C3%A9"),
    ],
)
def test_static_text_is_decoded_like_a_path(pattern, path):
    """Patterns may be written plain or percent-encoded; that is how to write what would mean something else."""
    router = Router()
    router.add_route(pattern, print)
    assert router.get_handler("GET", path).handler is print
    assert router.get_handler("GET", path + "/").handler is print


def test_the_same_path_written_in_two_ways_conflicts():
    """Conflicts are found by what is matched, not by how it is written."""
    router = Router()
    router.add_route("/a b", print)
    with pytest.raises(ValueError, match="conflicts"):
        router.add_route("/a%20b/", print)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/a/b", ["", "a", "b"]),
        ("a//b/", ["", "a", "b"]),
        ("/a%2Fb/%c3%a9", ["", "a/b", "é"]),
        ("/a/b?c/d", ["", "a", "b"]),
        ("", [""]),
        ("/%2F/", ["", "/"]),
    ],
)
def test_split_path(path, parts):
    """Paths are split first and decoded afterwards, a query is cut off."""
    assert split_path(path) == parts


def test_quote_segment():
    """What RFC 3986 allows in a segment stays readable; dots that mean navigation are encoded."""
    assert quote_segment("a-b_c.d~!$&'()*+,;=:@") == "a-b_c.d~!$&'()*+,;=:@"
    assert quote_segment("a/b?c#d%é") == "a%2Fb%3Fc%23d%25%C3%A9"
    assert quote_segment("..") == "%2E%2E"
