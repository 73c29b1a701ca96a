"""The keywords of a log call: what `logging` gives a meaning, and what is a field."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NamedTuple

from areion_logger._entry import STANDARD, ExcInfo
from areion_logger._values import safe_repr

_OPTIONS = frozenset({"exc_info", "stack_info", "stacklevel", "extra"})


class Keywords(NamedTuple):
    """The keywords of one call.

    Attributes:
        fields: What is in `extra`, and all that is no option.
        exc_info: The exception, if one is to be written.
        stack_info: Whether the stack of the call is to be written.
        stacklevel: How many frames further out the call is to be attributed.
    """

    fields: dict[str, object]
    exc_info: ExcInfo | None
    stack_info: bool
    stacklevel: int


def split_keywords(kwargs: Mapping[str, object]) -> Keywords:
    """Sort the keywords of a call; nothing that a caller may have passed raises."""
    stacklevel = kwargs.get("stacklevel", 1)
    return Keywords(
        _fields(kwargs),
        _exc_info(kwargs.get("exc_info")),
        bool(kwargs.get("stack_info", False)),
        stacklevel if type(stacklevel) is int else 1,
    )


def _exc_info(given: object) -> ExcInfo | None:
    """Return the exception that `exc_info` means: one, its triple, or by `True` the one being handled."""
    if isinstance(given, BaseException):
        return type(given), given, given.__traceback__
    if not given:
        return None
    if isinstance(given, tuple) and len(given) == 3:
        return given
    return sys.exc_info()


def _fields(kwargs: Mapping[str, object]) -> dict[str, object]:
    """Return the fields; `name` and its like, which `logging` refuses, get a trailing underscore."""
    extra = kwargs.get("extra")
    fields: dict[str, object] = {}
    if isinstance(extra, Mapping):
        for key, value in extra.items():
            fields[key if type(key) is str else safe_repr(key)] = value
    elif extra is not None:
        fields["extra"] = extra
    fields.update((key, value) for key, value in kwargs.items() if key not in _OPTIONS)
    clashes = STANDARD & fields.keys()
    if not clashes:
        return fields
    return {f"{key}_" if key in clashes else key: value for key, value in fields.items()}
