"""Converters of the router → schemas of path parameters.

A converter is read by its attributes, as areion-router documents them: `name`, `regex`, `parse`, `examples`.
That of another router may have fewer, or be a name or a type; what is not known is a string.
"""

import re
import uuid
from typing import Any, Final

from areion.dev.annotations import Scope, function_of, resolve, scope_of_function, signature_of
from areion.dev.schema import Schema, SchemaBuilder

_BUILT_IN: Final[dict[str, object]] = {"int": int, "float": float, "uuid": uuid.UUID, "str": str, "path": str}

# JSON Schema has the patterns of ECMA 262: no inline flags, no named groups of Python's kind, no possessive
# quantifiers, no \A and \Z.
_PYTHON_ONLY: Final = re.compile(r"\(\?(?![:=!])|[*+?}]\+|\\[AZ]")


def is_plain(converter: object) -> bool:
    """Whether a converter takes any text, so that only the handler knows more."""
    return converter is str or getattr(converter, "name", converter) in ("str", "path")


def converter_schema(converter: Any, schemas: SchemaBuilder) -> Schema:
    """The schema of what a converter accepts."""
    name = converter if isinstance(converter, str) else getattr(converter, "name", None)
    if isinstance(name, str) and name in _BUILT_IN:
        return schemas.schema(_BUILT_IN[name], Scope())
    schema = schemas.schema(_parsed_type(converter), Scope()) or {"type": "string"}
    regex = getattr(converter, "regex", None)
    if schema.get("type") == "string" and isinstance(regex, str) and not _PYTHON_ONLY.search(regex):
        schema["pattern"] = f"^(?:{regex})$"
    examples = getattr(converter, "examples", ())
    if examples and isinstance(examples, tuple) and schema.get("type") == "string":
        schema["examples"] = list(examples)
    return schema


def _parsed_type(converter: Any) -> object:
    """What `parse` makes of the text: the class that it is or belongs to, or its return annotation."""
    parse = converter if isinstance(converter, type) else getattr(converter, "parse", None)
    if isinstance(parse, type):
        return parse
    owner = getattr(parse, "__self__", None)
    if isinstance(owner, type):  # date.fromisoformat
        return owner
    signature = signature_of(parse) if callable(parse) else None
    if signature is None or signature.return_annotation is signature.empty:
        return str
    return resolve(signature.return_annotation, scope_of_function(function_of(parse)))
