"""Types as docstrings write them."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from areion.dev.annotations import Scope, Unknown
from areion.dev.typetext import annotation_of
from hypothesis import given
from hypothesis import strategies as st


@dataclass
class Note:
    title: str


SCOPE = Scope(globals={"Note": Note, "dt": dt, "seven": 7})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int", int),
        ("integer", int),
        ("string", str),
        ("boolean", bool),
        ("number", float),
        ("list", list),
        ("array", list),
        ("object", dict),
        ("None", type(None)),
        ("Any", Any),
        ("datetime", dt.datetime),
        ("uuid.UUID", uuid.UUID),
        ("list[int]", list[int]),
        ("List[int]", list[int]),
        ("list of int", list[int]),
        ("dict[str, list[int]]", dict[str, list[int]]),
        ("tuple[int, ...]", tuple[int, ...]),
        ("int | None", int | None),
        ("int or None", int | None),
        ("Optional[int]", int | None),
        ("typing.Union[int, str]", int | str),
        ("{'a', 'b'}", Literal["a", "b"]),
        ("Literal[1, 'x', True]", Literal[1, "x", True]),
        ("(int or str)", int | str),
        ("Note", Note),
        ("list[Note]", list[Note]),
        ("dt.date", dt.date),
        ("list[Missing]", list),
    ],
)
def test_types(text, expected):
    """The usual ways to write a type mean that type; names are those of the handler's module."""
    assert annotation_of(text, SCOPE) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "Missing", "seven", "int | Missing", "list[", "list[]", "{x}", "a b c"),
        *("int,", "[", "list]", "Note[int]", "(" * 50, "x" * 1000),
    ],
)
def test_other_texts_are_unknown(text):
    """What is no type, or names none, is unknown: it neither raises nor is it run."""
    assert annotation_of(text, SCOPE) is Unknown


@given(st.text(alphabet="int strlo[]{}()|,.'\"5-oréN", max_size=40) | st.text())
def test_no_text_raises(text):
    """Any text is an annotation or unknown."""
    annotation_of(text, SCOPE)
