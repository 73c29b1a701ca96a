"""Errors carry data, read well and survive pickling."""

from __future__ import annotations

import copy
import pickle

import pytest
from areion_router import (
    MethodNotAllowedError,
    NotFoundError,
    PatternError,
    RouteConflictError,
    RouterFrozenError,
    UrlBuildError,
)

CASES = [
    (NotFoundError("/x"), LookupError, "no route matches the path '/x'"),
    (
        MethodNotAllowedError("PUT", "/x", ("GET", "HEAD")),
        LookupError,
        "PUT is not allowed for the path '/x'; allowed: GET, HEAD",
    ),
    (
        MethodNotAllowedError("OPTIONS", "/x", ("GET", "HEAD", "OPTIONS")),
        LookupError,
        "no route answers OPTIONS for the path '/x' itself; allowed there: GET, HEAD, OPTIONS",
    ),
    (PatternError("/x?", "no"), ValueError, "path pattern '/x?': no"),
    (RouteConflictError("GET /a", "GET /b", "both"), ValueError, "GET /a conflicts with GET /b: both"),
    (UrlBuildError("home", "no"), ValueError, "url_for('home'): no"),
    (RouterFrozenError("cannot"), RuntimeError, "cannot: the router is frozen"),
]


@pytest.mark.parametrize(("error", "base", "message"), CASES, ids=lambda value: type(value).__name__)
def test_errors(error, base, message):
    """Each is of a standard kind, says what happened, and can be copied with its data."""
    assert isinstance(error, base)
    assert str(error).startswith(message)
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is type(error)
        assert vars(twin) == vars(error)
        assert str(twin) == str(error)
