import sys

import pytest
from areion_logger._keywords import split_keywords


def test_keywords_without_a_meaning_are_fields():
    """`extra` is opened, other keywords are added, and what `logging` knows is no field."""
    options = split_keywords({"extra": {"a": 1}, "b": 2, "stack_info": 1, "stacklevel": 3, "exc_info": None})
    assert options == ({"a": 1, "b": 2}, None, True, 3)


@pytest.mark.parametrize(
    ("extra", "fields"),
    [
        (None, {}),
        ({}, {}),
        ("text", {"extra": "text"}),
        ({1: 2}, {"1": 2}),
        ({"name": 1, "msg": 2, "taskName": 3}, {"name_": 1, "msg_": 2, "taskName_": 3}),
    ],
)
def test_what_may_come_as_extra(extra, fields):
    """Anything may come; names that `logging` refuses get an underscore."""
    assert split_keywords({"extra": extra}).fields == fields


def test_what_may_come_as_exc_info():
    """An exception, its triple, or anything true for the one being handled; anything else is none."""
    try:
        raise ValueError
    except ValueError as error:
        triple = sys.exc_info()
        for given in (error, triple, True, 1, "yes", (1, 2)):
            assert split_keywords({"exc_info": given}).exc_info == triple
    for given in (None, False, 0, ()):
        assert split_keywords({"exc_info": given}).exc_info is None


def test_a_stacklevel_that_is_no_number_is_ignored():
    """A wrong call has its line all the same."""
    assert split_keywords({"stacklevel": "2"}).stacklevel == 1
