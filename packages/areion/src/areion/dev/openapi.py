"""Routes → an OpenAPI 3.1 document.

Strategy: each route is read into operations, one for each method; operations whose paths have one shape share
a path item. The document depends on the routes alone, so the same application gives the same bytes. What a
client sends is told by `_inputs`, what it gets by `_outcomes`, how types look by `schema`; here they are put
together. Nothing here serves anything.
"""

import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from areion.dev._inputs import BODY_METHODS, other_inputs, path_parameters, query_parameters, request_body
from areion.dev._outcomes import responses_of
from areion.dev.annotations import Scope
from areion.dev.handlers import Handler, inspect_handler
from areion.dev.jsonable import NOTHING, jsonable
from areion.dev.paths import PathTemplate, path_template
from areion.dev.schema import SchemaBuilder

Document = dict[str, Any]

OPENAPI_VERSION: Final = "3.1.0"

# The methods that a path item of OpenAPI 3.1 has a field for.
_METHODS: Final = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")


def build_openapi(
    routes: Iterable[Any],
    *,
    title: str,
    version: str,
    description: str | None = None,
    servers: Sequence[str | Mapping[str, Any]] = (),
    tags: Sequence[Mapping[str, Any]] = (),
    info: Mapping[str, Any] | None = None,
    security_schemes: Mapping[str, Any] | None = None,
) -> Document:
    """Describe an application's routes.

    Args:
        routes: What the router's `routes` gives: objects with `path`, `methods`, `handler` and, if they have
            more to say, `name`, `params` (name → converter) and `options`. The options that matter here:
            `summary`, `description`, `tags`, `responses`, `deprecated`, `include_in_schema`, `operation_id`,
            `request_body`, and `openapi` (fields of the operation object, put over everything else).
        title: The application's name.
        version: The application's version.
        description: What it is for, as CommonMark.
        servers: Base addresses, or server objects of OpenAPI. None: the address the document came from.
        tags: Tag objects, which give the order and the descriptions of tags.
        info: More fields of the info object (`contact`, `license`, `summary`, `termsOfService`).
        security_schemes: Name → security scheme object.

    Returns:
        The document, made of JSON values only. The same routes give the same document.

    Raises:
        ValueError: If two routes were given one `operation_id`, or a `responses` key is no status code.
    """
    paths = _Paths()
    for route in routes:
        if _options(route).get("include_in_schema", True):
            paths.add(route)
    paths.schemas.settle_defaults()
    document: Document = {
        "openapi": OPENAPI_VERSION,
        "info": {"title": title, "version": version, **({"description": description} if description else {})},
    }
    document["info"].update(info or {})
    if servers:
        document["servers"] = [{"url": one} if isinstance(one, str) else dict(one) for one in servers]
    document["paths"] = paths.items
    components: dict[str, Any] = {}
    if paths.schemas.components:
        components["schemas"] = dict(sorted(paths.schemas.components.items()))
    if security_schemes:
        components["securitySchemes"] = dict(security_schemes)
    if components:
        document["components"] = components
    listed = {one["name"] for one in tags}
    all_tags = [*map(dict, tags), *({"name": name} for name in paths.tags if name not in listed)]
    if all_tags:
        document["tags"] = all_tags
    return document


