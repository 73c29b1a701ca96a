"""The mapping of header fields."""

import pytest
from areion_http import Headers
from hypothesis import given
from hypothesis import strategies as st

BAD_VALUES = ["a\r\nb", "a\nb", "a\rb", "a\0b", "\x7f", "\x01", "snow\u2603", None, b"x", True, [1]]
BAD_NAMES = ["", "a b", "a:", "a\r\n", "a\0", "ä", "a\n", None, 1, b"a", '"a"']


def test_names_are_compared_without_case_and_kept_as_given():
    """The predecessor compared them by case."""
    headers = Headers({"X-One": "1"})
    assert headers["x-one"] == headers["X-ONE"] == "1"
    assert "x-oNe" in headers
    assert 1 not in headers
    assert headers.pairs() == [("X-One", "1")]


def test_order_and_repeated_names():
    """add appends, assignment replaces all of a name, getall gives all, items every pair."""
    headers = Headers([("A", "1"), ("B", "2"), ("a", "3")])
    assert headers.getall("A") == ["1", "3"]
    assert list(headers) == ["A", "B"]
    assert len(headers) == 2
    assert list(headers.items()) == [("A", "1"), ("B", "2"), ("a", "3")]
    assert list(headers.values()) == ["1", "2", "3"]
    headers["a"] = "4"
    assert headers.pairs() == [("a", "4"), ("B", "2")]
    del headers["A"]
    assert headers.pairs() == [("B", "2")]
    assert headers.getall("none") == []
    with pytest.raises(KeyError):
        del headers["a"]
    with pytest.raises(KeyError):
        headers["a"]


@pytest.mark.parametrize(
    "fields", [5, "X-A: b", b"X", ["X-A"], [("X-A",)], ["ab"], [("X-A", "b", "c")], {"X-A"}]
)
def test_what_holds_no_fields_is_refused(fields):
    """The message says what was expected and got; a str of two characters is no pair."""
    with pytest.raises(TypeError, match="headers: expected"):
        Headers(fields)


def test_the_callers_mapping_is_copied():
    """The predecessor changed it."""
    mine = {"A": "1"}
    headers = Headers(mine)
    headers["B"] = "2"
    copy = headers.copy()
    copy["C"] = "3"
    assert mine == {"A": "1"}
    assert "c" not in headers
    assert Headers(headers) == headers


@pytest.mark.parametrize("value", BAD_VALUES)
def test_values_that_could_split_a_message_are_refused(value):
    """By every way in."""
    for enter in (
        lambda: Headers({"A": value}),
        lambda: Headers([("A", value)]),
        lambda: Headers().add("A", value),
        lambda: Headers().__setitem__("A", value),
        lambda: Headers().update({"A": value}),
        lambda: Headers().setdefault("A", value),
    ):
        with pytest.raises(ValueError, match="header A"):
            enter()


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_are_no_tokens_are_refused(name):
    """RFC 9110 §5.1."""
    for enter in (
        lambda: Headers({name: "x"}),
        lambda: Headers().add(name, "x"),
        lambda: Headers().__setitem__(name, "x"),
    ):
        with pytest.raises(ValueError, match="header name"):
            enter()


def test_numbers_become_text_and_blanks_around_values_go():
    """Content-Length: 5 may be set as a number."""
    headers = Headers({"A": 5, "B": " x\t"})
    assert (headers["a"], headers["b"]) == ("5", "x")


def test_equality_is_by_names_without_case():
    """With another Headers or any mapping; Headers have no hash."""
    assert Headers({"A": "1"}) == {"a": "1"}
    assert Headers() == {}
    assert Headers([("A", "1"), ("A", "2")]) != {"A": "1"}
    assert Headers() != 1
    with pytest.raises(TypeError):
        hash(Headers())


@given(st.text(), st.text())
def test_whatever_enters_can_be_sent(name, value):
    """Either it is refused, or the line made of it is one line that reads back as the same field."""
    try:
        headers = Headers([(name, value)])
    except ValueError:
        return
    ((kept_name, kept_value),) = headers.pairs()
    line = f"{kept_name}: {kept_value}".encode("latin-1")
    assert not set(line) & {0, 10, 13}
    assert line.partition(b":")[0].decode() == name
