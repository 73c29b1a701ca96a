"""Docstrings of every style are read into the same facts; no text raises."""

import pytest
from areion.dev.docstrings import DocItem, parse_docstring
from hypothesis import example, given
from hypothesis import strategies as st

GOOGLE = """Create a note
from a request.

More about it:

* one
* two

Args:
    title (str): The title
        of the note.
    limit (int, optional): How many. Defaults to 10.
    order (str): Which order (default is asc)
    sizes (dict[str, list[int]]): Sizes: all of them.
    *args: Ignored.
    **kwargs: Ignored.

Returns:
    dict[str, Note]: The notes,
        by title.

Raises:
    NotFoundError: There is none.
    areion.ForbiddenError: Not yours.
    BadRequestError

Note:
    Notes are prose.
"""

NUMPY = """Create a note
from a request.

More about it:

* one
* two

Parameters
----------
title : str
    The title
    of the note.
limit : int, optional
    How many. Defaults to 10.
order : str, default asc
    Which order
sizes : dict[str, list[int]]
    Sizes: all of them.
*args
    Ignored.

Returns
-------
dict[str, Note]
    The notes,
    by title.

Raises
------
NotFoundError
    There is none.
areion.ForbiddenError
    Not yours.
BadRequestError
"""

SPHINX = """Create a note
from a request.

More about it:

* one
* two

:param str title: The title
    of the note.
:param limit: How many. Defaults to 10.
:type limit: int, optional
:type order: str, default asc
:param order: Which order
:param sizes: Sizes: all of them.
:type sizes: dict[str, list[int]]
:param \\*args: Ignored.
:returns: The notes,
    by title.
:rtype: dict[str, Note]
:raises NotFoundError: There is none.
:raises areion.ForbiddenError: Not yours.
:raises BadRequestError:
"""


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
class TestEveryStyle:
    def test_summary_is_the_first_paragraph(self, text):
        """The summary is the first paragraph, on one line."""
        assert parse_docstring(text).summary == "Create a note from a request."

    def test_description_keeps_prose_and_lists(self, text):
        """What is neither summary nor section stays, line by line, as CommonMark."""
        assert parse_docstring(text).description.startswith("More about it:\n\n* one\n* two")

    def test_parameters(self, text):
        """Names, types, texts, `optional` and defaults are the same in every style; stars name nothing."""
        assert parse_docstring(text).params == {
            "title": DocItem("title", "str", "The title of the note."),
            "limit": DocItem("limit", "int", "How many. Defaults to 10.", optional=True, default="10"),
            "order": DocItem("order", "str", "Which order", optional=True, default="asc"),
            "sizes": DocItem("sizes", "dict[str, list[int]]", "Sizes: all of them."),
        }

    def test_returns(self, text):
        """The returned type and its text are apart."""
        assert parse_docstring(text).returns == DocItem("", "dict[str, Note]", "The notes, by title.")

    def test_raises(self, text):
        """Every exception is named, dotted ones and those without a text too."""
        assert parse_docstring(text).raises == [
            DocItem("NotFoundError", None, "There is none."),
            DocItem("areion.ForbiddenError", None, "Not yours."),
            DocItem("BadRequestError", None, ""),
        ]

    def test_indentation_of_the_source_does_not_matter(self, text):
        """A docstring means the same at any indentation."""
        indented = "\n".join(f"        {line}" if line else "" for line in text.split("\n")).strip()
        assert parse_docstring(indented) == parse_docstring(text)


def test_nothing_is_said_by_no_docstring():
    """No docstring, and an empty one, say nothing."""
    assert parse_docstring(None) == parse_docstring("") == parse_docstring("  \n\t\n")
    assert parse_docstring(None).summary == ""


def test_other_google_sections_are_prose():
    """`Note:` and `Example:` are no parameters: they stay in the description."""
    assert parse_docstring(GOOGLE).description.endswith("Note:\n    Notes are prose.")


@pytest.mark.parametrize("heading", ["Args", "Arguments", "Parameters", "Params", "args", "Keyword Args"])
def test_google_headings(heading):
    """Each usual heading opens the parameters, the predecessor's `Params:` and lower case included."""
    assert list(parse_docstring(f"S.\n\n{heading}:\n    x (int): It.").params) == ["x"]


def test_items_without_indentation():
    """The predecessor read items that stand directly under their heading; they end at a blank line."""
    doc = parse_docstring("S.\n\nArgs:\nx (int): It.\ny (str): That.\n\nnot: an item\n")
    assert list(doc.params) == ["x", "y"]
    assert doc.description == "not: an item"


def test_default_in_brackets_is_taken_out_of_the_text():
    """`(default is 5)` makes a parameter optional and leaves the text, as in the predecessor."""
    item = parse_docstring("S.\n\nArgs:\n    page (int): The page (default is 5) shown.").params["page"]
    assert item == DocItem("page", "int", "The page shown.", optional=True, default="5")


