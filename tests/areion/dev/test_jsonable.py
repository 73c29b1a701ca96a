"""Values of Python as JSON shows them."""

import datetime as dt
import decimal
import enum
import json
import pathlib
import uuid
from dataclasses import dataclass

import pytest
from areion.dev.jsonable import NOTHING, jsonable
from hypothesis import given
from hypothesis import strategies as st


class Color(enum.Enum):
    RED = "red"
    OTHER = object()


@dataclass
class Point:
    x: int
    y: object = None


LOOP: list = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (1.5, 1.5),
        ("a", "a"),
        (Color.RED, "red"),
        (dt.datetime(2026, 2, 3, 4, 5), "2026-02-03T04:05:00"),
        (dt.date(2026, 2, 3), "2026-02-03"),
        (dt.time(4, 5), "04:05:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (decimal.Decimal("1.50"), "1.50"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (Point(1), {"x": 1, "y": None}),
        ((1, [2]), [1, [2]]),
        ({2, 1}, [1, 2]),
        ({"a": (1,)}, {"a": [1]}),
    ],
)
def test_shown(value, shown):
    """A value of JSON stands for each of these; a set gets an order."""
    assert jsonable(value) == shown


@pytest.mark.parametrize(
    "value",
    [
        object(),
        float("nan"),
        float("inf"),
        Color.OTHER,
        Point(object()),
        [object()],
        {1: object()},
        b"x",
        LOOP,
        "\ud800",
        Point,
    ],
)
def test_not_shown(value):
    """What JSON cannot show is left out, and never raises."""
    assert jsonable(value) is NOTHING


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=8)
)
def test_shown_values_are_json(value):
    """Whatever is shown can be written as JSON."""
    shown = jsonable(value)
    if shown is not NOTHING:
        json.dumps(shown, allow_nan=False)
