"""Converters: what they take, what they refuse, and how they are registered."""

from __future__ import annotations

import math
import re
import uuid
from datetime import date

import pytest
from areion_router import Converter, NotFoundError, PatternError, Router, UrlBuildError, register_converter
from areion_router.converters import BUILT_IN, GLOBAL_CONVERTERS, ConverterRegistry
from hypothesis import given
from hypothesis import strategies as st


def read(type_name, text):
    """What a typed parameter makes of a segment; LookupError if the route does not match."""
    router = Router()
    router.add_route(f"/:value<{type_name}>", print)
    return router.get_handler("GET", f"/{text}").path_params["value"]


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("int", "0", 0),
        ("int", "7", 7),
        ("int", "-7", -7),
        ("int", "%37", 7),
        ("int", "9" * 100, int("9" * 100)),
        ("float", "0", 0.0),
        ("float", "1.50", 1.5),
        ("float", "-0.5", -0.5),
        ("float", "1e3", 1000.0),
        ("float", "1E-3", 0.001),
        ("float", "12", 12.0),
        ("uuid", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", uuid.UUID("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")),
        ("uuid", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", uuid.UUID("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")),
        ("str", "x", "x"),
        ("str", "a%0Ab", "a\nb"),
    ],
)
def test_what_built_in_converters_read(type_name, text, value):
    """Typed parameters reach the handler as values."""
    result = read(type_name, text)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        ("int", text)
        for text in (
            "abc",
            "007",
            "-0",
            "+7",
            "1_000",
            "%207",
            "7%0A",
            "1.0",
            "%D9%A3",
            "--1",
            "-",
            "9" * 5000,
        )
    ]
    + [
        ("float", text)
        for text in (
            "abc",
            "nan",
            "inf",
            "-inf",
            ".5",
            "5.",
            "1e999",
            "1_0",
            "+1",
            "0x1",
            "01",
            "1e",
            "%D9%A3",
        )
    ]
    + [
        ("uuid", text)
        for text in (
            "abc",
            "f81d4fae7dec11d0a76500a0c91e6bf6",
            "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}",
            "g" * 36,
        )
    ],
)
def test_an_invalid_value_is_no_match(type_name, text):
    """What a converter refuses does not match the route: numbers have one spelling, in ASCII digits."""
    with pytest.raises(NotFoundError):
        read(type_name, text)


def test_order_at_one_position():
    """int goes before uuid, uuid before float, all before plain; registered ones by rank, then by order."""
    router = Router()
    router.register_converter("year", Converter(regex="[0-9]{4}", parse=int, format=str))
    router.register_converter("late", Converter(regex="x.*", rank=40))
    for type_name in ("late", "float", "uuid", "int", "year"):
        router.add_route(f"/:value<{type_name}>", print, name=type_name)
    router.add_route("/:value", print, name="plain")

    def name(text):
        return router.explain("GET", f"/{text}").route.name

    assert [name(text) for text in ("2024", "20245", "1.5", str(uuid.uuid4()), "xy", "yx")] == [
        "year",
        "int",
        "float",
        "uuid",
        "late",
        "plain",
    ]


def test_str_is_another_spelling_of_plain():
    """`:x<str>` and `:x` take the same, so together they conflict."""
    router = Router()
    router.add_route("/:x<str>", print)
    with pytest.raises(ValueError, match="conflicts"):
        router.add_route("/:y", print)


def test_a_value_error_while_parsing_is_no_match():
    """The regex can be wider than what parse takes; then the search goes on."""
    router = Router()
    router.register_converter("day", Converter(regex=r"\d{4}-\d\d-\d\d", parse=date.fromisoformat))
    router.add_route("/:day<day>", print)
    router.add_route("/:text", print)
    assert router.get_handler("GET", "/2024-02-29").path_params == {"day": date(2024, 2, 29)}
    assert router.get_handler("GET", "/2023-02-29").path_params == {"text": "2023-02-29"}
    assert router.get_allowed_methods("/2023-02-29") == ["GET", "HEAD", "OPTIONS"]


def test_other_exceptions_while_parsing_are_bugs():
    """Anything but a ValueError is let through."""

    def broken(text):
        raise ZeroDivisionError

    router = Router()
    router.register_converter("broken", Converter(regex=".+", parse=broken))
    router.add_route("/:x<broken>", print)
    with pytest.raises(ZeroDivisionError):
        router.get_handler("GET", "/a")


class Hex:
    regex = re.compile("[0-9a-f]+")
    examples = ("ff",)

    def parse(self, text):
        return int(text, 16)

    def format(self, value):
        return f"{value:x}"


