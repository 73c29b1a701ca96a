import pytest
from areion_logger._escape import continued, escape
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\nb\r\nc\td", r"a\nb\r\nc\td"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\0\x07\x7f\x85\x9b", r"\x00\x07\x7f\x85\x9b"),
        ("\u2028\u2029\u202e\u2066", r"\u2028\u2029\u202e\u2066"),
        ("\ud800", r"\ud800"),
        ("C:\\new", "C:\\new"),
        ("naïve 日本 🐝 a\u00a0b\u200d", "naïve 日本 🐝 a\u00a0b\u200d"),
    ],
)
def test_what_is_escaped(text, expected):
    """Controls, line ends, changes of direction and surrogates are escaped; all other text stays."""
    assert escape(text) == expected


@given(st.text())
def test_escaped_text_is_one_harmless_line(text):
    """Whatever the text, what is written is one line without control characters, and can be encoded."""
    line = escape(text)
    assert len(line.splitlines()) <= 1
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in line)
    line.encode("utf-8")


@given(st.text(alphabet="a\n\r\x85\u2028\x1b\t 2"))
def test_every_continued_line_is_marked(text):
    """Every line of a continued text, by any reader's idea of a line, begins with the mark."""
    assert all(line.startswith("    | ") for line in continued(text).splitlines())
