"""The tables: which plain class is which JSON Schema type and format, and how containers hold their items."""

import collections
import collections.abc
import datetime as dt
import decimal
import ipaddress
import pathlib
import re
import uuid
from collections.abc import Callable
from typing import Any, Final

# Order matters where a class derives from another: bool from int, datetime from date.
_SCALARS: Final[tuple[tuple[type, dict[str, Any]], ...]] = (
    (bool, {"type": "boolean"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (decimal.Decimal, {"type": "string", "format": "decimal"}),
    (str, {"type": "string"}),
    (bytes, {"type": "string", "contentEncoding": "base64"}),
    (bytearray, {"type": "string", "contentEncoding": "base64"}),
    (memoryview, {"type": "string", "contentEncoding": "base64"}),
    (dt.datetime, {"type": "string", "format": "date-time"}),
    (dt.date, {"type": "string", "format": "date"}),
    (dt.time, {"type": "string", "format": "time"}),
    (dt.timedelta, {"type": "string", "format": "duration"}),
    (uuid.UUID, {"type": "string", "format": "uuid"}),
    (pathlib.PurePath, {"type": "string", "format": "path"}),
    (ipaddress.IPv4Address, {"type": "string", "format": "ipv4"}),
    (ipaddress.IPv6Address, {"type": "string", "format": "ipv6"}),
    (re.Pattern, {"type": "string", "format": "regex"}),
)

# The attributes of annotated-types' constraints, also used by msgspec and pydantic → the keyword for each
# type of schema; the keyword under "" is for all other types.
CONSTRAINTS: Final[dict[str, dict[str, str]]] = {
    "ge": {"": "minimum"},
    "gt": {"": "exclusiveMinimum"},
    "le": {"": "maximum"},
    "lt": {"": "exclusiveMaximum"},
    "multiple_of": {"": "multipleOf"},
    "min_length": {"": "minLength", "array": "minItems", "object": "minProperties"},
    "max_length": {"": "maxLength", "array": "maxItems", "object": "maxProperties"},
    "pattern": {"": "pattern"},
}

_CONTAINERS: Final = (list, tuple, set, frozenset, dict, collections.deque)


def scalar_schema(cls: type) -> dict[str, Any] | None:
    """The schema of a class that is one JSON value, or of a class derived from it."""
    for known, schema in _SCALARS:
        if issubclass(cls, known):
            return dict(schema)
    return None


def is_container(cls: type) -> bool:
    """Whether instances hold items that travel as an array or an object.

    Only the abstract classes themselves count, not all that happens to be iterable: a file is no array.
    """
    abstract = cls.__module__ == "collections.abc" and issubclass(
        cls, collections.abc.Iterable | collections.abc.AsyncIterable
    )
    return abstract or issubclass(cls, _CONTAINERS)


def container_schema(
    cls: type, args: tuple[object, ...], schema: Callable[[object], dict[str, Any]]
) -> dict[str, Any]:
    """The schema of a container class with the type arguments given; `schema` makes that of an item."""
    if issubclass(cls, collections.abc.Mapping):
        return _object(args, schema)
    if issubclass(cls, tuple):
        return _tuple(args, schema)
    unique = {"uniqueItems": True} if issubclass(cls, collections.abc.Set) else {}
    return {"type": "array", "items": schema(args[0]) if args else {}, **unique}


def _object(args: tuple[object, ...], schema: Callable[[object], dict[str, Any]]) -> dict[str, Any]:
    if len(args) == 1:  # Counter[str]
        return {"type": "object", "additionalProperties": {"type": "integer"}}
    if not args:
        return {"type": "object"}
    keys, values = schema(args[0]), schema(args[1])
    # Keys travel as text: what is said about numbers does not hold for them.
    told = keys if "$ref" in keys or "enum" in keys or "format" in keys else {}
    return {
        "type": "object",
        **({"additionalProperties": values} if values else {}),
        **({"propertyNames": told} if told else {}),
    }


def _tuple(args: tuple[object, ...], schema: Callable[[object], dict[str, Any]]) -> dict[str, Any]:
    if not args:
        return {"type": "array", "items": {}}
    if len(args) == 2 and args[1] is Ellipsis:
        return {"type": "array", "items": schema(args[0])}
    items = [schema(one) for one in args]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
