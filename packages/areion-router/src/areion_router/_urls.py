"""The way back: from a route's name and parameters to a URL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from areion_router._pattern import Kind, Segment, quote_segment
from areion_router._scope import Placement
from areion_router._source import function_name
from areion_router.errors import UrlBuildError


class UrlBuilder:
    """Builds URLs of the placements it was given.

    A name is the explicit one, else the function's; an explicit name goes before another route's function
    name.
    """

    __slots__ = ("_explicit", "_implicit")

    def __init__(self, placements: Iterable[Placement]) -> None:
        self._explicit: dict[str, list[Placement]] = {}
        self._implicit: dict[str, list[Placement]] = {}
        for placement in placements:
            name = placement.definition.name
            if name is not None:
                self._explicit.setdefault(name, []).append(placement)
                continue
            name = function_name(placement.definition.handler)
            if name is not None:
                self._implicit.setdefault(name, []).append(placement)

    def build(self, name: str, params: Mapping[str, Any]) -> str:
        """The path of a route, percent-encoded, with what its pattern does not take as the query.

        Raises:
            UrlBuildError: The name is unknown or ambiguous, or a parameter is missing or does not fit.
        """
        placement = self._find(name)
        remaining = dict(params)
        path = "".join(
            f"/{_write_segment(name, placement, segment, remaining)}"
            for segment in placement.pattern.segments
        )
        query = urlencode([item for item in remaining.items() if item[1] is not None], doseq=True)
        return (path or "/") + (f"?{query}" if query else "")

    def _find(self, name: str) -> Placement:
        found = self._explicit.get(name) or self._implicit.get(name)
        if not found:
            known = ", ".join(sorted({*self._explicit, *self._implicit})) or "none"
            raise UrlBuildError(name, f"no route has this name; known names: {known}")
        if len({placement.pattern.text for placement in found}) > 1:
            several = "; ".join(map(str, found))
            raise UrlBuildError(
                name, f"several routes have this name, give them their own by name=...: {several}"
            )
        return found[0]


def _write_segment(name: str, placement: Placement, segment: Segment, remaining: dict[str, Any]) -> str:
    if segment.converter is None:
        return quote_segment(segment.value)
    if segment.value not in remaining:
        raise UrlBuildError(name, f"missing the parameter {segment.value!r} of {placement.pattern.text}")
    value = remaining.pop(segment.value)
    if value is None:
        raise UrlBuildError(name, f"the parameter {segment.value!r} of {placement.pattern.text} is None")
    try:
        text = segment.converter.write(value)
        parts = text.split("/") if segment.kind is Kind.REST else [text]
        return "/".join(map(quote_segment, parts))
    except ValueError as error:
        raise UrlBuildError(
            name, f"the parameter {segment.value!r} of {placement.pattern.text}: {error}"
        ) from error
