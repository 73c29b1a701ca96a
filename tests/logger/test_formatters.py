import datetime as dt
import json
import logging
import time

import pytest
from areion_logger import ConsoleFormatter, JsonFormatter
from areion_logger._entry import Entry
from areion_logger.formatters import render_foreign
from hypothesis import given
from hypothesis import strategies as st


def entry(message="m", fields=None, **kwargs):
    return Entry(1767323045.678, 20, "INFO", "shop.till", message, fields or {}, **kwargs)


def test_console_line():
    """Time in UTC with milliseconds, level, logger, message, fields."""
    assert ConsoleFormatter().render(
        entry("sold", {"n": 3, "to": "Ada", "of": ["a", None], "by": "a b"})
    ) == ('2026-01-02T03:04:05.678Z INFO     shop.till: sold n=3 to=Ada of=["a", null] by="a b"')


def test_json_line():
    """One object with time, level, logger and message first, then the fields as what they are."""
    text = JsonFormatter().render(entry('a "b"', {"request_id": "r", "n": 3, "l": [1, None, True], "f": 0.5}))
    assert list(json.loads(text).items()) == [
        ("time", "2026-01-02T03:04:05.678Z"),
        ("level", "INFO"),
        ("logger", "shop.till"),
        ("message", 'a "b"'),
        ("request_id", "r"),
        ("n", 3),
        ("l", [1, None, True]),
        ("f", 0.5),
    ]


def test_time_is_utc_wherever_the_program_runs(monkeypatch):
    """The local time zone has no say."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert ConsoleFormatter().render(entry()).startswith("2026-01-02T03:04:05.678Z")
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.floats(min_value=0, max_value=4e9))
def test_time_is_that_of_the_record(created):
    """Any moment is written to the millisecond, rounded down."""
    text = JsonFormatter().timestamp(created)
    parsed = dt.datetime.fromisoformat(text).timestamp()
    assert -1e-5 < created - parsed < 0.0010001


def test_json_field_names_never_collide():
    """A field named as one of the formatter's own gets underscores until it is nobody's."""
    text = JsonFormatter().render(entry(fields={"level": 1, "level_": 2, "time": 3}))
    assert json.loads(text) | {} == {
        "time": "2026-01-02T03:04:05.678Z",
        "level": "INFO",
        "logger": "shop.till",
        "message": "m",
        "level__": 1,
        "level_": 2,
        "time_": 3,
    }


def test_traceback_and_stack():
    """JSON has them as text in two keys; on the console each of their lines is marked."""
    made = entry(exception="Traceback:\n2026-01-02 INFO forged", stack="Stack:\n  x")
    parsed = json.loads(JsonFormatter().render(made))
    assert (parsed["exception"], parsed["stack"]) == ("Traceback:\n2026-01-02 INFO forged", "Stack:\n  x")
    assert ConsoleFormatter().render(made).split("\n")[1:] == [
        "    | Traceback:",
        "    | 2026-01-02 INFO forged",
        "    | Stack:",
        "    |   x",
    ]


_text = st.text() | st.text(alphabet='a="\n\r\x1b\x85\u2028 ')


@given(_text, st.dictionaries(_text, _text | st.integers() | st.lists(_text)), _text)
def test_no_text_can_forge_a_line(message, fields, name):
    """Message, logger's name, field names and values: a record stays one line by any reader."""
    made = Entry(0.0, 20, "INFO", name, message, fields)
    for formatter in (ConsoleFormatter(), JsonFormatter()):
        assert len(formatter.render(made).splitlines()) == 1
    for key, value in fields.items():
        parsed = json.loads(JsonFormatter().render(made))
        assert parsed.get(key) == value or key in JsonFormatter._RESERVED


def test_sequences_in_text_are_escaped_even_in_colour():
    """With colour on, the only escape sequences are the formatter's own."""
    plain = ConsoleFormatter().render(entry("\x1b[2J", {"k": "\x1b]0;x"}))
    coloured = ConsoleFormatter(colour=True).render(entry("\x1b[2J", {"k": "\x1b]0;x"}))
    assert "\x1b" not in plain
    assert r"\x1b[2J" in coloured
    assert coloured.count("\x1b") == 6


@pytest.mark.parametrize("number", [5, 10, 20, 30, 40, 50])
def test_each_level_has_a_colour_that_ends(number):
    """Colours are switched off again on the same line."""
    line = ConsoleFormatter(colour=True).render(Entry(0.0, number, "L", "n", "m"))
    assert line.count("\x1b[0m") == 2


def test_names_of_loggers_are_not_kept_without_bound():
    """A program that makes logger names from its data does not fill the memory."""
    for formatter in (ConsoleFormatter(), JsonFormatter()):
        for number in range(3000):
            formatter.render(Entry(0.0, 20, "INFO", f"user{number}", "m"))
        assert len(formatter._heads) <= 1024


def test_they_serve_any_handler_of_the_standard_library():
    """Both are formatters in the sense of `logging`."""
    record = logging.LogRecord("n", 20, "", 0, "%s!", ("hi",), None)
    record.user = 5
    assert json.loads(JsonFormatter().format(record))["user"] == 5
    assert ConsoleFormatter().format(record).endswith("n: hi! user=5")


def test_a_foreign_formatter_cannot_be_used_to_forge():
    """What a formatter of the standard library makes is escaped, and marked from the second line on."""
    record = logging.LogRecord("n", 20, "", 0, "a\nINFO b\r\x1b", (), None)
    made = entry(record=record)
    assert render_foreign(logging.Formatter("%(levelname)s %(message)s"), made) == (
        "INFO a\n    | INFO b\\r\\x1b"
    )
