import logging
import sys

import pytest
from areion_logger import bind_context
from areion_logger._entry import capture, settle
from areion_logger.formatters import JsonFormatter


def record(message="m", args=(), exc_info=None, **extra):
    made = logging.LogRecord("shop", logging.INFO, "p", 1, message, args, exc_info)
    made.__dict__.update(extra)
    return made


class Hostile:
    def __str__(self):
        raise OSError("broken")

    __repr__ = __str__


def both(message, *args):
    """The message as made from a record, which must be that made without one."""
    captured = capture(record(message, args)).message
    assert settle(logging.INFO, "shop", message, args).message == captured
    return captured


def test_arguments_are_put_in_place():
    """`%`-arguments are put into the message, also a single mapping for named places."""
    assert both("%s is %05.1f", "pi", 3.14159) == "pi is 003.1"
    assert both("%(a)s-%(b)s", {"a": 1, "b": 2}) == "1-2"
    assert both("%s", {}) == "{}"


def test_arguments_are_put_in_place_at_once():
    """A mutable argument is written as it was when it was logged."""
    basket = ["tea"]
    entry = capture(record("%s", (basket,)))
    basket.append("rum")
    assert entry.message == "['tea']"


def test_a_message_without_arguments_is_taken_as_it_is():
    """Percent signs mean nothing without arguments."""
    assert both("100%s") == "100%s"


def test_a_message_may_be_any_object():
    """What is no text is logged as its `str`."""
    assert both(LookupError("gone")) == "gone"


@pytest.mark.parametrize("args", [(1, 2), ()])
def test_a_mismatch_is_noted_in_the_line(args):
    """Too many arguments, or a place that does not fit, never raise: the line says what was wrong."""
    text = both("%d and %s and %s", "x", *args)
    assert text.startswith("%d and %s and %s [could not be formatted with arguments ('x'")
    assert "TypeError" in text


def test_an_argument_that_raises_is_noted_in_the_line():
    """An argument whose `str` raises is noted, even if its `repr` raises too."""
    assert both("%s", Hostile()) == (
        "%s [could not be formatted with arguments <tuple whose repr raised OSError>: OSError]"
    )
    assert "OSError" in both(Hostile())


def test_extra_and_context_become_fields():
    """Fields are those of the context, then those of the call, which win."""
    with bind_context(request_id="r", user="context"):
        entry = capture(record(user="call", basket=(1, 2)))
        same = settle(logging.INFO, "shop", "m", (), {"user": "call", "basket": (1, 2)})
    assert dict(entry.fields) == dict(same.fields) == {"request_id": "r", "user": "call", "basket": [1, 2]}
    assert list(entry.fields) == list(same.fields)


def test_attributes_of_logging_are_no_fields():
    """What `logging` and its formatters put on a record is not a field."""
    made = record()
    logging.Formatter("%(asctime)s %(message)s").format(made)
    made.taskName = "t"
    assert dict(capture(made).fields) == {}


def test_a_record_is_not_changed():
    """Other handlers see the record as it was made, also if a copy of it is kept."""
    made = record("%s", ("a",))
    before = dict(made.__dict__)
    with bind_context(a=1):
        entry = capture(made, keep_record=True)
    assert made.__dict__ == before
    assert entry.record is not made
    assert (entry.record.getMessage(), entry.record.a) == ("a", 1)


def test_an_exception_is_written_as_it_was():
    """The exception's text is that of the moment; its traceback holds the source lines and its causes."""
    error = ValueError("before")
    try:
        try:
            raise KeyError("cause")
        except KeyError as cause:
            raise error from cause
    except ValueError:
        entry = capture(record(exc_info=sys.exc_info()))
    error.args = ("after",)
    text = entry.exception_text()
    assert text.endswith("ValueError: before")
    assert "KeyError: 'cause'" in text
    assert 'raise KeyError("cause")' in text
    assert "direct cause" in text


def test_an_entry_keeps_no_frame_alive():
    """The queue holds no frames, and so none of the variables of the code that failed."""
    import gc
    import weakref

    class Big:
        pass

    def fail():
        big = Big()
        watched.append(weakref.ref(big))
        raise ValueError

    watched = []
    try:
        fail()
    except ValueError:
        entry = capture(record(exc_info=sys.exc_info()))
    gc.collect()
    assert watched[0]() is None
    assert "ValueError" in entry.exception_text()


def test_no_exception_is_no_text():
    """`exc_info=True` outside of an `except` block writes no traceback."""
    assert capture(record(exc_info=(None, None, None))).exception_text() is None
    assert settle(20, "shop", "m", (), None, (None, None, None)).exception_text() is None


def test_an_exception_that_another_handler_made_text_of_is_kept():
    """A record from elsewhere may carry its traceback as text."""
    assert capture(record(exc_text="Traceback: x")).exception_text() == "Traceback: x"


def test_an_exception_whose_text_raises_is_still_written():
    """An exception whose own methods raise is named."""

    class Bad(Exception):
        def __str__(self):
            raise RuntimeError

    try:
        raise Bad
    except Bad:
        entry = capture(record(exc_info=sys.exc_info()))
    assert "Bad" in entry.exception_text()


def test_an_entry_made_with_and_without_a_record_looks_the_same():
    """Both ways of a call write the same line."""
    with bind_context(request_id="r"):
        made = capture(record("sold %d", (3,), customer="Ada"))
        same = settle(logging.INFO, "shop", "sold %d", (3,), {"customer": "Ada"})
    same.created = made.created
    assert JsonFormatter().render(made) == JsonFormatter().render(same)