@pytest.mark.parametrize(
    ("written", "default"),
    [
        ("Defaults to 5.", "5"),
        ("defaults to `None`", "None"),
        ('Default is "a b".', '"a b"'),
        ("(default: 1.5)", "1.5"),
        ("(default=x)", "x"),
    ],
)
def test_ways_to_tell_a_default(written, default):
    """The usual ways to tell a default in the text are understood."""
    item = parse_docstring(f"S.\n\nArgs:\n    x (int): It. {written}").params["x"]
    assert (item.optional, item.default) == (True, default)


def test_google_returns_without_type():
    """Prose with a colon in it is no type."""
    assert parse_docstring("S.\n\nReturns:\n    A list of things: all of them.").returns == DocItem(
        "", None, "A list of things: all of them."
    )


def test_google_returns_on_the_heading_line():
    """`Returns: text` on one line is understood."""
    assert parse_docstring("S.\n\nReturns: the note").returns == DocItem("", None, "the note")


def test_yields():
    """What is yielded is kept apart from what is returned."""
    doc = parse_docstring("S.\n\nYields:\n    int: Numbers.")
    assert doc.yields == DocItem("", "int", "Numbers.")
    assert doc.returns is None


def test_numpy_names_may_share_a_type():
    """`x, y : int` describes both."""
    doc = parse_docstring("S.\n\nParameters\n----------\nx, y : {'a', 'b'}, optional\n    Both.\n")
    assert doc.params["x"] == DocItem("x", "{'a', 'b'}", "Both.", optional=True)
    assert doc.params["y"].type == "{'a', 'b'}"


def test_numpy_section_of_another_kind_is_prose():
    """`Notes` over dashes ends the parameters, and is prose."""
    doc = parse_docstring("S.\n\nParameters\n----------\nx : int\n\nNotes\n-----\nHello.\n")
    assert doc.description == "Notes\n-----\nHello."


def test_sphinx_roles_in_types():
    """``:class:`~a.B` `` means `a.B`."""
    doc = parse_docstring("S.\n\n:param x: It.\n:type x: :class:`~decimal.Decimal`\n")
    assert doc.params["x"].type == "decimal.Decimal"


def test_one_sphinx_field_may_name_many_exceptions():
    """`:raises A, B:` names both."""
    assert [item.name for item in parse_docstring(":raises A, b.C: no").raises] == ["A", "b.C"]


def test_styles_may_be_mixed():
    """Each section is read in its own style."""
    doc = parse_docstring("S.\n\n:param a: A.\n\nArgs:\n    b: B.\n\nReturns\n-------\nint\n")
    assert list(doc.params) == ["a", "b"]
    assert doc.returns == DocItem("", "int", "")


@pytest.mark.parametrize(
    "text",
    ["S.\n\n.. deprecated:: 2.0\n   Use b.", "S.\n\nDeprecated: Use b.", "S.\n\n:deprecated: Use b."],
)
def test_deprecation(text):
    """A deprecation is found in each style, with its reason."""
    assert parse_docstring(text).deprecated == "Use b."


def test_lists_inside_of_an_item_stay_lists():
    """Wrapped lines are joined, list items and paragraphs are not."""
    doc = parse_docstring("S.\n\nArgs:\n    x: One\n        two\n\n        - a\n        - b\n")
    assert doc.params["x"].description == "One two\n\n- a\n- b"


def test_attributes_of_a_class():
    """`Attributes:` and `:ivar:` describe fields, not parameters."""
    doc = parse_docstring("S.\n\nAttributes:\n    a: A.\n\n:ivar b: B.")
    assert list(doc.attributes) == ["a", "b"]
    assert doc.params == {}


_PIECES = st.sampled_from(
    [
        *GOOGLE.split("\n"),
        *NUMPY.split("\n"),
        *SPHINX.split("\n"),
        *(".. deprecated::", ":", "::", ":param", ":param:", "Args:", "----", "(", "))", "x (", "\t:raises"),
    ]
)


@given(st.one_of(st.text(), st.lists(_PIECES | st.text(max_size=12), max_size=25).map("\n".join)))
@example(":type: x")
@example("Args:\n\n\n")
@example("Returns\n---")
def test_no_text_raises(text):
    """Documentation never breaks the program that it documents."""
    doc = parse_docstring(text)
    assert "\n" not in doc.summary
    assert all(name and not name.startswith("*") for name in doc.params)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_][a-z_0-9]{0,8}", fullmatch=True),
        st.tuples(
            st.sampled_from(["int", "str | None", "list[dict[str, int]]"]),
            st.sampled_from(["It.", "So: be it."]),
        ),
        max_size=6,
    )
)
def test_what_is_written_is_read(params):
    """Any parameters written in Google's style are read back in order."""
    lines = [f"    {name} ({kind}): {text}" for name, (kind, text) in params.items()]
    found = parse_docstring("\n".join(["S.", "", "Args:", *lines, ""])).params
    assert [(item.name, item.type, item.description) for item in found.values()] == [
        (name, kind, text) for name, (kind, text) in params.items()
    ]
