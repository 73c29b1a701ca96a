"""What a client gets from an operation: responses by status code.

Strategy: first what the handler says (its return annotation, `Returns:`, `Raises:`), then what the route's
`responses` option says, which wins; at last `default`, which stands for every error that nobody described.
"""

import collections.abc
import inspect
import types
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, Union, get_args, get_origin

from areion_http import errors

from areion.dev.annotations import Scope, Unknown, resolve
from areion.dev.docstrings import DocItem
from areion.dev.handlers import Handler
from areion.dev.schema import SchemaBuilder
from areion.dev.typetext import annotation_of

Responses = dict[str, dict[str, Any]]

ERROR_RESPONSE: Final = {"description": "An error; the status code says which, the body why."}

_LATER: Final = (collections.abc.Awaitable, collections.abc.Coroutine)
_STREAMS: Final = (
    collections.abc.Iterator,
    collections.abc.Generator,
    collections.abc.AsyncIterator,
    collections.abc.AsyncGenerator,
)


def responses_of(handler: Handler, overrides: Mapping[Any, Any], schemas: SchemaBuilder) -> Responses:
    """The responses object of an operation, in the order of the status codes, `default` last.

    Args:
        handler: What the handler says.
        overrides: The route's `responses`: status → a text, a type (its JSON), a response object of OpenAPI,
            or None for a status that must not be shown.
        schemas: Collects components.
    """
    success = _success(handler, schemas)
    found: Responses = _raised(handler)
    chosen = {_status(status): value for status, value in overrides.items()}
    if not any(status[0] in "23" and value is not None for status, value in chosen.items()):
        found["200"] = success
    for status, value in chosen.items():
        found.pop(status, None)
        if value is not None:
            body = success if status[0] == "2" else {}
            found[status] = _chosen(status, value, body, handler.scope, schemas)
    if chosen.get("default", ...) is not None:
        found.setdefault("default", dict(ERROR_RESPONSE))
    if not found:
        found["default"] = dict(ERROR_RESPONSE)
    return dict(sorted(found.items()))


def _status(status: object) -> str:
    """404, "404", HTTPStatus.NOT_FOUND, "4XX" or "default" as OpenAPI writes it."""
    text = str(int(status)) if isinstance(status, int) else str(status)
    if text == "default" or (
        len(text) == 3 and text[0] in "12345" and (text[1:].isdigit() or text[1:] in ("XX", "xx"))
    ):
        return text.upper() if text != "default" else text
    raise ValueError(f"responses: expected a status code from 100 to 599, '4XX' or 'default', got {status!r}")


def _chosen(
    status: str, value: object, body: dict[str, Any], scope: Scope, schemas: SchemaBuilder
) -> dict[str, Any]:
    """One response of the route's option."""
    if isinstance(value, Mapping):
        return {"description": _phrase(status), **value} if "$ref" not in value else dict(value)
    if isinstance(value, str):
        return {**body, "description": value}
    return {"description": _phrase(status), **_content(value, scope, schemas)}


def _phrase(status: str) -> str:
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:
        return {"default": "An error"}.get(status, f"Status {status}")


def _success(handler: Handler, schemas: SchemaBuilder) -> dict[str, Any]:
    said = handler.doc.returns or handler.doc.yields or DocItem("")
    annotation = resolve(handler.returns, handler.scope)
    if handler.returns is inspect.Parameter.empty:
        annotation = annotation_of(said.type, handler.scope)
    return {
        "description": said.description or "Successful response",
        **_content(annotation, handler.scope, schemas),
    }


def _content(annotation: object, scope: Scope, schemas: SchemaBuilder) -> dict[str, Any]:
    """The content of a response whose body is a value of a type; empty where the type does not say."""
    annotation = _without_responses(resolve(annotation, scope))
    origin = get_origin(annotation) or annotation
    if any(annotation is one for one in (None, types.NoneType)) or _is_response(annotation):
        return {}
    if origin in _LATER:
        return _content(get_args(annotation)[-1], scope, schemas) if get_args(annotation) else {}
    if annotation is bytes or origin in _STREAMS:
        return {"content": {"application/octet-stream": {}}}
    schema = schemas.schema(annotation, scope)
    if not schema:
        return {}
    media_type = "text/plain" if annotation is str else "application/json"
    return {"content": {media_type: {"schema": schema}}}


def _without_responses(annotation: object) -> object:
    """`Note | HttpResponse`: the response object says nothing about the body, the other member does."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    members = tuple(member for member in get_args(annotation) if not _is_response(member))
    return Union[members] if members else Unknown  # noqa: UP007 - made at run time


def _is_response(annotation: object) -> bool:
    return isinstance(annotation, type) and any(c.__name__ == "HttpResponse" for c in annotation.__mro__)


def _raised(handler: Handler) -> Responses:
    """The errors that the docstring names and that have a status code; other exceptions are a plain 500."""
    texts: dict[str, list[str]] = {}
    for item in handler.doc.raises:
        error = _error_class(item.name, handler.scope)
        status = getattr(error, "status_code", None)
        if isinstance(status, int) and 400 <= status <= 599:
            text = item.description or str(getattr(error, "message", "") or _phrase(str(status)))
            texts.setdefault(str(int(status)), []).append(text)
    return {status: {"description": "\n\n".join(dict.fromkeys(said))} for status, said in texts.items()}


def _error_class(name: str, scope: Scope) -> object:
    """The exception that a docstring names: of the handler's module, or one of the server's own."""
    first, *rest = name.split(".")
    found = scope.locals.get(first, scope.globals.get(first))
    for part in rest:
        found = getattr(found, part, None)
    return found if isinstance(found, type) else getattr(errors, name.rpartition(".")[2], None)
