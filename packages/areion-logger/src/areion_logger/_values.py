"""Any Python value reduced to plain data that can be written later, by another thread, without surprise.

Strategy: text, numbers, booleans and None stay; containers are copied within bounds of depth and number; the
value types of the standard library become their usual text; everything else its `repr`. This happens in the
caller's thread, so what is written is what the value was when it was logged. It never raises. No layout here:
that is the formatters'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite

MAX_TEXT = 1024 * 1024
"""Characters kept of one text. A line longer than a megabyte helps nobody."""

_MAX_DEPTH = 8
"""Levels of nesting kept: enough for real data, and an end for a container that contains itself."""

_MAX_ITEMS = 1000
"""Items kept of one value in all. Logging a whole result set by mistake must not stop the program."""

_MAX_BITS = 1024
"""Bits of an int kept as a number: beyond some 14,000, Python refuses to write it in decimal."""

_TEXTUAL = frozenset({"decimal", "fractions", "ipaddress", "pathlib", "pathlib._local", "uuid", "zoneinfo"})
"""Modules of the standard library whose values are best known by `str`: 'a/b', not "PosixPath('a/b')"."""


def cut(text: str) -> str:
    """Return `text`, shortened to `MAX_TEXT` characters with a note of how many were left out."""
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}... ({len(text) - MAX_TEXT} more characters)"


def safe_repr(value: object) -> str:
    """Return `repr(value)`, or a note if that raises."""
    try:
        return cut(repr(value))
    except Exception as error:  # noqa: BLE001 - any class's __repr__ may raise anything
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"


def plain(value: object) -> object:
    """Return `value` as str, int, float, bool, None, or lists and dicts of these; see the module's strategy.

    Example:
        >>> plain({"ids": (1, 2), "ratio": float("nan")})
        {'ids': [1, 2], 'ratio': 'nan'}
    """
    # PERF: by far the most values are one of these, and need no traversal.
    if type(value) is str:
        return cut(value)
    if value is None or value is True or value is False:
        return value
    try:
        return _Copier().copy(value, _MAX_DEPTH)
    except Exception:  # noqa: BLE001 - iterating a foreign container may raise anything
        return safe_repr(value)


class _Copier:
    """One traversal of one value, with what is left of its budget of items."""

    def __init__(self) -> None:
        self.left = _MAX_ITEMS

    def copy(self, value: object, depth: int) -> object:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return cut(str.__str__(value))
        if isinstance(value, int):
            return int(value) if value.bit_length() <= _MAX_BITS else cut(hex(value))
        if isinstance(value, float):
            # JSON has no NaN and no infinity.
            return float(value) if isfinite(value) else float.__repr__(value)
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._sequence(value, depth)
        if type(value).__module__ == "datetime" and hasattr(value, "isoformat"):
            return str(value.isoformat())
        if type(value).__module__ in _TEXTUAL:
            return cut(str(value))
        return safe_repr(value)

    def _mapping(self, value: Mapping[object, object], depth: int) -> object:
        if depth == 0:
            return "{...}"
        result: dict[str, object] = {}
        for key, item in value.items():
            if self.left == 0:
                result["..."] = f"{len(value) - len(result)} more"
                break
            self.left -= 1
            result[key if type(key) is str else str(self.copy(key, 0))] = self.copy(item, depth - 1)
        return result

    def _sequence(self, value: Iterable[object], depth: int) -> object:
        if depth == 0:
            return "[...]"
        result: list[object] = []
        for item in value:
            if self.left == 0:
                result.append("...")
                break
            self.left -= 1
            result.append(self.copy(item, depth - 1))
        return result
