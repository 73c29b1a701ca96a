import pytest
from areion_logger import BaseLogger


class Five(BaseLogger):
    """The least that the contract asks for: five methods of one argument."""

    def __init__(self):
        self.calls = []

    def debug(self, message):
        self.calls.append(("debug", message))

    def info(self, message):
        self.calls.append(("info", message))

    def warning(self, message):
        self.calls.append(("warning", message))

    def error(self, message):
        self.calls.append(("error", message))

    def critical(self, message):
        self.calls.append(("critical", message))


def test_a_class_without_the_five_methods_cannot_be_made():
    """An incomplete implementation fails when it is made, naming what is missing, not when it is called."""

    class Four(BaseLogger):
        debug = info = warning = error = lambda self, message: None

    with pytest.raises(TypeError, match="critical"):
        Four()


def test_the_hooks_work_for_a_class_with_five_methods():
    """`flush`, `close` and `is_enabled_for` have defaults that need nothing."""
    logger = Five()
    assert logger.flush() is True
    assert logger.flush(0.1) is True
    assert logger.is_enabled_for("DEBUG") is True
    logger.close()
    assert logger.calls == []


@pytest.mark.parametrize(
    ("level", "method"),
    [
        (1, "debug"),
        (10, "debug"),
        ("info", "info"),
        (25, "info"),
        ("WARN", "warning"),
        (40, "error"),
        ("Critical", "critical"),
        (99, "critical"),
    ],
)
def test_log_calls_the_method_of_the_highest_level_not_above(level, method):
    """`log()` goes to the method of the highest of the five levels that is not above the one given."""
    logger = Five()
    logger.log(level, "m")
    assert logger.calls == [(method, "m")]


def test_log_refuses_an_unknown_level_by_name():
    """An unknown level's name raises an error that names it and those that there are."""
    with pytest.raises(ValueError, match=r"unknown level 'loud'.*WARNING"):
        Five().log("loud", "m")


def test_exception_appends_the_traceback_to_the_message_of_error():
    """The default `exception()` calls `error()` with one text: the message, formatted, and the traceback."""
    logger = Five()
    try:
        raise KeyError("gone")
    except KeyError:
        logger.exception("no %s", "luck")
    [(method, message)] = logger.calls
    assert method == "error"
    assert message.startswith("no luck\nTraceback (most recent call last):\n")
    assert message.endswith("KeyError: 'gone'")


def test_exception_never_raises_on_its_arguments():
    """Arguments that do not fit are noted in the text."""
    logger = Five()
    try:
        raise ValueError
    except ValueError:
        logger.exception("%d", "x")
    assert logger.calls[0][1].startswith("%d [could not be formatted with arguments ('x',): TypeError")


def test_exception_leaves_a_message_without_arguments_alone():
    """A percent sign in a message without arguments is only a percent sign."""
    logger = Five()
    try:
        raise ValueError
    except ValueError:
        logger.exception("100%")
    assert logger.calls[0][1].startswith("100%\n")