@pytest.mark.parametrize(
    "converter", [Hex, Hex(), Converter(regex="[0-9a-f]+", parse=Hex().parse, format="{:x}".format)]
)
def test_any_object_with_the_three_attributes_will_do(converter):
    """A converter is a Converter, or an object or class with regex, parse and format."""
    router = Router()
    router.register_converter("hex", converter)
    router.add_route("/:x<hex>", print, name="x")
    assert router.get_handler("GET", "/ff").path_params == {"x": 255}
    assert router.url_for("x", x=255) == "/ff"
    assert router.routes[0].params["x"].name == "hex"


def test_converters_reach_groups_but_not_other_routers():
    """A router's converters are known to its groups, earlier and later ones; register_converter is for all."""
    router = Router()
    early = router.group("/early")
    router.register_converter("hex", Hex)
    early.add_route("/:x<hex>", print)
    router.group("/late").add_route("/:x<hex>", print)
    with pytest.raises(PatternError, match=r"no converter named 'hex' .* known: int, uuid, float, str"):
        Router().add_route("/:x<hex>", print)


def test_global_registration():
    """A global converter is known to every router, also to those that exist."""
    router = Router()
    register_converter("test_even", Converter(regex="[02468]", parse=int))
    register_converter("test_even", GLOBAL_CONVERTERS.find("test_even"))
    router.add_route("/:x<test_even>", print)
    assert router.get_handler("GET", "/4").path_params == {"x": 4}
    assert "test_even" in GLOBAL_CONVERTERS
    with pytest.raises(NotFoundError):
        router.get_handler("GET", "/5")


@pytest.mark.parametrize(
    ("name", "converter", "error", "message"),
    [
        ("int", Converter(regex="x"), ValueError, "'int' is already registered"),
        ("not a name", Converter(regex="x"), ValueError, "expected an identifier"),
        (5, Converter(regex="x"), TypeError, r"expected str, got int \(5\)"),
        ("x", "a regex", TypeError, "expected a Converter"),
        ("x", object, TypeError, "expected a Converter"),
        ("x", type("Bad", (Hex,), {"regex": "("}), ValueError, r"regex '\(' is not valid"),
    ],
)
def test_bad_registrations(name, converter, error, message):
    """A bad converter is refused when it is registered, with the reason."""
    with pytest.raises(error, match=message):
        Router().register_converter(name, converter)


def test_registry_lists_what_it_finds():
    """Iterating gives all names that can be used."""
    registry = ConverterRegistry()
    registry.add("hex", Hex)
    assert list(registry) == [*BUILT_IN, "hex"]
    assert all(registry.find(name) for name in registry)
    assert registry.find("nothing") is None


@given(st.integers())
def test_int_is_inverted_by_url_for(value):
    """Every int has one URL, and it leads back."""
    assert BUILT_IN["int"].read(BUILT_IN["int"].write(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_float_is_inverted_by_url_for(value):
    """Every finite float has a URL that leads back to it."""
    result = BUILT_IN["float"].read(BUILT_IN["float"].write(value))
    assert result == value
    assert math.copysign(1, result) == math.copysign(1, value)


@given(st.uuids())
def test_uuid_is_inverted_by_url_for(value):
    """Every UUID has a URL that leads back to it."""
    assert BUILT_IN["uuid"].read(BUILT_IN["uuid"].write(value)) == value


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        *(("int", value) for value in (True, 1.0, "x", [])),
        *(("float", value) for value in (True, "nan", math.inf, math.nan)),
        *(("uuid", value) for value in ("x", 5)),
    ],
)
def test_values_that_do_not_fit(type_name, value):
    """url_for refuses what could not be read back."""
    router = Router()
    router.add_route(f"/:value<{type_name}>", print, name="it")
    with pytest.raises(UrlBuildError, match=f"no value for a {type_name} segment"):
        router.url_for("it", value=value)


def test_text_in_the_form_of_the_converter_is_kept():
    """Templates often have numbers as text."""
    assert BUILT_IN["int"].write("12") == "12"
    assert BUILT_IN["float"].write("1.5") == "1.5"
    assert BUILT_IN["float"].write(2) == "2.0"


def test_converters_whose_values_are_text():
    """A text value is written by format, not taken for the form in the path."""
    swapped = Converter(regex="[a-zA-Z]+", parse=str.swapcase, format=str.swapcase)
    assert swapped.write("Ab") == "aB"
    assert swapped.read(swapped.write("Ab")) == "Ab"
