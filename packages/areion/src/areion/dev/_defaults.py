"""Does a default fit its schema? A document whose defaults contradict their schemas is not valid.

`def handler(request, limit: int = None)` is common, so such a default is left out rather than shown. The
check knows the keywords that this package writes, and takes only what it can vouch for.
"""

import datetime as dt
import ipaddress
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

Schemas = Mapping[str, Mapping[str, Any]]

_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "null": type(None),
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "string": str,
    "array": list,
    "object": dict,
}


# RFC 3339, appendix A, in the units that timedelta has.
_DURATION: Final = re.compile(r"P(?=[\dT])(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?")


def _zoned(value: str) -> bool:
    """RFC 3339 §5.6 wants an offset, which Python's naive times do not have."""
    return re.search(r"(?:Z|[+-]\d\d:\d\d)$", value) is not None


def _dashed(value: str) -> bool:
    """RFC 9562 §4 writes a UUID in groups; Python reads others too."""
    return str(uuid.UUID(value)) == value.lower()


# Each returns something false, or raises ValueError, for a text that has not its format.
_FORMATS: Final[dict[str, Callable[[str], object]]] = {
    "date-time": lambda value: _zoned(value) and dt.datetime.fromisoformat(value),
    "date": lambda value: str(dt.date.fromisoformat(value)) == value,
    "time": lambda value: _zoned(value) and str(dt.time.fromisoformat(value)),
    "duration": _DURATION.fullmatch,
    "uuid": _dashed,
    "ipv4": lambda value: str(ipaddress.IPv4Address(value)),
    "ipv6": lambda value: "%" not in value and str(ipaddress.IPv6Address(value)),
    "regex": re.compile,
}

_BOUNDS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
    "minLength": lambda value, bound: len(value) >= bound,
    "maxLength": lambda value, bound: len(value) <= bound,
    "minItems": lambda value, bound: len(value) >= bound,
    "maxItems": lambda value, bound: len(value) <= bound,
    "minProperties": lambda value, bound: len(value) >= bound,
    "maxProperties": lambda value, bound: len(value) <= bound,
    "pattern": lambda value, pattern: re.search(pattern, value) is not None,
    "multipleOf": lambda value, factor: value % factor == 0,
}


def fits(value: Any, schema: Mapping[str, Any], components: Schemas) -> bool:
    """Whether a value of JSON fits a schema; it does not, if a keyword cannot be applied to it."""
    reference = schema.get("$ref", "")
    if reference and not fits(value, components.get(reference.rpartition("/")[2], {}), components):
        return False
    if "anyOf" in schema and not any(fits(value, one, components) for one in schema["anyOf"]):
        return False
    if "enum" in schema and not any(value == one and type(value) is type(one) for one in schema["enum"]):
        return False
    if not _has_type(value, schema.get("type")):
        return False
    try:
        if not all(check(value, schema[keyword]) for keyword, check in _BOUNDS.items() if keyword in schema):
            return False
        if isinstance(value, str) and not _FORMATS.get(schema.get("format", ""), _informs)(value):
            return False
    except (TypeError, ValueError, ZeroDivisionError, re.error):
        return False
    return _items_fit(value, schema, components)


def _informs(_value: str) -> bool:
    """A format that only informs."""
    return True


def _has_type(value: Any, name: str | None) -> bool:
    if name is None:
        return True
    if isinstance(value, bool):  # an int for Python, none for JSON
        return name == "boolean"
    return isinstance(value, _TYPES.get(name, ()))


def _items_fit(value: Any, schema: Mapping[str, Any], components: Schemas) -> bool:
    if isinstance(value, list):
        prefix = schema.get("prefixItems", [])
        pairs = [
            *zip(value, prefix, strict=False),
            *((one, schema.get("items", {})) for one in value[len(prefix) :]),
        ]
        if schema.get("uniqueItems") and len({repr(one) for one in value}) < len(value):
            return False
        return all(fits(one, kind, components) for one, kind in pairs)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        other = schema.get("additionalProperties", {})
        names = schema.get("propertyNames", {})
        return set(schema.get("required", ())) <= value.keys() and all(
            fits(one, properties.get(key, other), components) and fits(key, names, components)
            for key, one in value.items()
        )
    return True
