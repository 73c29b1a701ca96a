"""Header fields as a mapping: case-insensitive, ordered, multi-valued (RFC 9110 §5).

Pairs are kept as they were given; look-ups compare lower-case names. Everything that enters is checked,
so that nothing which leaves can split a message in two.
"""

from __future__ import annotations

import re
from collections.abc import ItemsView, Iterable, Iterator, Mapping, MutableMapping, ValuesView
from typing import Any, Final, TypeAlias

# RFC 9110 §5.6.2, tchar.
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
# RFC 9110 §5.5: visible characters, space, tab and obs-text; no other control may be sent.
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")

HeadersInit: TypeAlias = "Mapping[str, str] | Iterable[tuple[str, str]]"


def check_name(name: object) -> str:
    """Return ``name`` if it is a field name (a token, RFC 9110 §5.6.2).

    Raises:
        ValueError: If it is not a str of token characters.
    """
    if not isinstance(name, str) or _NAME.match(name) is None:
        raise ValueError(f"header name: expected a token (RFC 9110 §5.6.2), got {name!r}")
    return name


def check_value(name: str, value: object) -> str:
    """Return ``value`` as the text of a field value.

    Numbers become their decimal text; surrounding blanks are removed, as every recipient would do.

    Raises:
        ValueError: If it holds CR, LF, NUL or another control character, or a character outside Latin-1.
    """
    if type(value) is not str:
        if not isinstance(value, (str, int, float)) or isinstance(value, bool):
            raise ValueError(f"header {name}: expected a str or a number, got {value!r}")
        value = str(value)
    if _VALUE.match(value) is None:
        raise ValueError(
            f"header {name}: CR, LF, NUL, other controls and characters outside Latin-1 "
            f"may not stand in a field value (RFC 9110 §5.5), got {value!r}"
        )
    return value.strip(" \t")


class Headers(MutableMapping[str, str]):
    """Header fields in order; names are compared without regard to case.

    ``headers[name]`` gives the first value, ``getall(name)`` all of them, ``add`` appends another one,
    ``headers[name] = value`` replaces. Iterating gives each name once, ``items()`` every pair.

    >>> h = Headers({"Content-Type": "text/plain"})
    >>> h.add("Set-Cookie", "a=1"); h.add("set-cookie", "b=2")
    >>> h["content-type"], h.getall("SET-COOKIE")
    ('text/plain', ['a=1', 'b=2'])

    Args:
        fields: A mapping, or pairs of name and value; it is copied, never kept.

    Raises:
        TypeError: If it is neither.
        ValueError: If a name is not a token or a value could break the message.
    """

    __slots__ = ("_pairs",)

    def __init__(self, fields: HeadersInit | None = None) -> None:
        self._pairs: list[tuple[str, str]] = []
        if fields is not None:
            for name, value in fields.items() if isinstance(fields, Mapping) else _checked_pairs(fields):
                self.add(name, value)

    @classmethod
    def trusted(cls, pairs: list[tuple[str, str]]) -> Headers:
        """Wrap pairs that a parser has already checked; the list is kept, not copied."""
        self = cls.__new__(cls)
        self._pairs = pairs
        return self

    def add(self, name: str, value: object) -> None:
        """Append a field, keeping those of the same name.

        Raises:
            ValueError: If the name or the value may not be sent.
        """
        self._pairs.append((check_name(name), check_value(name, value)))

    def getall(self, name: str) -> list[str]:
        """Return every value of ``name`` in order; an empty list if there is none."""
        key = name.lower()
        return [value for field, value in self._pairs if field.lower() == key]

    def pairs(self) -> list[tuple[str, str]]:
        """Return a new list of all (name, value) pairs in order."""
        return list(self._pairs)

    def copy(self) -> Headers:
        """Return an independent copy."""
        return Headers.trusted(list(self._pairs))

    def __getitem__(self, name: str) -> str:
        key = name.lower()
        for field, value in self._pairs:
            if field.lower() == key:
                return value
        raise KeyError(name)

    def __setitem__(self, name: str, value: object) -> None:
        pair = (check_name(name), check_value(name, value))
        key = name.lower()
        for index, (field, _) in enumerate(self._pairs):
            if field.lower() == key:
                self._pairs[index] = pair
                self._pairs[index + 1 :] = [p for p in self._pairs[index + 1 :] if p[0].lower() != key]
                return
        self._pairs.append(pair)

    def __delitem__(self, name: str) -> None:
        key = name.lower()
        kept = [pair for pair in self._pairs if pair[0].lower() != key]
        if len(kept) == len(self._pairs):
            raise KeyError(name)
        self._pairs[:] = kept

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        key = name.lower()
        return any(field.lower() == key for field, _ in self._pairs)

    def __iter__(self) -> Iterator[str]:
        seen: set[str] = set()
        for field, _ in self._pairs:
            key = field.lower()
            if key not in seen:
                seen.add(key)
                yield field

    def __len__(self) -> int:
        return len({field.lower() for field, _ in self._pairs})

    def items(self) -> ItemsView[str, str]:
        """Return a view of every (name, value) pair in order, repeated names included."""
        return _Pairs(self)

    def values(self) -> ValuesView[str]:
        """Return a view of every value in order, those of repeated names included."""
        return _Values(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            mine = [(field.lower(), value) for field, value in self._pairs]
            return mine == [(field.lower(), value) for field, value in other._pairs]
        if isinstance(other, Mapping):
            return self == Headers(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # mutable, as dict

    def __repr__(self) -> str:
        return f"Headers({self._pairs!r})"


def _checked_pairs(fields: Any) -> Iterator[tuple[Any, Any]]:
    """Yield pairs of names and values; refuse what has none."""
    if isinstance(fields, (str, bytes)) or not isinstance(fields, Iterable):
        raise TypeError(f"headers: expected a mapping, or pairs of name and value, got {fields!r}")
    for pair in fields:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"headers: expected pairs of name and value, got {pair!r}")
        yield pair[0], pair[1]


class _Pairs(ItemsView[str, str]):
    """All pairs of a Headers, where a plain ItemsView would repeat the first value."""

    _mapping: Headers

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._mapping._pairs)

    def __len__(self) -> int:
        return len(self._mapping._pairs)

    def __contains__(self, item: object) -> bool:
        return item in self._mapping._pairs


class _Values(ValuesView[str]):
    """All values of a Headers, in order."""

    _mapping: Headers

    def __iter__(self) -> Iterator[str]:
        return (value for _, value in self._mapping._pairs)

    def __len__(self) -> int:
        return len(self._mapping._pairs)

    def __contains__(self, value: object) -> bool:
        return any(value == kept for _, kept in self._mapping._pairs)
