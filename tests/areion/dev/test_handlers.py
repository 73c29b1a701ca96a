"""Handlers of every kind are inspected alike."""

import functools
import warnings

import pytest
from areion.dev.handlers import inspect_handler


def plain(request, id: int, *, limit: int = 10):
    """Plain."""


async def later(request, id: int, *, limit: int = 10):
    """Plain."""


class Views:
    def bound(self, request, id: int, *, limit: int = 10):
        """Plain."""

    @staticmethod
    def static(request, id: int, *, limit: int = 10):
        """Plain."""

    @classmethod
    def of_class(cls, request, id: int, *, limit: int = 10):
        """Plain."""


class Called:
    """Plain."""

    def __call__(self, request, id: int, *, limit: int = 10):
        pass


@functools.wraps(plain)
def decorated(*args, **kwargs):
    return plain(*args, **kwargs)


HANDLERS = {
    "plain": plain,
    "later": later,
    "bound": Views().bound,
    "static": Views.static,
    "of_class": Views().of_class,
    "Called": Called(),
}


@pytest.mark.parametrize("name", HANDLERS)
def test_kinds_of_handlers(name):
    """Functions, methods and instances tell their name, docstring, request and parameters."""
    found = inspect_handler(HANDLERS[name])
    assert (found.name, found.doc.summary, found.request) == (name, "Plain.", "request")
    assert list(found.parameters) == ["id", "limit"]


def test_decorated_handler():
    """A wrapper made with `functools.wraps` shows what it wraps."""
    found = inspect_handler(decorated)
    assert (found.name, found.doc.summary, list(found.parameters)) == ("plain", "Plain.", ["id", "limit"])


def test_partial_hides_what_it_fills_in():
    """A keyword that `functools.partial` fills in is the application's, not the client's."""
    found = inspect_handler(functools.partial(plain, limit=5))
    assert (found.name, found.doc.summary, list(found.parameters)) == ("plain", "Plain.", ["id"])


def test_partial_of_partial():
    """Partials may be nested, and positional arguments are gone from the signature."""
    found = inspect_handler(functools.partial(functools.partial(lambda db, request, a, b: None, 1), a=2))
    assert (found.name, found.request, list(found.parameters)) == ("", "request", ["b"])


def test_stars_are_no_parameters():
    """`*args` and `**kwargs` name nothing that can be sent."""
    found = inspect_handler(lambda *args, **kwargs: None)
    assert (found.request, found.parameters) == (None, {})


@pytest.mark.parametrize("handler", [print, dict, int, functools.partial(print), object(), Views.bound])
def test_no_handler_raises(handler):
    """Callables without a signature, and what is no handler at all, break nothing."""
    inspect_handler(handler)


def test_docstring_that_cannot_be_read():
    """A `__doc__` that raises is no docstring."""

    class Broken:
        @property
        def __doc__(self):
            raise RuntimeError("no")

        def __call__(self, request):
            pass

    assert inspect_handler(Broken()).doc.summary == ""


def test_deprecated_decorator():
    """What `warnings.deprecated` (Python 3.13) marks is deprecated; earlier ones carry the same attribute."""

    def old(request):
        """Old."""

    if hasattr(warnings, "deprecated"):
        old = warnings.deprecated("use new")(old)
    else:
        old.__deprecated__ = "use new"
    assert inspect_handler(old).deprecated
    assert not inspect_handler(plain).deprecated


def test_function_that_wraps_itself():
    """A circle of wrappers ends."""

    def circle(request):
        pass

    circle.__wrapped__ = circle
    assert inspect_handler(circle).parameters == {}
