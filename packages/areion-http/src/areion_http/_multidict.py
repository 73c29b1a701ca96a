"""A read-only dict of the last values that remembers all of them: query parameters and form fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn, Self, TypeVar

V = TypeVar("V")


class MultiDict(dict[str, V]):
    """Names with one or more values, in the order in which they came.

    As a dict it holds the **last** value of each name, so whatever takes a dict (JSON included) takes it.
    ``getall`` and ``pairs`` give what a dict cannot hold. It is read-only; ``dict(params)`` makes a plain
    copy.

    >>> params = MultiDict([("tag", "a"), ("page", "2"), ("tag", "b")])
    >>> params["tag"], params.getall("tag"), params.get("none")
    ('b', ['a', 'b'], None)

    Args:
        pairs: Names and values in order.
    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[str, V]] = ()) -> None:
        self._pairs = tuple(pairs)
        super().__init__(self._pairs)

    def getall(self, name: str) -> list[V]:
        """Return every value of ``name`` in order; an empty list if there is none."""
        if name not in self:
            return []
        return [value for key, value in self._pairs if key == name]

    def pairs(self) -> tuple[tuple[str, V], ...]:
        """Return all (name, value) pairs in order, repeated names included."""
        return self._pairs

    def __eq__(self, other: object) -> bool:
        if isinstance(other, MultiDict):
            return self._pairs == other._pairs
        return dict.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # as dict

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self._pairs)!r})"

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[tuple[str, V], ...]]]:
        return type(self), (self._pairs,)

    def copy(self) -> Self:
        """Return an equal one."""
        return type(self)(self._pairs)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is read-only; change a copy: dict(…)")

    __setitem__ = _refuse
    __delitem__ = _refuse
    __ior__ = _refuse
    clear = _refuse
    pop = _refuse
    popitem = _refuse
    setdefault = _refuse
    update = _refuse
