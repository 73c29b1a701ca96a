import logging

import pytest
from areion_logger._levels import level_number


@pytest.mark.parametrize(
    ("given", "number"),
    [("INFO", 20), ("info", 20), (" Warning ", 30), ("WARN", 30), ("FATAL", 50), (7, 7), (0, 0)],
)
def test_names_in_any_case_and_numbers(given, number):
    """A level may be given by its name in any case, or by its number."""
    assert level_number(given, "log_level") == number


def test_a_registered_name():
    """A level added to `logging` is known, also if its name is not in capitals."""
    logging.addLevelName(33, "Odd")
    assert level_number("Odd", "log_level") == 33


def test_an_unknown_name_is_named_with_the_known_ones():
    """The error names the argument, the value, and what could be used."""
    with pytest.raises(
        ValueError, match=r"log_level: unknown level 'LOUD'; use one of .*DEBUG, INFO, .*, or a number"
    ):
        level_number("LOUD", "log_level")


@pytest.mark.parametrize("given", [None, True, 1.5, b"INFO"])
def test_a_wrong_type_is_named(given):
    """What is neither a name nor a number is refused by type."""
    with pytest.raises(TypeError, match=f"log_level.*{type(given).__name__}"):
        level_number(given, "log_level")


def test_a_negative_number_is_refused():
    """No level is negative."""
    with pytest.raises(ValueError, match="-1"):
        level_number(-1, "log_level")
