"""Converters: how the text of one path segment becomes a value, and back.

Strategy: a converter is data (a pattern, a function each way), so that documentation generators can read it.
Built-in ones are listed here, and are never replaced; names that applications add live in a
`ConverterRegistry`. Nothing here knows about routes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Converter:
    r"""How one segment of a path is recognised, parsed and written.

    Args:
        regex: What the whole percent-decoded segment must match (`re.fullmatch`).
        parse: Turns the matched text into the handler's value. `ValueError` means that the text is
            no valid value after all, so the route does not match; any other exception is a bug and is let
            through.
        format: Turns a value into the text of a segment, for `url_for`. What it returns must match `regex`.
        rank: Where several typed parameters share one position, lower ranks are tried first, and equal ranks
            in order of registration. The built-ins have 10 (int), 20 (uuid) and 30 (float).
        examples: Texts that match. They make `unreachable_routes()` and generated documentation better.
        name: The name in patterns, `:param<name>`. Set when the converter is registered.

    Example:
        >>> from datetime import date
        >>> day = Converter(regex=r"\d{4}-\d\d-\d\d", parse=date.fromisoformat, format=str)
        >>> day.read("2024-02-29")
        datetime.date(2024, 2, 29)
    """

    regex: str
    parse: Callable[[str], Any] = str
    format: Callable[[Any], str] = str
    rank: int = 0
    examples: tuple[str, ...] = ()
    name: str = ""
    fullmatch: Callable[[str], re.Match[str] | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fullmatch", re.compile(self.regex).fullmatch)

    def read(self, text: str) -> Any:
        """The value that a decoded segment stands for.

        Raises:
            ValueError: The text is not a valid value.
        """
        if self.fullmatch(text) is None:
            raise ValueError(f"{text!r} does not match {self.regex!r}")
        return self.parse(text)

    def write(self, value: Any) -> str:
        """The text of the segment that stands for a value, so that `read` gives it back.

        A str that `format` refuses is taken as text already in the converter's form.

        Raises:
            ValueError: The value has no text that this converter reads.
        """
        try:
            text = self._format_or_keep(value)
            self.read(text)
        except (TypeError, ValueError) as error:
            kind = self.name or "converted"
            raise ValueError(f"{value!r} is no value for a {kind} segment: {error}") from error
        return text

    def _format_or_keep(self, value: Any) -> str:
        try:
            return self.format(value)
        except (TypeError, ValueError):
            if isinstance(value, str):
                return value
            raise


def _format_int(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"expected an int, got {type(value).__name__} ({value!r})")
    return str(value)


def _parse_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text!r} is beyond the range of float")
    return value


def _format_float(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"expected a float, got {type(value).__name__} ({value!r})")
    return repr(float(value))


def _parse_uuid(text: str) -> Any:
    import uuid  # only for those who use it: it is as heavy as the rest of this package

    return uuid.UUID(text)


INT = Converter(
    name="int",
    # Canonical decimal only, so that one number has one URL: no plus sign, no leading zeros, ASCII digits.
    regex=r"0|-?[1-9][0-9]*",
    parse=int,
    format=_format_int,
    rank=10,
    examples=("0", "-1", "1234567890123456789"),
)
UUID = Converter(
    name="uuid",
    regex=r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",  # RFC 9562, section 4: either case is read
    parse=_parse_uuid,
    rank=20,
    examples=("f81d4fae-7dec-11d0-a765-00a0c91e6bf6",),
)
FLOAT = Converter(
    name="float",
    regex=r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?",  # JSON's numbers: no nan, no infinity
    parse=_parse_float,
    format=_format_float,
    rank=30,
    examples=("0.5", "-12.75e+100"),
)
# What a plain `:name` is, too. DOTALL: a decoded segment may hold a line feed.
STR = Converter(name="str", regex=r"(?s:.+)", rank=1_000, examples=("~", "a-b_c", "Ω 7", "A1"))
# What a catch-all `*name` is: decoded segments joined by "/".
PATH = Converter(
    name="path", regex=r"(?s:[^/]+(?:/[^/]+)*)", rank=1_000, examples=("~", "Ω 7/a-b_c/A1", "~/~")
)

BUILT_IN: Mapping[str, Converter] = {converter.name: converter for converter in (INT, UUID, FLOAT, STR)}


def as_converter(name: str, candidate: Any) -> Converter:
    """Make a named `Converter` of one, or of any object or class with `regex`, `parse` and `format`.

    Raises:
        TypeError: An attribute is missing or of the wrong type.
        ValueError: The name or the regular expression is not valid.
    """
    if not isinstance(name, str):
        raise TypeError(f"converter name: expected str, got {type(name).__name__} ({name!r})")
    if not name.isidentifier():
        raise ValueError(f"converter name {name!r}: expected an identifier, as 'slug' in ':id<slug>'")
    if isinstance(candidate, Converter):
        return replace(candidate, name=name)
    if isinstance(candidate, type):
        candidate = candidate()
    regex = getattr(candidate, "regex", None)
    regex = regex.pattern if isinstance(regex, re.Pattern) else regex
    parse, format_ = getattr(candidate, "parse", None), getattr(candidate, "format", None)
    if not isinstance(regex, str) or not callable(parse) or not callable(format_):
        raise TypeError(
            f"converter {name!r}: expected a Converter, or an object with a str 'regex' and callables "
            f"'parse' and 'format', got {candidate!r}"
        )
    try:
        return Converter(
            regex=regex,
            parse=parse,
            format=format_,
            rank=getattr(candidate, "rank", 0),
            examples=tuple(getattr(candidate, "examples", ())),
            name=name,
        )
    except re.error as error:
        raise ValueError(f"converter {name!r}: regex {regex!r} is not valid: {error}") from error


class ConverterRegistry:
    """Converters by name: its own, then those of the registry it extends, then the built-in ones."""

    __slots__ = ("_own", "_parent")

    def __init__(self, parent: ConverterRegistry | None = None) -> None:
        self._own: dict[str, Converter] = {}
        self._parent = parent

    def add(self, name: str, converter: Any) -> None:
        """Register a converter; registering an equal one again changes nothing.

        Raises:
            ValueError: The name already stands for another converter.
        """
        new = as_converter(name, converter)
        old = self.find(name)
        if old is not None and old != new:
            raise ValueError(
                f"converter {name!r} is already registered as {old!r}; choose another name for {new!r}"
            )
        self._own[name] = new

    def find(self, name: str) -> Converter | None:
        """The converter of that name, or `None`."""
        found = self._own.get(name)
        if found is not None:
            return found
        return BUILT_IN.get(name) if self._parent is None else self._parent.find(name)

    def __iter__(self) -> Iterator[str]:
        """All names that `find` knows."""
        yield from dict.fromkeys((*(BUILT_IN if self._parent is None else self._parent), *self._own))


GLOBAL_CONVERTERS = ConverterRegistry()


def register_converter(name: str, converter: Any) -> None:
    r"""Make a converter known to every router, for patterns parsed from now on.

    Args:
        name: The name for patterns: `:param<name>`.
        converter: A `Converter`, or any object or class with `regex`, `parse` and `format`.

    Raises:
        TypeError: The converter lacks something.
        ValueError: The name is taken by another converter, or is not an identifier.
    """
    GLOBAL_CONVERTERS.add(name, converter)
