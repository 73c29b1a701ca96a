"""Router paths → OpenAPI path templates: `/users/:id<int>/files/*rest` → `/users/{id}/files/{rest}`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

# What RFC 3986 §3.3 permits in a segment, and the percent sign of what is encoded already.
_SEGMENT_SAFE: Final = "-._~!$&'()*+,;=:@%"


@dataclass(frozen=True, slots=True)
class PathParam:
    """One parameter of a path.

    Attributes:
        name: The handler's name for it.
        label: The document's name for it: operations on one path share their labels.
        converter: The router's converter, or its name.
        catch_all: Whether it takes the rest of the path.
    """

    name: str
    label: str
    converter: object = "str"
    catch_all: bool = False


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A path in OpenAPI's notation.

    Attributes:
        path: The template, such as `/users/{id}`.
        shape: The template without names: OpenAPI takes paths with one shape for identical.
        params: The parameters, in the order of the path.
    """

    path: str
    shape: str
    params: tuple[PathParam, ...] = ()

    def labelled(self, labels: tuple[str, ...]) -> "PathTemplate":
        """The same template with other names for its parameters."""
        parts = self.shape.split("{}")
        path = parts[0] + "".join(f"{{{label}}}{part}" for label, part in zip(labels, parts[1:], strict=True))
        params = tuple(
            PathParam(param.name, label, param.converter, param.catch_all)
            for param, label in zip(self.params, labels, strict=True)
        )
        return PathTemplate(path, self.shape, params)


def path_template(path: str, converters: Mapping[str, object] | None = None) -> PathTemplate:
    """Translate a router's path.

    Args:
        path: Segments are static, `:name`, `:name<converter>` or `*name`.
        converters: The converter of each parameter, where the router gives more than the name in the path.

    >>> path_template("/users/:id<int>/*rest").path
    '/users/{id}/{rest}'
    """
    known = converters or {}
    shape, params = [], []
    for segment in path.strip("/").split("/"):
        name, _, converter = segment[1:].partition("<")
        if segment[:1] in (":", "*") and name:
            kind = known.get(name) or converter.removesuffix(">") or "str"
            params.append(PathParam(name, name, kind, segment[0] == "*"))
            shape.append("{}")
        else:
            shape.append(quote(segment, safe=_SEGMENT_SAFE))
    template = PathTemplate("", "/" + "/".join(shape), tuple(params))
    return template.labelled(tuple(param.label for param in params))
