"""What a client sends to an operation: path parameters, query parameters, the request body.

The rule for what is not in the path, kept from the predecessor: a parameter that the docstring describes is
a property of the request body for POST, PUT and PATCH, and a query parameter for all other methods. An
annotated parameter of the handler counts as described, if its type can travel as JSON and its name is not
private. It is a declaration only, as in the predecessor's examples: nothing but path parameters is passed, and the
handler reads the rest from its request. Types come from annotations first, then from the docstring.
"""

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from areion_http import UploadedFile

from areion.dev._converters import converter_schema, is_plain
from areion.dev._defaults import fits
from areion.dev._records import record_of
from areion.dev.annotations import Scope, Unknown, resolve
from areion.dev.docstrings import DocItem
from areion.dev.handlers import Handler
from areion.dev.jsonable import NOTHING, jsonable
from areion.dev.paths import PathTemplate
from areion.dev.schema import Schema, SchemaBuilder
from areion.dev.typetext import annotation_of

BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})

# Longer than any default that somebody wrote into a docstring.
_MAX_DEFAULT_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Input:
    """One named value that the client may send.

    Attributes:
        name: Its name on the wire.
        schema: Its schema, with the default in it.
        required: Whether it must be sent.
        description: CommonMark; may be empty.
        annotation: Its type, as far as it is known.
    """

    name: str
    schema: Schema
    required: bool
    description: str
    annotation: object = Unknown


def path_parameters(template: PathTemplate, handler: Handler, schemas: SchemaBuilder) -> list[dict[str, Any]]:
    """The parameter objects of the path, in the order of the path."""
    found = []
    for segment in template.params:
        schema = _path_schema(segment.converter, _annotation(segment.name, handler), handler.scope, schemas)
        said = handler.doc.params.get(segment.name)
        text = said.description if said else ""
        if segment.catch_all:
            text = f"{text}\n\n".lstrip() + "The rest of the path; it may contain slashes."
        found.append(_parameter(Input(segment.label, schema, True, text), "path"))
    return found


def query_parameters(inputs: list[Input]) -> list[dict[str, Any]]:
    """The parameter objects of the query string."""
    return [_parameter(one, "query") for one in inputs]


def request_body(inputs: list[Input], handler: Handler) -> dict[str, Any] | None:
    """The request body object, or None if no input is described.

    A single input that is a class with fields, also an optional or generic one, is the body itself; otherwise each
    input is a property of it.
    Bytes and uploaded files travel as multipart/form-data, everything else as JSON.
    """
    if not inputs:
        return None
    meaning = resolve(inputs[0].annotation, handler.scope)
    if len(inputs) == 1 and _is_record(meaning):
        one = inputs[0]
        described = {"description": one.description} if one.description else {}
        return {
            **described,
            "content": {"application/json": {"schema": one.schema}},
            "required": one.required,
        }
    properties = {}
    for one in inputs:
        text = {"description": one.description} if one.description else {}
        properties[one.name] = {**one.schema, **text}
    required = [one.name for one in inputs if one.required]
    schema: Schema = {
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
    }
    media_type = "multipart/form-data" if any(_is_file(one.schema) for one in inputs) else "application/json"
    return {"content": {media_type: {"schema": schema}}, "required": bool(required)}


def _is_record(meaning: object) -> bool:
    """Whether a type is a class with fields, also an optional or a parametrised one."""
    if get_origin(meaning) in (Union, UnionType):
        members = [each for each in get_args(meaning) if each is not NoneType]
        return len(members) == 1 and _is_record(members[0])
    kind = get_origin(meaning) or meaning
    return isinstance(kind, type) and record_of(kind) is not None


