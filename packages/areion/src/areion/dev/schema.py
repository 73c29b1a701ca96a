"""Python types → JSON Schema 2020-12, the dialect of OpenAPI 3.1.

Strategy: a chain of small readers, from the special forms of `typing` over generic containers to plain
classes; the first that knows the annotation answers. Classes with fields, enumerations and recursive aliases
become components, named once and referred to by `$ref`, so that recursive types end. What no reader knows
gets the schema that permits everything, and a line at level DEBUG: a guess would be worse than nothing.

Schemas show what travels as JSON by areion-http's encoder. Routes and operations are not its matter.
"""

import enum
import inspect
import itertools
import re
import types
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    LiteralString,
    NewType,
    NotRequired,
    Required,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from areion.dev._defaults import fits
from areion.dev._records import record_of, record_schema
from areion.dev._scalars import CONSTRAINTS, container_schema, is_container, scalar_schema
from areion.dev.annotations import Scope, is_unknown, log, resolve, scope_of_class
from areion.dev.docstrings import parse_docstring
from areion.dev.jsonable import NOTHING, jsonable

Schema = dict[str, Any]

_TRANSPARENT: Final = (ClassVar, Final, NotRequired, Required)
_ANYTHING: Final = (Any, object, Callable, inspect.Parameter.empty)


