"""Router paths as OpenAPI writes them."""

import datetime as dt
import uuid

import pytest
from areion.dev._converters import converter_schema
from areion.dev.paths import path_template
from areion.dev.schema import SchemaBuilder


@pytest.mark.parametrize(
    ("path", "template", "names"),
    [
        ("/", "/", []),
        ("", "/", []),
        ("/users", "/users", []),
        ("users/", "/users", []),
        ("/users/:id", "/users/{id}", ["id"]),
        ("/users/:id<int>/files/*rest", "/users/{id}/files/{rest}", ["id", "rest"]),
        ("/a b/{x}?/é", "/a%20b/%7Bx%7D%3F/%C3%A9", []),
        ("/50%25/a:b", "/50%25/a:b", []),
    ],
)
def test_templates(path, template, names):
    """Parameters become braces; static segments are written as they stand in a URL."""
    found = path_template(path)
    assert found.path == template
    assert [param.name for param in found.params] == names


def test_shape_leaves_out_the_names():
    """Two paths that OpenAPI takes for identical have one shape."""
    assert path_template("/a/:id").shape == path_template("/a/*rest").shape == "/a/{}"


def test_catch_all_is_marked():
    """The catch-all is told apart from a plain parameter."""
    assert [param.catch_all for param in path_template("/:a/*b").params] == [False, True]


class Day:
    """A converter as areion-router documents them."""

    name = "day"
    regex = r"\d{4}-\d\d-\d\d"
    parse = dt.date.fromisoformat
    format = str
    examples = ("2026-02-03",)


class Hex:
    regex = "(?i:[0-9a-f]+)"

    def parse(self, text: str) -> int:
        return int(text, 16)


class Missing:
    def parse(self, text: str) -> "Nowhere":  # noqa: F821
        return text


@pytest.mark.parametrize(
    ("converter", "schema"),
    [
        ("int", {"type": "integer"}),
        ("float", {"type": "number"}),
        ("uuid", {"type": "string", "format": "uuid"}),
        ("str", {"type": "string"}),
        ("path", {"type": "string"}),
        ("unheard-of", {"type": "string"}),
        (uuid.UUID, {"type": "string", "format": "uuid"}),
        (
            Day(),
            {
                "type": "string",
                "format": "date",
                "pattern": r"^(?:\d{4}-\d\d-\d\d)$",
                "examples": ["2026-02-03"],
            },
        ),
        (Hex(), {"type": "integer"}),
        (Missing(), {"type": "string"}),
        (object(), {"type": "string"}),
    ],
    ids=str,
)
def test_converters(converter, schema):
    """What a converter accepts is shown; what Python's patterns have alone is not given to JSON Schema."""
    assert converter_schema(converter, SchemaBuilder()) == schema