def dumps_openapi(document: Document) -> bytes:
    """The document as JSON in UTF-8, ending in a line feed; the same document gives the same bytes.

    Raises:
        TypeError: If an option of a route put something into the document that JSON cannot show.
        ValueError: If it put a number there that JSON cannot show.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=_shown)
    return (text + "\n").encode("utf-8", "replace")


def _shown(value: object) -> Any:
    found = jsonable(value)
    if found is NOTHING:
        raise TypeError(f"the OpenAPI document contains {value!r}, which is not a value of JSON")
    return found


def _options(route: Any) -> Mapping[str, Any]:
    return getattr(route, "options", None) or {}


@dataclass(slots=True)
class _Paths:
    """The path items, while they are being written."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)
    schemas: SchemaBuilder = field(default_factory=SchemaBuilder)
    _labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _ids: dict[str, str] = field(default_factory=dict)

    def add(self, route: Any) -> None:
        """Write the operations of one route."""
        template = path_template(route.path, getattr(route, "params", None))
        labels = self._labels.setdefault(template.shape, tuple(param.label for param in template.params))
        template = template.labelled(labels)
        item = self.items.setdefault(template.path, {})
        handler = inspect_handler(route.handler)
        for method in route.methods:
            try:
                operation = self._operation(route, method.upper(), template, handler)
            except ValueError as error:
                raise ValueError(f"{method} {route.path}: {error}") from error
            self.tags.update(dict.fromkeys(operation.get("tags", ())))
            _place(item, method.upper(), operation, route.path)

    def _operation(self, route: Any, method: str, template: PathTemplate, handler: Handler) -> dict[str, Any]:
        options = _options(route)
        doc = handler.doc
        operation: dict[str, Any] = {
            "tags": list(options.get("tags") or ()),
            "summary": options.get("summary", doc.summary),
            "description": options.get("description", doc.description),
            "operationId": self._operation_id(route, method, handler),
        }
        inputs = other_inputs(template, handler, self.schemas)
        in_body = method in BODY_METHODS
        parameters = path_parameters(template, handler, self.schemas)
        operation["parameters"] = parameters + ([] if in_body else query_parameters(inputs))
        derived = request_body(inputs, handler) if in_body else None
        operation["requestBody"] = self._chosen_body(options.get("request_body"), derived, handler.scope)
        operation["responses"] = responses_of(handler, options.get("responses") or {}, self.schemas)
        operation["deprecated"] = bool(options.get("deprecated", handler.deprecated))
        operation = {key: value for key, value in operation.items() if value}
        return {**operation, **(options.get("openapi") or {})}

    def _chosen_body(
        self, chosen: object, derived: dict[str, Any] | None, scope: Scope
    ) -> dict[str, Any] | None:
        """The route's `request_body`: a type, a schema, a request body object, or False for none."""
        if chosen is None:
            return derived
        if chosen is False:
            return None
        if isinstance(chosen, Mapping):
            if "content" in chosen or "$ref" in chosen:
                return dict(chosen)
            schema = dict(chosen)
        else:
            schema = self.schemas.schema(chosen, scope)
        return {"content": {"application/json": {"schema": schema}}, "required": True}

    def _operation_id(self, route: Any, method: str, handler: Handler) -> str:
        """The route's own id, or else one made of the route's or handler's name; unique in the document."""
        place = f"{method} {route.path}"
        given = _options(route).get("operation_id")
        named = getattr(route, "name", None) or ""
        own = handler.name if named in ("", "<lambda>") else named
        wished = given or re.sub(r"[^A-Za-z0-9_.-]+", "_", own)
        if given and given in self._ids and not self._ids[given].endswith(f" {route.path}"):
            raise ValueError(
                f"operation_id {given!r} is given to {self._ids[given]} already; it must be unique"
            )
        slug = re.sub(r"[^A-Za-z0-9]+", "_", route.path).strip("_") or "root"
        long = "_".join(filter(None, (wished, method.lower(), slug)))
        first = (wished, f"{wished}_{method.lower()}" if wished else "", long)
        candidates = itertools.chain(first, (f"{long}_{n}" for n in itertools.count(2)))
        chosen = next(one for one in candidates if one and one not in self._ids)
        self._ids[chosen] = place
        return chosen


def _place(item: dict[str, Any], method: str, operation: dict[str, Any], path: str) -> None:
    """Put an operation where OpenAPI has a place for it, and where it has none, under an extension.

    The router tells `/users/:id<int>` and `/users/:name` apart, OpenAPI cannot: the first is the operation,
    the others are told as its alternatives. Nor has OpenAPI 3.1 a place for methods that it does not know.
    """
    if method not in _METHODS:
        item.setdefault("x-areion-operations", {})[method] = operation
    elif method.lower() not in item:
        item[method.lower()] = operation
    else:
        item[method.lower()].setdefault("x-areion-alternatives", []).append({"path": path, **operation})