class SchemaBuilder:
    """Turns annotations into schemas and collects the components that these refer to.

    >>> SchemaBuilder().schema(list[int] | None, Scope())
    {'anyOf': [{'type': 'array', 'items': {'type': 'integer'}}, {'type': 'null'}]}
    """

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._names: dict[Hashable, str] = {}

    def schema(self, annotation: object, scope: Scope) -> Schema:
        """The schema of what an annotation stands for.

        Args:
            annotation: A type, a special form, a string or a forward reference.
            scope: Where names in it are looked up.

        Returns:
            A schema of its own, which may be changed; `{}` for what is not known. Nothing raises.
        """
        annotation = resolve(annotation, scope)
        if is_unknown(annotation) or any(annotation is one for one in _ANYTHING):
            return {}
        if annotation is None or annotation is types.NoneType:
            return {"type": "null"}
        if annotation is LiteralString:
            return {"type": "string"}
        for reader in (self._variable, self._special_form, self._generic, self._plain_class):
            found = reader(annotation, scope)
            if found is not None:
                return found
        log.debug("%s: no schema for %r: not a type that travels as JSON", scope.owner, annotation)
        return {}

    def travels(self, annotation: object, scope: Scope) -> bool:
        """Whether the values of a type are known to travel as JSON; an application's service is not."""
        return bool(SchemaBuilder().schema(annotation, scope))

    def component(self, key: Hashable, name: str, build: Callable[[], Schema], qualifier: str) -> Schema:
        """A reference to a component, which is built the first time that its key is seen.

        Args:
            key: What the component stands for, such as the class.
            name: The name wished for.
            build: Makes the schema; it may refer to the component itself.
            qualifier: Goes before the name if the name alone is taken by something else.
        """
        if key not in self._names:
            self._names[key] = taken = self._free_name(name, qualifier)
            self.components[taken] = {}
            self.components[taken] = build()
        return {"$ref": f"#/components/schemas/{self._names[key]}"}

    def settle_defaults(self) -> None:
        """Take out the defaults that contradict their schemas; once all components are complete."""
        for component in self.components.values():
            properties = component.get("properties", {}).values()
            for schema in (*properties, *component.get("prefixItems", ())):
                if "default" in schema and not fits(schema["default"], schema, self.components):
                    del schema["default"]

    def _free_name(self, name: str, qualifier: str) -> str:
        plain, long = _component_name(name), _component_name(f"{qualifier}.{name}")
        candidates = itertools.chain((plain, long), (f"{long}_{n}" for n in itertools.count(2)))
        return next(candidate for candidate in candidates if candidate not in self.components)

    def _variable(self, annotation: object, scope: Scope) -> Schema | None:
        """Names that stand for other types: TypeVar, NewType, `type X = ...`."""
        if isinstance(annotation, TypeVar):
            if annotation in scope.typevars:
                return self.schema(scope.typevars[annotation], replace(scope, typevars={}))
            if annotation.__constraints__:
                return self._union(annotation.__constraints__, scope)
            return {} if annotation.__bound__ is None else self.schema(annotation.__bound__, scope)
        if isinstance(annotation, NewType):
            return self.schema(annotation.__supertype__, scope)
        if type(annotation).__name__ == "TypeAliasType":  # Python 3.12's, or typing_extensions'
            return self._alias(annotation, scope)
        return None

    def _alias(self, alias: Any, scope: Scope) -> Schema:
        """`type Json = list[Json] | str` (Python 3.12) may refer to itself, so it is a component."""
        try:
            value = alias.__value__
        except Exception as error:  # noqa: BLE001 - evaluated lazily: this is the application's code
            log.debug("%s: no schema for the alias %s: %s", scope.owner, alias, error)
            return {}
        return self.component(alias, alias.__name__, lambda: self.schema(value, scope), alias.__module__)

    def _special_form(self, annotation: object, scope: Scope) -> Schema | None:
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._annotated(args, scope)
        if origin is Union or origin is types.UnionType:
            return self._union(args, scope)
        if origin is Literal:
            return _enumeration([jsonable(value) for value in args])
        if origin in _TRANSPARENT or getattr(origin, "__name__", None) == "ReadOnly":
            return self.schema(args[0], scope)
        if origin is type or origin is Callable:
            return {}
        return None

    def _annotated(self, args: tuple[object, ...], scope: Scope) -> Schema:
        """`Annotated[int, "how many", Ge(1)]`: texts describe; bounds, by their usual names, limit."""
        schema = self.schema(args[0], scope)
        for extra in args[1:]:
            text = extra if isinstance(extra, str) else getattr(extra, "documentation", None)
            if isinstance(text, str):
                schema.setdefault("description", text)
            for attribute, keywords in CONSTRAINTS.items():
                bound = jsonable(getattr(extra, attribute, None))
                if bound is not NOTHING and bound is not None and not isinstance(extra, type):
                    schema[keywords.get(schema.get("type", ""), keywords[""])] = bound
        return schema

    def _union(self, members: tuple[object, ...], scope: Scope) -> Schema:
        schemas: list[Schema] = []
        for member in members:
            schema = self.schema(member, scope)
            if not schema:
                return {}
            nested = schema["anyOf"] if set(schema) == {"anyOf"} else [schema]
            schemas.extend(one for one in nested if one not in schemas)
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

    def _generic(self, annotation: object, scope: Scope) -> Schema | None:
        """`list[int]`, `dict[str, Note]`, `Page[Note]`."""
        origin, args = get_origin(annotation), get_args(annotation)
        if not isinstance(origin, type):
            return None
        if is_container(origin):
            return container_schema(origin, args, lambda argument: self.schema(argument, scope))
        if record_of(origin) is None:
            return None
        parameters = getattr(origin, "__parameters__", ())
        values = tuple(
            scope.typevars.get(value, value) if isinstance(value, TypeVar) else resolve(value, scope)
            for value in args
        )
        label = "_".join([origin.__name__, *(_label(value) for value in values)])
        return self._record(
            origin, scope_of_class(origin, dict(zip(parameters, values, strict=False))), label
        )

    def _plain_class(self, annotation: object, scope: Scope) -> Schema | None:
        if not isinstance(annotation, type):
            return None
        if issubclass(annotation, enum.Enum):
            members = [jsonable(member.value) for member in annotation]
            qualifier = annotation.__module__
            return self.component(
                annotation, annotation.__name__, lambda: _enum(annotation, members), qualifier
            )
        if record_of(annotation) is not None:
            return self._record(annotation, scope_of_class(annotation), annotation.__name__)
        if callable(getattr(annotation, "model_json_schema", None)):
            return self._foreign_model(annotation)
        scalar = scalar_schema(annotation)
        if scalar is None and is_container(annotation):
            return container_schema(annotation, (), lambda argument: self.schema(argument, scope))
        return scalar

    def _record(self, cls: type, scope: Scope, label: str) -> Schema:
        key = (cls, tuple(sorted((var.__name__, repr(value)) for var, value in scope.typevars.items())))
        qualifier = f"{cls.__module__}.{cls.__qualname__.rpartition('.')[0]}"
        return self.component(key, label, lambda: record_schema(cls, scope, self.schema), qualifier)

    def _foreign_model(self, model: Any) -> Schema:
        """Classes that describe themselves by pydantic's protocol."""
        described = dict(model.model_json_schema(ref_template="#/components/schemas/{model}"))
        for name, schema in described.pop("$defs", {}).items():
            self.components.setdefault(name, schema)
        return self.component(model, model.__name__, lambda: described, model.__module__)


def _component_name(text: str) -> str:
    """OpenAPI permits letters, digits, dot, hyphen and underscore in the names of components."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("_.") or "Schema"


def _label(annotation: object) -> str:
    named = isinstance(annotation, type) and not get_args(annotation)
    return annotation.__name__ if named and isinstance(annotation, type) else str(annotation)


def _enumeration(values: list[Any]) -> Schema:
    """The values that JSON can show, with their type if they have only one."""
    shown = [value for value in values if value is not NOTHING]
    if len(shown) != len(values) or not values:
        return {}
    kinds = {type(value) for value in shown}
    kind = scalar_schema(kinds.pop()) if len(kinds) == 1 else None
    return {**(kind or {}), "enum": shown}


def _enum(cls: type[enum.Enum], values: list[Any]) -> Schema:
    schema: Schema = {"title": cls.__name__, **_enumeration(values)}
    if issubclass(cls, enum.Flag):
        # Members combine: any sum of them is a value.
        schema = {"title": cls.__name__, "type": "integer"}
    doc = parse_docstring(cls.__dict__.get("__doc__"))
    if doc.summary and doc.summary != "An enumeration.":
        schema["description"] = "\n\n".join(filter(None, (doc.summary, doc.description)))
    return schema
