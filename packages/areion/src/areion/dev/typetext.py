"""Types as docstrings write them → annotations: `int`, `list of int`, `str or None`, `{'a', 'b'}`.

Strategy: a recursive descent over a handful of tokens. A docstring is text, so it is never evaluated: its
names are looked up in a table, and among the classes that the handler's module knows. A text of another form
means `Unknown`. What a type looks like in JSON is not this module's matter.
"""

import datetime as dt
import decimal
import pathlib
import re
import uuid
from types import NoneType
from typing import Any, Final, Literal, TypeAlias, Union, get_origin

from areion.dev.annotations import Scope, Unknown, is_unknown

_NAMES: Final[dict[str, object]] = {
    **dict.fromkeys(("str", "string", "text", "unicode"), str),
    **dict.fromkeys(("int", "integer"), int),
    **dict.fromkeys(("float", "number", "double"), float),
    **dict.fromkeys(("bool", "boolean"), bool),
    **dict.fromkeys(("bytes", "bytearray", "binary", "file"), bytes),
    **dict.fromkeys(("list", "array", "sequence", "iterable", "collection"), list),
    **dict.fromkeys(("set", "frozenset"), set),
    "tuple": tuple,
    **dict.fromkeys(("dict", "dictionary", "mapping", "mutablemapping", "object"), dict),
    **dict.fromkeys(("none", "nonetype", "null"), NoneType),
    "any": Any,
    "datetime": dt.datetime,
    "date": dt.date,
    "time": dt.time,
    "timedelta": dt.timedelta,
    "uuid": uuid.UUID,
    "decimal": decimal.Decimal,
    "path": pathlib.Path,
}

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<name>[^\W\d][\w.]*)|(?P<text>\"[^\"]*\"|'[^']*')|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<dots>\.\.\.)|(?P<mark>[\[\]{}(),|]))"
)
# Longer and deeper than types that people write by hand; bounds for what is not a type at all.
MAX_LENGTH: Final = 500
MAX_DEPTH: Final = 20

_Token: TypeAlias = tuple[str, str]


class _NotATypeError(ValueError):
    """The text does not have the form of a type."""


def annotation_of(text: str | None, scope: Scope) -> object:
    """The annotation that a docstring's type stands for; `Unknown` if it stands for none.

    >>> annotation_of("list of int or None", Scope()) == (list[int] | None)
    True
    """
    if not text or len(text) > MAX_LENGTH:
        return Unknown
    try:
        return _Reader(_tokens(text), scope).whole()
    except _NotATypeError:
        return Unknown


def _tokens(text: str) -> list[_Token]:
    tokens, at, end = [], 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise _NotATypeError(text)
        tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
        at = found.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[_Token], scope: Scope) -> None:
        self._tokens = tokens
        self._scope = scope
        self._at = 0
        self._depth = 0

    def whole(self) -> object:
        found = self._union()
        if self._at < len(self._tokens):
            raise _NotATypeError(self._tokens[self._at])
        return found

    def _next(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self, *wanted: str) -> bool:
        if self._next() in wanted and self._at < len(self._tokens):
            self._at += 1
            return True
        return False

    def _expect(self, wanted: str) -> None:
        if not self._take(wanted):
            raise _NotATypeError(f"expected {wanted}, got {self._next()!r}")

    def _union(self) -> object:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _NotATypeError("too deep")
        members = [self._one()]
        while self._take("|", "or"):
            members.append(self._one())
        self._depth -= 1
        return _union(members)

    def _one(self) -> object:
        if self._at == len(self._tokens):
            raise _NotATypeError("a type is missing")
        kind, text = self._tokens[self._at]
        if kind == "name":
            return self._named()
        if kind != "mark":
            return Literal[self._literal()]
        self._at += 1
        if text == "{":
            return self._choices("}")
        if text == "(":
            found = self._union()
            self._expect(")")
            return found
        raise _NotATypeError(text)

    def _literal(self) -> Any:
        if self._at == len(self._tokens):
            raise _NotATypeError("a value is missing")
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return text[1:-1]
        if kind == "number":
            return float(text) if "." in text else int(text)
        if text in ("True", "False", "None"):
            return {"True": True, "False": False, "None": None}[text]
        raise _NotATypeError(text)

    def _choices(self, end: str) -> object:
        values = [self._literal()]
        while self._take(","):
            values.append(self._literal())
        self._expect(end)
        return Literal[tuple(values)]

    def _named(self) -> object:
        name = self._next()
        self._at += 1
        plain = name.rpartition(".")[2].lower()
        if plain == "literal" and self._take("["):
            return self._choices("]")
        if plain in ("list", "array", "sequence", "set", "tuple", "iterable") and self._take("of"):
            return _subscribed(self._look_up(name), [self._one()])
        if not self._take("["):
            return self._look_up(name)
        args = [self._union()]
        while self._take(","):
            args.append(... if self._take("...") else self._union())
        self._expect("]")
        if plain == "optional":
            return _union([*args, NoneType])
        if plain == "union":
            return _union(args)
        return _subscribed(self._look_up(name), args)

    def _look_up(self, name: str) -> object:
        """A class that the handler's module knows by this name, or else one of the table."""
        first, *rest = name.split(".")
        found = self._scope.locals.get(first, self._scope.globals.get(first))
        for part in rest:
            found = getattr(found, part, None)
        if isinstance(found, type) or get_origin(found) is not None:
            return found
        return _NAMES.get(name.rpartition(".")[2].lower(), Unknown)


def _union(members: list[object]) -> object:
    if any(is_unknown(member) for member in members):
        return Unknown
    return Union[tuple(members)]  # noqa: UP007 - made at run time


def _subscribed(cls: object, args: list[object]) -> object:
    if any(is_unknown(one) for one in args):
        return cls
    if cls in (list, set) and len(args) != 1:
        return cls
    if cls is dict and len(args) != 2:
        return cls
    subscribe = getattr(cls, "__class_getitem__", None)
    if subscribe is None:
        return Unknown
    try:
        found: object = subscribe(tuple(args) if len(args) > 1 else args[0])
    except TypeError:  # a generic class with another number of parameters
        return Unknown
    return found
