"""Path patterns as written by people, and paths as sent by clients, split into segments.

Strategy: one rule for both sides. A path is split at "/", empty segments do not count, and each segment is
percent-decoded *after* splitting, so that `%2F` stays inside its segment (RFC 3986, section 2.2).
Octets that are not UTF-8 are decoded to U+FFFD. Nothing here knows about handlers.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote, unquote

from areion_router.converters import PATH, STR, Converter, ConverterRegistry
from areion_router.errors import PatternError

# RFC 3986, section 3.3: pchar without the percent sign; quote() always keeps the unreserved characters.
_PCHAR = "!$&'()*+,;=:@"
_PARAMETER = re.compile(r":(?P<name>[^<>]*)(?:<(?P<type>[^<>]*)>)?")


class Kind(enum.IntEnum):
    """What a segment of a pattern is; lower values are tried first."""

    STATIC = 0
    TYPED = 1
    PLAIN = 2
    REST = 3


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a pattern.

    Attributes:
        kind: What it matches.
        text: As written.
        value: The decoded text of a static segment, the name of a parameter.
        converter: How a parameter is read; `None` for a static segment.
    """

    kind: Kind
    text: str
    value: str
    converter: Converter | None = None

    @property
    def shape(self) -> Hashable:
        """What it matches, whatever the parameter is called."""
        if self.kind is Kind.STATIC:
            return self.value
        return (self.kind, self.converter)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A whole path pattern: its segments."""

    segments: tuple[Segment, ...] = ()

    @property
    def text(self) -> str:
        """The pattern in its one spelling: a slash before each segment, none after the last."""
        return "/" + "/".join(segment.text for segment in self.segments)

    @property
    def shape(self) -> Hashable:
        """Equal for patterns that match the same paths."""
        return tuple(segment.shape for segment in self.segments)

    @property
    def parameters(self) -> dict[str, Converter]:
        """The parameters in order."""
        return {
            segment.value: segment.converter for segment in self.segments if segment.converter is not None
        }

    def __add__(self, other: Pattern) -> Pattern:
        """One pattern below another.

        Raises:
            PatternError: A parameter occurs twice, or something follows a catch-all.
        """
        joined = Pattern(self.segments + other.segments)
        joined._check()
        return joined

    def _check(self) -> None:
        seen: set[str] = set()
        for index, segment in enumerate(self.segments, 1):
            if segment.kind is Kind.REST and index < len(self.segments):
                raise PatternError(self.text, f"the catch-all {segment.text!r} must be the last segment")
            if segment.converter is None:
                continue
            if segment.value in seen:
                raise PatternError(
                    self.text, f"the parameter {segment.value!r} occurs twice; rename one of them"
                )
            seen.add(segment.value)


def parse_pattern(text: str, converters: ConverterRegistry) -> Pattern:
    """Read a pattern: static segments, `:name`, `:name<type>` and a final `*name`.

    Raises:
        PatternError: With what is wrong and how to write it.
    """
    for mark in "?#":
        if mark in text:
            raise PatternError(
                text, f"{mark!r} is never part of a path; write '%{ord(mark):02X}' for a literal {mark!r}"
            )
    pattern = Pattern(tuple(_parse_segment(part, text, converters) for part in text.split("/") if part))
    pattern._check()
    return pattern


def _parse_segment(part: str, whole: str, converters: ConverterRegistry) -> Segment:
    if part[0] == "*":
        _check_name(part[1:], part, whole)
        return Segment(Kind.REST, part, part[1:], PATH)
    if part[0] == ":":
        return _parse_parameter(part, whole, converters)
    _refuse_foreign_syntax(part, whole)
    return Segment(Kind.STATIC, part, unquote(part))


def _parse_parameter(part: str, whole: str, converters: ConverterRegistry) -> Segment:
    found = _PARAMETER.fullmatch(part)
    if found is None:
        raise PatternError(whole, f"expected ':name' or ':name<type>', got {part!r}")
    name, type_name = found["name"], found["type"]
    _check_name(name, part, whole)
    if type_name is None:
        return Segment(Kind.PLAIN, part, name, STR)
    converter = converters.find(type_name)
    if converter is None:
        _refuse_type(type_name, part, whole, converters)
    return Segment(Kind.PLAIN if converter is STR else Kind.TYPED, part, name, converter)


def _refuse_type(type_name: str, part: str, whole: str, converters: ConverterRegistry) -> NoReturn:
    raise PatternError(
        whole,
        f"no converter named {type_name!r} in {part!r}; known: {', '.join(converters)}. "
        f"Register it first: router.register_converter({type_name!r}, ...)",
    )


def _check_name(name: str, part: str, whole: str) -> None:
    if not name.isidentifier():
        raise PatternError(
            whole,
            f"the name in {part!r} must be an identifier and take the whole segment, as in ':id'; "
            f"a literal segment that begins so is written '%{ord(part[0]):02X}...'",
        )


def _refuse_foreign_syntax(part: str, whole: str) -> None:
    for mark in "{}<>":
        if mark in part:
            raise PatternError(
                whole,
                f"{mark!r} in {part!r}: a parameter is written ':name' or ':name<type>', "
                f"a literal {mark!r} '%{ord(mark):02X}'",
            )


def split_path(path: str) -> list[str]:
    """The decoded, non-empty segments of a raw path, with an empty string before them.

    The leading empty string keeps positions the same as in a plain `path.split("/")`.
    A query, if there is one, is ignored.
    """
    path = path.partition("?")[0]
    return ["", *(unquote(part) if "%" in part else part for part in path.split("/") if part)]


def quote_segment(text: str) -> str:
    """Percent-encode what cannot stand in a path segment.

    Segments `.` and `..` are encoded too, so that fewer clients take them for navigation.

    Raises:
        UnicodeEncodeError: The text has lone surrogates, which UTF-8 does not have.
    """
    return text.replace(".", "%2E") if text in (".", "..") else quote(text, safe=_PCHAR)
