"""Whether callables take what they will be called with."""

import functools
from unittest.mock import Mock

import pytest
from areion._signatures import misfit, takes_one


def injecting(function):
    """A decorator that keeps the name, and gives more than it is given."""

    @functools.wraps(function)
    def wrapper(request, **params):
        return function(request, user="ada", **params)

    return wrapper


class Handler:
    def __call__(self, request, key):
        return key

    def method(self, request, key):
        return key

    @staticmethod
    def static(request, key):
        return key


FIT = [
    lambda request, key: key,
    lambda request, /, key: key,
    lambda request, key, more=1: key,
    lambda request, *, key: key,
    lambda request, **params: params,
    lambda *args, **params: params,
    functools.partial(lambda first, request, key: key, 1),
    injecting(lambda request, user, key: key),
    Handler(),
    Handler().method,
    Handler.static,
    Mock(),
    dict,  # tells no signature
]
UNFIT = [
    (lambda key: key, "multiple values"),
    (lambda request: request, "unexpected keyword argument 'key'"),
    (lambda: 1, "too many positional arguments"),
    (lambda request, key, other: key, "missing a required"),
    (lambda request, key, *, other: key, "missing a required"),
    (lambda *args: args, "unexpected keyword argument 'key'"),
    (lambda request, key, /: key, "key"),
    (lambda key, request: key, "multiple values"),
    (Handler, "too many positional arguments"),
]


@pytest.mark.parametrize("function", FIT)
def test_what_fits(function):
    """Parameters, defaults and collectors as Python has them; a decorator is judged by its own."""
    assert misfit(function, 1, ["key"]) is None


@pytest.mark.parametrize(("function", "reason"), UNFIT)
def test_what_does_not_fit(function, reason):
    """The reason is Python's own."""
    assert reason in misfit(function, 1, ["key"])


@pytest.mark.parametrize(
    ("function", "asks"),
    [
        (lambda: 1, False),
        (lambda server: 1, True),
        (lambda server, /: 1, True),
        (lambda *anything: 1, True),
        (lambda name="x": 1, False),
        (lambda *, name="x": 1, False),
        (lambda **anything: 1, False),
        (functools.partial(lambda name: 1, "x"), False),
        (functools.partial(lambda name: 1, name="x"), False),
        (functools.partial(lambda name, server: 1, "x"), True),
        (dict, False),
    ],
)
def test_what_asks_for_an_argument(function, asks):
    """A default that a loop or a partial has bound is not asked for."""
    assert takes_one(function) is asks
