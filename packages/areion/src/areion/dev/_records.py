"""Classes with fields → schemas: dataclasses, TypedDicts and named tuples.

Strategy: each kind is read into the same list of fields, and one function writes the schema. Fields are read
class by class along the bases, each in the scope of its own module, so that a string annotation that was
inherited is looked up where it was written.
"""

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NotRequired, Required, get_args, get_origin, is_typeddict

from areion.dev.annotations import Scope, raw_annotations, resolve, scope_of_class
from areion.dev.docstrings import parse_docstring
from areion.dev.jsonable import NOTHING, jsonable

_Reader = Callable[[type, Scope], "Iterator[RecordField]"]


@dataclass(frozen=True, slots=True)
class RecordField:
    """One field of a record.

    Attributes:
        name: Its key in JSON.
        annotation: Its type, as written.
        scope: Where names in the annotation are looked up.
        required: Whether it must be there.
        default: Its default, or `NOTHING`.
        description: What its author says about it in the field itself.
    """

    name: str
    annotation: object
    scope: Scope
    required: bool = True
    default: object = NOTHING
    description: str = ""


def record_of(cls: type) -> _Reader | None:
    """The reader for a class with fields, or None for a class without."""
    if dataclasses.is_dataclass(cls):
        return _dataclass_fields
    if is_typeddict(cls):
        return _typeddict_fields
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return _namedtuple_fields
    return None


def record_schema(
    cls: type, scope: Scope, schema: Callable[[object, Scope], dict[str, Any]]
) -> dict[str, Any]:
    """The schema of a class with fields; `schema` makes that of one field's type."""
    reader = record_of(cls)
    assert reader is not None, f"{cls} has no fields"
    doc = parse_docstring(_own_doc(cls))
    told = {**doc.params, **doc.attributes}
    fields = list(reader(cls, scope))
    properties: dict[str, Any] = {}
    for field in fields:
        one = properties[field.name] = schema(field.annotation, field.scope)
        text = field.description or (told[field.name].description if field.name in told else "")
        if text:
            one["description"] = text
        default = jsonable(field.default)
        if default is not NOTHING:
            one["default"] = default
    description = "\n\n".join(filter(None, (doc.summary, doc.description)))
    head = {"title": cls.__name__, **({"description": description} if description else {})}
    if issubclass(cls, tuple):
        return {**head, **_as_array(fields, properties)}
    required = [field.name for field in fields if field.required]
    return {
        **head,
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
    }


def _as_array(fields: list[RecordField], properties: dict[str, Any]) -> dict[str, Any]:
    """A named tuple travels as a tuple does: by position."""
    items = [{"title": name, **properties[name]} for name in properties]
    least = sum(1 for field in fields if field.required)
    return {"type": "array", "prefixItems": items, "minItems": least, "maxItems": len(items)}


def _own_doc(cls: type) -> str | None:
    """The docstring that somebody wrote: dataclasses and named tuples make one of their signature."""
    doc = cls.__dict__.get("__doc__")
    made = isinstance(doc, str) and doc.startswith(f"{cls.__name__}(") and doc.endswith(")")
    return doc if isinstance(doc, str) and not made else None


def _written(cls: type, scope: Scope) -> dict[str, tuple[object, Scope]]:
    """Each field's annotation as written, with the scope of the class that wrote it."""
    found: dict[str, tuple[object, Scope]] = {}
    for base in reversed(inspect.getmro(cls)):
        if base is not object:
            own = scope if base is cls else scope_of_class(base, scope.typevars)
            found.update({name: (annotation, own) for name, annotation in raw_annotations(base).items()})
    return found


def _dataclass_fields(cls: type, scope: Scope) -> Iterator[RecordField]:
    written = _written(cls, scope)
    for field in dataclasses.fields(cls):
        if field.name.startswith("_"):  # the JSON encoder leaves them out
            continue
        annotation, own = written.get(field.name, (field.type, scope))
        has_default = field.default is not dataclasses.MISSING
        text = field.metadata.get("description") or getattr(field, "doc", None)
        yield RecordField(
            name=field.name,
            annotation=annotation,
            scope=own,
            required=not has_default and field.default_factory is dataclasses.MISSING,
            default=field.default if has_default else NOTHING,
            description=text if isinstance(text, str) else "",
        )


def _typeddict_fields(cls: type, scope: Scope) -> Iterator[RecordField]:
    """The fields of a TypedDict.

    Its bases are gone at run time, so all annotations are its own. Under `from __future__ import annotations`
    its `__required_keys__` cannot see `NotRequired`, so the annotation itself is looked at.
    """
    for name, annotation in raw_annotations(cls).items():
        meaning = resolve(annotation, scope)
        required = name in getattr(cls, "__required_keys__", ())
        while get_origin(meaning) is not None:
            if get_origin(meaning) in (Required, NotRequired):
                required = get_origin(meaning) is Required
                break
            # Annotated[NotRequired[int], ...] and ReadOnly[NotRequired[int]]
            inner = get_args(meaning)[:1]
            if not inner or isinstance(get_origin(meaning), type):
                break
            meaning = inner[0]
        yield RecordField(name, annotation, scope, required)


def _namedtuple_fields(cls: type, scope: Scope) -> Iterator[RecordField]:
    written = _written(cls, scope)
    defaults: dict[str, object] = getattr(cls, "_field_defaults", {})
    for name in getattr(cls, "_fields", ()):
        annotation, own = written.get(name, (Any, scope))
        yield RecordField(name, annotation, own, name not in defaults, defaults.get(name, NOTHING))
