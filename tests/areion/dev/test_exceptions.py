"""Exceptions as data."""

import sys

import pytest
from areion.dev._exceptions import plain_traceback, report
from areion.dev._masking import MASK, Masker


def catch(function, *args) -> BaseException:
    try:
        function(*args)
    except BaseException as error:
        return error
    raise AssertionError("it did not raise")


def of(function, *args):
    return report(catch(function, *args), Masker())


def divide(number, password="hunter2!"):
    part = {"number": number}
    return part["number"] / 0


def test_frames_with_source_and_locals():
    """The innermost call is first, with its line, the lines around, the running part, and its locals."""
    [found] = of(divide, 7)
    assert (found.type, found.message, found.relation) == ("ZeroDivisionError", "division by zero", "")
    inner = found.frames[0]
    assert (inner.function, inner.file, inner.library) == ("divide", __file__, False)
    assert inner.code == 'return part["number"] / 0'
    assert inner.variables == (("number", "7"), ("password", MASK), ("part", "{'number': 7}"))
    [current] = [line for line in inner.source if line.current]
    assert (current.before, current.marked, current.after) == ("    return ", 'part["number"] / 0', "")
    assert current.number == inner.line
    assert [line.number for line in inner.source] == list(range(inner.line - 5, inner.line + 6))
    assert found.frames[1].function == "catch"


def test_chain():
    """Causes, and exceptions that were being handled, follow the one raised last, with their relation."""

    def fail():
        try:
            try:
                divide(1)
            except ZeroDivisionError as error:
                raise LookupError("second") from error
        except LookupError:
            raise ValueError("third")  # noqa: B904

    assert [(one.type, one.relation) for one in of(fail)] == [
        ("ValueError", ""),
        ("LookupError", "was being handled when it was raised"),
        ("ZeroDivisionError", "was the direct cause of it"),
    ]


def test_suppressed_context_is_not_shown():
    """`from None` hides what was being handled."""

    def fail():
        try:
            divide(1)
        except ZeroDivisionError:
            raise KeyError("k") from None

    assert [one.type for one in of(fail)] == ["KeyError"]


def test_circular_chain_ends():
    """A chain that leads back to itself is followed once."""
    first, second = ValueError(1), ValueError(2)
    first.__cause__, second.__cause__ = second, first
    assert len(report(first, Masker())) == 2


def test_endless_recursion_is_cut():
    """Of a thousand calls some are shown, and how many are left out is said."""

    def again():
        again()

    [found] = of(again)
    assert found.type == "RecursionError"
    assert len(found.frames) == 50
    assert found.left_out > 500


def test_notes_and_groups():
    """Notes are kept; the members of a group are reported with their own causes."""

    def fail():
        inner = catch(divide, 1)
        inner.add_note("with password='hunter2!'")
        raise ExceptionGroup("several", [inner, KeyError("k")])

    [found] = of(fail)
    [[first], [second]] = found.group
    assert (first.type, first.notes) == ("ZeroDivisionError", (f"with password={MASK}",))
    assert first.frames[0].function == "divide"
    assert second.type == "KeyError"


def test_syntax_error_shows_its_line():
    """A line that cannot be parsed is shown first, marked where the parser stopped."""
    [found] = of(compile, "x = 1\ny = = 2\n", "settings.py", "exec")
    assert (found.frames[0].file, found.frames[0].line, found.frames[0].code) == ("settings.py", 2, "y = = 2")
    assert found.frames[0].source[0].marked == "="


def test_failing_str():
    """An exception that cannot be printed is reported all the same."""

    class Broken(Exception):
        def __str__(self):
            raise RuntimeError

    [found] = report(Broken(), Masker())
    assert found.message == "<its str() raised RuntimeError>"
    assert found.type.endswith("test_failing_str.<locals>.Broken")


def test_secrets_of_one_frame_are_masked_in_all():
    """A password that one function holds is masked in another's message, source and locals."""

    def outer():
        password = "correct horse"
        inner(f"open with {password}")

    def inner(message):
        raise ValueError(message)

    error = catch(outer)
    [found] = report(error, masker := Masker())
    assert "correct horse" not in repr(found)
    assert found.message == f"open with {MASK}"
    assert "correct horse" not in plain_traceback(error, masker)
    assert "ValueError: open with" in plain_traceback(error, masker)


def test_code_without_source():
    """Frames of code that was made at run time have no source lines, and are no application code."""
    [found] = of(eval, "1 / 0")
    assert found.frames[0].library
    assert found.frames[0].source == ()
    assert found.frames[0].code == ""


@pytest.mark.parametrize("text", ["x = 'ü' * 3 / 0", "\tx = [1][2]"])
def test_marks_fit_any_text(tmp_path, text):
    """The marked part is right behind characters of several bytes and behind tabs."""
    path = tmp_path / "marked.py"
    path.write_text(f"def run():\n{'    ' if not text.startswith(chr(9)) else ''}{text}\n", encoding="utf-8")
    code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    names: dict = {}
    exec(code, names)
    [found] = of(names["run"])
    [current] = [line for line in found.frames[0].source if line.current]
    assert current.marked in {"'ü' * 3 / 0", "[1][2]"}
    assert (current.before + current.marked + current.after).strip() == text.strip()
    assert str(tmp_path) not in sys.path


def refuse(token):
    raise ValueError(f"refused: {token}")


def test_secrets_of_calls_in_a_group():
    """What the calls inside of a group know is masked wherever it turns up, in the group's own part too."""

    def fail():
        inner = catch(refuse, "hunter2!")
        raise ExceptionGroup("several", [inner])

    error = catch(fail)
    masker = Masker()
    [found] = report(error, masker)
    assert found.group[0][0].message == f"refused: {MASK}"
    assert "hunter2" not in str(found)
    assert "hunter2" not in plain_traceback(error, masker)


def test_plain_traceback_masks_what_was_said():
    """Messages and notes in the traceback are masked as text is, source as source is."""

    def fail():
        error = ValueError("password=" + "hunter2!")
        error.add_note("api_key: " + "hunter3!")
        raise error

    shown = plain_traceback(catch(fail), Masker())
    assert f"ValueError: password={MASK}" in shown
    assert f"api_key: {MASK}" in shown
    assert "raise error" in shown


@pytest.mark.parametrize("notes", [5, None, [5, "told"], "told"])
def test_notes_of_any_kind(notes):
    """Anybody may set __notes__ to anything; it is shown as text."""

    def fail():
        error = ValueError("x")
        error.__notes__ = notes
        raise error

    [found] = of(fail)
    assert all(isinstance(note, str) for note in found.notes)
    assert found.notes