def other_inputs(template: PathTemplate, handler: Handler, schemas: SchemaBuilder) -> list[Input]:
    """The inputs that are not in the path: the docstring's in its order, then those only in the signature."""
    in_path = {segment.name for segment in template.params}
    skipped = in_path | {handler.request, "self", "cls"}
    described = {name: item for name, item in handler.doc.params.items() if name not in skipped}
    annotated = {
        name: DocItem(name)
        for name, parameter in handler.parameters.items()
        if name not in skipped
        and name not in described
        and not name.startswith("_")
        and parameter.annotation is not parameter.empty
        and schemas.travels(_file_or(parameter.annotation, handler.scope), handler.scope)
    }
    return [_input(item, handler, schemas) for item in (*described.values(), *annotated.values())]


def _input(item: DocItem, handler: Handler, schemas: SchemaBuilder) -> Input:
    annotation = _annotation(item.name, handler)
    parameter = handler.parameters.get(item.name)
    schema = _file_schema(annotation, handler.scope) or schemas.schema(annotation, handler.scope)
    if not schema:
        schema = {"type": "string"} if item.type else {}
    default = NOTHING if parameter is None else _default_of(parameter)
    has_default = parameter is not None and parameter.default is not parameter.empty
    if default is NOTHING and item.default is not None:
        default = _read_default(item.default, schema)
    if default is not NOTHING and default is not None and fits(default, schema, schemas.components):
        schema = {**schema, "default": default}
    nullable = {"type": "null"} in schema.get("anyOf", ()) or NoneType in get_args(annotation)
    required = not (item.optional or has_default or nullable)
    return Input(item.name, schema, required, item.description or schema.get("description", ""), annotation)


def _annotation(name: str, handler: Handler) -> object:
    """The type of a parameter: its annotation, or else what the docstring says."""
    parameter = handler.parameters.get(name)
    if parameter is not None and parameter.annotation is not parameter.empty:
        return resolve(parameter.annotation, handler.scope)
    said = handler.doc.params.get(name)
    return annotation_of(said.type, handler.scope) if said else Unknown


def _path_schema(converter: object, annotation: object, scope: Scope, schemas: SchemaBuilder) -> Schema:
    """A typed converter decides what is accepted; an annotation of the same type may say more."""
    wire, said = converter_schema(converter, schemas), schemas.schema(annotation, scope)
    if said and is_plain(converter):
        return said
    return {**wire, **said} if said.get("type") == wire.get("type") else wire


def _parameter(one: Input, place: str) -> dict[str, Any]:
    schema = {key: value for key, value in one.schema.items() if key != "description"}
    return {
        "name": one.name,
        "in": place,
        **({"required": True} if one.required else {}),
        **({"description": text} if (text := one.description or one.schema.get("description", "")) else {}),
        "schema": schema or {"type": "string"},
    }


def _file_or(annotation: object, scope: Scope) -> object:
    return bytes if _file_schema(annotation, scope) else annotation


def _file_schema(annotation: object, scope: Scope) -> Schema | None:
    """Bytes and uploaded files are parts of a form, not values of JSON."""
    meaning = resolve(annotation, scope)
    if meaning is bytes or meaning is UploadedFile:
        return {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    members = [each for each in get_args(meaning) if each not in (NoneType, ...)]
    part = _file_schema(members[0], scope) if len(members) == 1 else None
    if part is None or get_origin(meaning) in (Union, UnionType):
        return part  # optional: a part that may be left out
    return {"type": "array", "items": part}


def _is_file(schema: Mapping[str, Any]) -> bool:
    return "binary" in (schema.get("format"), schema.get("items", {}).get("format"))


def _default_of(parameter: inspect.Parameter) -> object:
    return NOTHING if parameter.default is parameter.empty else jsonable(parameter.default)


def _read_default(text: str, schema: Mapping[str, Any]) -> object:
    """A default written in a docstring: a value of Python or JSON, or bare text where text is wanted."""
    text = text.strip()
    if len(text) > _MAX_DEFAULT_LENGTH:
        return NOTHING
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    try:
        value = json.loads({"True": "true", "False": "false", "None": "null"}.get(text, text))
    except (ValueError, RecursionError):
        return text if schema.get("type", "string") == "string" else NOTHING
    if schema.get("type") == "string" and not isinstance(value, str):
        return NOTHING if value is None else text
    return jsonable(value)
