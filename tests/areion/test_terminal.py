"""Colours and tables."""

import io

import pytest
from areion._terminal import has_colour, paint, table


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_only_on_a_terminal(monkeypatch):
    """A pipe gets plain text, a terminal colours."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert paint("a", "red", stream=io.StringIO()) == "a"
    assert paint("a", "red", "bold", stream=Terminal()) == "\x1b[31;1ma\x1b[0m"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_it_is_not_wanted(monkeypatch, name, value):
    """NO_COLOR and dumb terminals are respected."""
    monkeypatch.setenv(name, value)
    assert not has_colour(Terminal())


def test_table_columns_line_up():
    """Every column is as wide as its widest cell; lines end without blanks."""
    assert table(("A", "LONG"), [("wide cell", "x"), ("y", "")]) == "A          LONG\nwide cell  x\ny"
