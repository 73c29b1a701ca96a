"""Types → JSON Schema, one by one."""

import collections
import collections.abc
import datetime as dt
import decimal
import enum
import ipaddress
import logging
import pathlib
import sys
import typing
import uuid
from dataclasses import InitVar, dataclass, field
from types import ModuleType, SimpleNamespace
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    ForwardRef,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Required,
    TypedDict,
    TypeVar,
)

import jsonschema
import pytest
from areion.dev.annotations import Scope
from areion.dev.schema import SchemaBuilder

T = TypeVar("T")
Bound = TypeVar("Bound", bound=int)
Either = TypeVar("Either", int, str)
UserId = NewType("UserId", int)


class Color(enum.Enum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Flags(enum.IntFlag):
    A = 1
    B = 2


class Odd(enum.Enum):
    THING = object()


class Slug(str):
    pass


class Service:
    def __iter__(self):
        return iter(())


@dataclass
class Note:
    """A note.

    Attributes:
        title: What it is called.
    """

    id: uuid.UUID
    title: str
    parent: "Note | None" = None
    tags: set[str] = field(default_factory=set)
    pages: Annotated[int, "How long."] = field(default=1)
    body: str = field(default="", metadata={"description": "The text."})
    kind: ClassVar[str] = "note"
    once: InitVar[int] = 0
    _hidden: int = 0


@dataclass
class Page(Generic[T]):
    items: list[T]
    next: "Page[T] | None" = None


@dataclass
class Plain:
    x: int


class Filter(TypedDict, total=False):
    a: Required[int]
    b: str
    c: Annotated[NotRequired[float], "The c."]


class Point(NamedTuple):
    x: int
    y: int = 2


def schema_of(annotation, scope=None):
    return SchemaBuilder().schema(annotation, scope or Scope(owner="test", globals=globals()))


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, {"type": "integer"}),
        (bool, {"type": "boolean"}),
        (float, {"type": "number"}),
        (str, {"type": "string"}),
        (Slug, {"type": "string"}),
        (None, {"type": "null"}),
        (Any, {}),
        (object, {}),
        (bytes, {"type": "string", "contentEncoding": "base64"}),
        (dt.datetime, {"type": "string", "format": "date-time"}),
        (dt.date, {"type": "string", "format": "date"}),
        (dt.time, {"type": "string", "format": "time"}),
        (dt.timedelta, {"type": "string", "format": "duration"}),
        (uuid.UUID, {"type": "string", "format": "uuid"}),
        (decimal.Decimal, {"type": "string", "format": "decimal"}),
        (pathlib.Path, {"type": "string", "format": "path"}),
        (ipaddress.IPv4Address, {"type": "string", "format": "ipv4"}),
        (typing.LiteralString, {"type": "string"}),
        (list, {"type": "array", "items": {}}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (typing.List[int], {"type": "array", "items": {"type": "integer"}}),  # noqa: UP006
        (collections.abc.Sequence[str], {"type": "array", "items": {"type": "string"}}),
        (collections.abc.AsyncIterator[str], {"type": "array", "items": {"type": "string"}}),
        (collections.deque, {"type": "array", "items": {}}),
        (set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
        (frozenset, {"type": "array", "items": {}, "uniqueItems": True}),
        (tuple, {"type": "array", "items": {}}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (
            tuple[int, str],
            {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (dict, {"type": "object"}),
        (dict[str, Any], {"type": "object"}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (typing.Mapping[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (collections.Counter[str], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (
            dict[uuid.UUID, int],
            {
                "type": "object",
                "additionalProperties": {"type": "integer"},
                "propertyNames": {"type": "string", "format": "uuid"},
            },
        ),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (typing.Optional[int], {"anyOf": [{"type": "integer"}, {"type": "null"}]}),  # noqa: UP045
        (typing.Union[int, str], {"anyOf": [{"type": "integer"}, {"type": "string"}]}),  # noqa: UP007
        (str | Slug, {"type": "string"}),
        (int | Any, {}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal[1, "b", True], {"enum": [1, "b", True]}),
        (Literal[Color.RED], {"type": "string", "enum": ["red"]}),
        (UserId, {"type": "integer"}),
        (T, {}),
        (Bound, {"type": "integer"}),
        (Either, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (Annotated[int, "How many."], {"type": "integer", "description": "How many."}),
        (
            Annotated[int, SimpleNamespace(documentation="Doc.", ge=1), SimpleNamespace(lt=9)],
            {"type": "integer", "description": "Doc.", "minimum": 1, "exclusiveMaximum": 9},
        ),
        (
            Annotated[list[int], SimpleNamespace(min_length=1, max_length=5)],
            {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 5},
        ),
        (Final[int], {"type": "integer"}),
        (type[int], {}),
        (collections.abc.Callable[[int], str], {}),
        (typing.Callable, {}),
        (Service, {}),
        ("int", {"type": "integer"}),
        (ForwardRef("int"), {"type": "integer"}),
        ("list['int']", {"type": "array", "items": {"type": "integer"}}),
        ("Missing", {}),
        ("list[Missing]", {"type": "array", "items": {}}),
        ("dict[str, missing.Thing[int] | None]", {"type": "object"}),
        ("Annotated[int, Missing(ge=1)] | None", {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (list["Missing | int"], {"type": "array", "items": {}}),  # noqa: F821
        ("not a type", {}),
        ("1 / 0", {}),
        (5, {}),
    ],
    ids=str,
)
def test_types(annotation, expected):
    """Each type has its schema; what is not known permits everything, and nothing raises."""
    found = schema_of(annotation)
    assert found == expected
    jsonschema.Draft202012Validator.check_schema(found)


def test_what_is_not_known_is_told_at_debug_level(caplog):
    """An annotation that cannot be resolved is no error, but it can be found out."""
    with caplog.at_level(logging.DEBUG, "areion.dev"):
        schema_of("Missing")
        schema_of(Service)
    assert "annotation 'Missing': NameError: name 'Missing' is not defined" in caplog.text
    assert "no schema for <class" in caplog.text


def test_enum_is_a_component_with_its_values():
    """An enumeration is named once, with its values, their type and its docstring."""
    builder = SchemaBuilder()
    assert builder.schema(list[Color], Scope())["items"] == {"$ref": "#/components/schemas/Color"}
    assert builder.components == {
        "Color": {"title": "Color", "type": "string", "enum": ["red", "blue"], "description": "A colour."}
    }


@pytest.mark.parametrize(
    ("cls", "expected"),
    [
        (Level, {"title": "Level", "type": "integer", "enum": [1, 2]}),
        (Flags, {"title": "Flags", "type": "integer"}),
        (Odd, {"title": "Odd"}),
    ],
)
def test_kinds_of_enum(cls, expected):
    """Numbers are numbers, flags combine, and values that JSON cannot show are not listed."""
    builder = SchemaBuilder()
    builder.schema(cls, Scope())
    assert builder.components == {cls.__name__: expected}


def test_dataclass():
    """A dataclass is an object: types, defaults, descriptions, required fields; recursion ends."""
    builder = SchemaBuilder()
    assert builder.schema(Note, Scope()) == {"$ref": "#/components/schemas/Note"}
    assert builder.components["Note"] == {
        "title": "Note",
        "description": "A note.",
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "title": {"type": "string", "description": "What it is called."},
            "parent": {"anyOf": [{"$ref": "#/components/schemas/Note"}, {"type": "null"}], "default": None},
            "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            "pages": {"type": "integer", "description": "How long.", "default": 1},
            "body": {"type": "string", "description": "The text.", "default": ""},
        },
        "required": ["id", "title"],
    }


def test_made_docstring_of_a_dataclass_is_no_description():
    """The signature that dataclasses make their docstring of says nothing."""
    builder = SchemaBuilder()
    builder.schema(Plain, Scope())
    assert "description" not in builder.components["Plain"]


def test_generic_dataclass():
    """`Page[Note]` is a component of its own, with the type argument in place, recursion included."""
    builder = SchemaBuilder()
    assert builder.schema(Page[Note], Scope()) == {"$ref": "#/components/schemas/Page_Note"}
    builder.schema(Page[int], Scope())
    properties = builder.components["Page_Note"]["properties"]
    assert properties["items"] == {"type": "array", "items": {"$ref": "#/components/schemas/Note"}}
    assert properties["next"]["anyOf"][0] == {"$ref": "#/components/schemas/Page_Note"}
    assert builder.components["Page_int"]["properties"]["items"]["items"] == {"type": "integer"}


def test_typeddict():
    """Required, NotRequired and total are respected, inside of Annotated too."""
    builder = SchemaBuilder()
    builder.schema(Filter, Scope())
    assert builder.components["Filter"] == {
        "title": "Filter",
        "type": "object",
        "properties": {
            "a": {"type": "integer"},
            "b": {"type": "string"},
            "c": {"type": "number", "description": "The c."},
        },
        "required": ["a"],
    }


def test_typeddict_with_string_annotations():
    """Under `from __future__ import annotations` Python itself does not see NotRequired; the schema does."""
    namespace: dict[str, Any] = {"__name__": __name__}
    exec(
        "from __future__ import annotations\n"
        "from typing import NotRequired, TypedDict\n"
        "class Late(TypedDict):\n    a: int\n    b: NotRequired[int]\n",
        namespace,
    )
    builder = SchemaBuilder()
    builder.schema(namespace["Late"], Scope())
    assert builder.components["Late"]["required"] == ["a"]


def test_namedtuple_is_an_array():
    """A named tuple travels by position, as tuples do."""
    builder = SchemaBuilder()
    builder.schema(Point, Scope())
    assert builder.components["Point"] == {
        "title": "Point",
        "type": "array",
        "prefixItems": [{"title": "x", "type": "integer"}, {"title": "y", "type": "integer", "default": 2}],
        "minItems": 1,
        "maxItems": 2,
    }


def test_two_classes_of_one_name_are_two_components():
    """The second class of a name is qualified by where it stands; neither replaces the other."""

    def local():
        @dataclass
        class Plain:
            y: str

        return Plain

    builder = SchemaBuilder()
    first, second = builder.schema(Plain, Scope()), builder.schema(local(), Scope())
    third = builder.schema(local(), Scope())
    assert len({first["$ref"], second["$ref"], third["$ref"]}) == 3
    assert builder.schema(Plain, Scope()) == first
    assert all(name.replace(".", "").replace("_", "").isalnum() for name in builder.components)


def test_local_class_that_refers_to_itself():
    """A class inside a function may name itself in a string."""

    @dataclass
    class Tree:
        children: "list[Tree]"

    builder = SchemaBuilder()
    builder.schema(Tree, Scope())
    assert builder.components["Tree"]["properties"]["children"]["items"] == {
        "$ref": "#/components/schemas/Tree"
    }


def test_inherited_annotation_is_looked_up_where_it_was_written():
    """A field that was inherited from another module means what it meant there."""
    elsewhere = ModuleType("elsewhere_for_schema")
    namespace = vars(elsewhere)
    sys.modules["elsewhere_for_schema"] = elsewhere
    exec(
        "import dataclasses\nclass Thing:\n    pass\nThing = int\n"
        "@dataclasses.dataclass\nclass Base:\n    it: 'Thing'\n",
        namespace,
    )
    try:

        @dataclass
        class Derived(namespace["Base"]):
            own: int = 0

        builder = SchemaBuilder()
        builder.schema(Derived, Scope())
    finally:
        del sys.modules["elsewhere_for_schema"]
    assert builder.components["Derived"]["properties"]["it"] == {"type": "integer"}


def test_one_bad_annotation_costs_only_its_field():
    """A name that exists only for type checkers leaves the other fields as they are."""

    @dataclass
    class Half:
        good: int
        bad: "OnlyForTypeCheckers"  # noqa: F821

    builder = SchemaBuilder()
    builder.schema(Half, Scope())
    assert builder.components["Half"]["properties"] == {"good": {"type": "integer"}, "bad": {}}


def test_models_that_describe_themselves():
    """A class with pydantic's `model_json_schema` gives its own schema; its definitions become components."""

    class Model:
        @classmethod
        def model_json_schema(cls, ref_template):
            return {
                "type": "object",
                "properties": {"x": {"$ref": ref_template.format(model="X")}},
                "$defs": {"X": {"type": "integer"}},
            }

    builder = SchemaBuilder()
    assert builder.schema(Model, Scope()) == {"$ref": "#/components/schemas/Model"}
    assert builder.components["X"] == {"type": "integer"}
    assert builder.components["Model"]["properties"]["x"] == {"$ref": "#/components/schemas/X"}


class TypeAliasType:
    """Aliases as typing_extensions makes them for Python 3.11: evaluated when looked at."""

    __type_params__ = ()

    def __init__(self, name, evaluate):
        self.__name__ = name
        self._evaluate = evaluate

    @property
    def __value__(self):
        return self._evaluate()


JSON = TypeAliasType("Json", lambda: list[JSON] | str)
ALIASES: list[dict[str, Any]] = [{"Json": JSON, "Bad": TypeAliasType("Bad", lambda: Missing)}]  # noqa: F821
if sys.version_info >= (3, 12):
    ALIASES.append({})
    exec("type Json = list[Json] | str\ntype Bad = Missing\n", ALIASES[-1])


@pytest.mark.parametrize("namespace", ALIASES, ids=["typing_extensions", "statement"][: len(ALIASES)])
def test_recursive_alias(namespace):
    """`type Json = list[Json] | str` is a component, so that it ends; one that means nothing permits all."""
    builder = SchemaBuilder()
    reference = {"$ref": "#/components/schemas/Json"}
    assert builder.schema(namespace["Json"], Scope()) == reference
    assert builder.components["Json"] == {
        "anyOf": [{"type": "array", "items": reference}, {"type": "string"}]
    }
    assert builder.schema(namespace["Bad"], Scope()) == {}
