"""Defaults that fit their schemas, and others."""

import jsonschema
import pytest
from areion.dev._defaults import fits
from hypothesis import given
from hypothesis import strategies as st

COMPONENTS = {
    "Color": {"type": "string", "enum": ["red", "blue"]},
    "Point": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
}

SCHEMAS = [
    {},
    {"type": "null"},
    {"type": "boolean"},
    {"type": "integer", "minimum": 1, "exclusiveMaximum": 3},
    {"type": "number", "exclusiveMinimum": 0, "maximum": 2},
    {"type": "string", "minLength": 1, "maxLength": 2},
    {"type": "string", "pattern": "^a"},
    {"enum": [1, "a", True]},
    {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
    {
        "type": "array",
        "prefixItems": [{"type": "integer"}, {"type": "string"}],
        "minItems": 2,
        "maxItems": 2,
    },
    {"type": "object", "additionalProperties": {"type": "integer"}, "propertyNames": {"enum": ["a"]}},
    COMPONENTS["Point"],
]

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "a", "ab", "abc", "red"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "x"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@given(st.sampled_from(SCHEMAS), _VALUES)
def test_agrees_with_a_validator(schema, value):
    """What fits here is valid for a full validator of JSON Schema."""
    if fits(value, schema, COMPONENTS):
        jsonschema.Draft202012Validator(schema).validate(value)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (5, {"type": "integer"}),
        (5, {"type": "number"}),
        ("red", {"$ref": "#/components/schemas/Color"}),
        ({"x": 1}, {"$ref": "#/components/schemas/Point"}),
        (None, {"anyOf": [{"$ref": "#/components/schemas/Color"}, {"type": "null"}]}),
        ([1, "a"], {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}),
        ("2026-02-03T04:05:06+01:00", {"type": "string", "format": "date-time"}),
        ("anything", {"type": "string", "format": "unheard-of"}),
        (6, {"type": "integer", "multipleOf": 3}),
    ],
)
def test_fits(value, schema):
    """Values of the type fit, through references too."""
    assert fits(value, schema, COMPONENTS)


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (True, {"type": "integer"}),
        (None, {"type": "integer"}),
        ("green", {"$ref": "#/components/schemas/Color"}),
        ({"x": "1"}, {"$ref": "#/components/schemas/Point"}),
        ({}, {"$ref": "#/components/schemas/Point"}),
        ([1, 1], {"type": "array", "uniqueItems": True}),
        ("2026-02-03T04:05:06", {"type": "string", "format": "date-time"}),
        ("04:05:06", {"type": "string", "format": "time"}),
        ("a", {"minimum": 1}),
        ("a", {"pattern": "["}),
        (1, {"multipleOf": 0}),
        (1, {"type": "unheard-of"}),
    ],
)
def test_does_not_fit(value, schema):
    """Values of another type, out of bounds, or that cannot be checked, do not fit."""
    assert not fits(value, schema, COMPONENTS)


@pytest.mark.parametrize(
    ("name", "fitting", "others"),
    [
        ("date", ["2026-02-03"], ["x", "2026-02-30", "20260203", "2026-W06-2"]),
        ("time", ["04:05:06Z", "04:05:06.5+01:00"], ["04:05:06", "25:00:00Z", "xZ"]),
        ("duration", ["P1DT2H", "PT0.5S", "P3D"], ["", "P", "PT", "1 day", "P1DT"]),
        ("uuid", ["0B6f2d1e-0000-4000-8000-000000000000"], ["x", "0b6f2d1e000040008000000000000000"]),
        ("ipv4", ["192.0.2.1"], ["192.0.2", "x"]),
        ("ipv6", ["::1"], ["x", "fe80::1%eth0"]),
        ("regex", ["a+"], ["("]),
        ("decimal", ["1.50", "anything"], []),
    ],
)
def test_formats(name, fitting, others):
    """A text must have the format that its schema names, as validators check it; a format of ours only informs."""
    schema = {"type": "string", "format": name}
    assert [value for value in fitting if not fits(value, schema, {})] == []
    assert [value for value in others if fits(value, schema, {})] == []
