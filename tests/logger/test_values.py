import datetime as dt
import decimal
import enum
import json
import pathlib
import uuid

import pytest
from areion_logger._values import MAX_TEXT, cut, plain, safe_repr
from hypothesis import given
from hypothesis import strategies as st


class Colour(enum.IntEnum):
    RED = 3


class Word(str):
    def __str__(self):
        raise RuntimeError("no")


class Hostile:
    def __repr__(self):
        raise RuntimeError("no")


class HostileList(list):
    def __iter__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "a"),
        (1, 1),
        (True, True),
        (None, None),
        (1.5, 1.5),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (Colour.RED, 3),
        (Word("w"), "w"),
        (b"x", "b'x'"),
        ((1, [2, {3}]), [1, [2, [3]]]),
        ({1: {"b": None}}, {"1": {"b": None}}),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (decimal.Decimal("1.10"), "1.10"),
        (dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC), "2026-01-02T03:00:00+00:00"),
        (dt.date(2026, 1, 2), "2026-01-02"),
        (object, "<class 'object'>"),
        (Hostile(), "<Hostile whose repr raised RuntimeError>"),
        ([Hostile()], ["<Hostile whose repr raised RuntimeError>"]),
        (10**400, hex(10**400)),
    ],
)
def test_values_become_plain(value, expected):
    """Each kind of value becomes the plain one that a reader expects."""
    result = plain(value)
    assert result == expected
    assert type(result) in (str, int, float, bool, type(None), list, dict)


def test_a_container_that_cannot_be_read_becomes_its_repr():
    """A container whose iteration raises is written as its `repr`."""
    assert plain(HostileList([1])) == "[1]"


def test_a_container_of_itself_ends():
    """A container that contains itself is written to a bounded depth."""
    value = []
    value.append(value)
    assert json.dumps(plain(value)).count("[") < 20


def test_a_large_container_is_cut():
    """No more than a thousand items of a value are kept, and the rest is counted."""
    assert len(plain(list(range(10**6)))) == 1001
    assert plain(dict.fromkeys(range(3000)))["..."] == "2000 more"


def test_a_long_text_is_cut_with_a_note():
    """Text beyond the limit is cut, and says by how much."""
    assert cut("x" * (MAX_TEXT + 7)) == "x" * MAX_TEXT + "... (7 more characters)"
    assert cut("x" * MAX_TEXT) == "x" * MAX_TEXT


def test_safe_repr_is_repr():
    """`safe_repr` is `repr` where that works."""
    assert safe_repr({"a": 1}) == "{'a': 1}"


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()


@given(
    st.recursive(_scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner))
)
def test_any_data_becomes_json(value):
    """Whatever data is logged, its plain form is JSON that a strict reader takes."""

    def refuse(constant):
        raise AssertionError(constant)

    json.loads(json.dumps(plain(value)), parse_constant=refuse)
