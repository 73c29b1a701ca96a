"""Values of Python → values of JSON, for defaults, enumerations and examples.

A value that JSON cannot show is `NOTHING`: a default that is an object of the application is left out of the
document, and never breaks it.
"""

import datetime as dt
import decimal
import enum
import math
import os
import uuid
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final


class _Nothing:
    """The type of `NOTHING`."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()

# Deeper than any default that somebody wrote by hand, and a bound for one that contains itself.
MAX_DEPTH: Final = 20


def jsonable(value: object, depth: int = MAX_DEPTH) -> Any:
    """The value as JSON shows it, or `NOTHING`.

    >>> jsonable(dt.date(2026, 2, 3)), jsonable({"a": (1, None)}), jsonable(object())
    ('2026-02-03', {'a': [1, None]}, NOTHING)
    """
    if isinstance(value, enum.Enum):
        return jsonable(value.value, depth - 1) if depth else NOTHING
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value) if value.isascii() or _is_text(value) else NOTHING
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else NOTHING
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, uuid.UUID | decimal.Decimal):
        return str(value)
    if isinstance(value, os.PathLike):
        return jsonable(os.fspath(value), depth - 1) if depth else NOTHING
    return _jsonable_container(value, depth - 1) if depth else NOTHING


def _is_text(value: str) -> bool:
    """Lone surrogates are not text: no encoding can send them."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


def _jsonable_container(value: object, depth: int) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        pairs = {f.name: jsonable(getattr(value, f.name, None), depth) for f in fields(value)}
        return NOTHING if NOTHING in pairs.values() else pairs
    if isinstance(value, Mapping):
        shown = {str(jsonable(key, depth)): jsonable(one, depth) for key, one in value.items()}
        return NOTHING if NOTHING in shown.values() else shown
    if isinstance(value, list | tuple):
        listed = [jsonable(one, depth) for one in value]
        return NOTHING if NOTHING in listed else listed
    if isinstance(value, set | frozenset):
        # A set has no order of its own; the document needs one.
        listed = sorted((jsonable(one, depth) for one in value), key=repr)
        return NOTHING if NOTHING in listed else listed
    return NOTHING
