"""Annotations → types, however they were written: strings, forward references, names that do not exist.

Strategy: one annotation at a time, so that one bad name costs its own parameter and nothing else. What cannot
be resolved stays unknown and is told at level DEBUG: a name imported under `TYPE_CHECKING` is good style, not
an error. What a type looks like in JSON is not this module's matter.
"""

import builtins
import inspect
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, ForwardRef, TypeVar, get_type_hints

log = logging.getLogger("areion.dev")

# More than any stack of decorators; a bound for a function that wraps itself.
MAX_WRAPPERS: Final = 100


class _UnknownMeta(type):
    """Lets a name that does not exist stand in an annotation: `missing.Thing[int] | None`."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):  # what Python itself asks for has its usual meaning
            raise AttributeError(name)
        return _UnknownMeta(name, (Unknown,), {})

    def __getitem__(cls, _arguments: object) -> type:
        return cls

    def __call__(cls, *_args: object, **_kwargs: object) -> type:
        return cls


class Unknown(metaclass=_UnknownMeta):
    """What an annotation that cannot be resolved stands for; a name's own stand-in is a subclass."""


def is_unknown(annotation: object) -> bool:
    """Whether nothing is known about an annotation."""
    return isinstance(annotation, _UnknownMeta)


class _Names(dict[str, Any]):
    """The names of a scope, and a stand-in for every other name."""

    def __missing__(self, name: str) -> Any:
        found = getattr(builtins, name, None)
        return _UnknownMeta(name, (Unknown,), {}) if found is None else found


@dataclass(frozen=True, slots=True)
class Scope:
    """Where the names in an annotation are looked up.

    Attributes:
        owner: Whose annotations they are, for messages.
        globals: The names of the module.
        locals: The names of the class body, and type parameters.
        typevars: What the type variables of a generic class stand for.
    """

    owner: str = "?"
    globals: Mapping[str, Any] = field(default_factory=dict)
    locals: Mapping[str, Any] = field(default_factory=dict)
    typevars: Mapping[TypeVar, object] = field(default_factory=dict)


def resolve(annotation: object, scope: Scope) -> object:
    """What an annotation means; the names in it that mean nothing here are `Unknown`.

    >>> resolve("list[int]", Scope())
    list[int]
    """
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    holder = SimpleNamespace(__annotations__={"it": annotation})
    try:
        found = get_type_hints(holder, dict(scope.globals), dict(scope.locals), include_extras=True)
    except Exception as error:  # noqa: BLE001 - the application's code: it may raise anything
        log.debug("%s: annotation %r: %s: %s", scope.owner, annotation, type(error).__name__, error)
    else:
        return found["it"]
    if not isinstance(annotation, str):
        return annotation  # what is inside of it is resolved piece by piece
    try:
        # The good parts of a half-good `dict[str, "Missing"]` are still worth showing.
        found = eval(annotation, {}, _Names({**scope.globals, **scope.locals}))  # noqa: S307 - as typing does
    except Exception as error:  # noqa: BLE001 - as above; the cause has been told
        log.debug("%s: annotation %r is not documented: %s", scope.owner, annotation, error)
        return Unknown
    return found


def function_of(handler: Any) -> Any:
    """The function inside a callable of any kind: a partial, a decorated function, a method, an instance."""
    for _ in range(MAX_WRAPPERS):
        if isinstance(handler, partial):
            handler = handler.func
        elif hasattr(handler, "__wrapped__"):
            handler = handler.__wrapped__
        elif inspect.ismethod(handler):
            handler = handler.__func__
        elif inspect.isroutine(handler) or isinstance(handler, type):
            return handler
        else:
            handler = type(handler).__call__
    return handler


def scope_of_function(function: Any) -> Scope:
    """Where the string annotations of a function are looked up."""
    parameters = getattr(function, "__type_params__", ())
    return Scope(
        owner=f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', function)}",
        globals=getattr(function, "__globals__", {}),
        locals={parameter.__name__: parameter for parameter in parameters},
    )


def scope_of_class(cls: type, typevars: Mapping[TypeVar, object] | None = None) -> Scope:
    """Where the string annotations of a class body are looked up.

    The module's names go first, as `typing.get_type_hints` has it: in `date: "date" = None` the class's own
    `date` is the field's default.
    """
    module = getattr(sys.modules.get(cls.__module__), "__dict__", {})
    body = {name: value for name, value in vars(cls).items() if name not in module}
    parameters = {parameter.__name__: parameter for parameter in getattr(cls, "__type_params__", ())}
    return Scope(
        owner=f"{cls.__module__}.{cls.__qualname__}",
        globals=module,
        locals={**body, **parameters, cls.__name__: cls},
        typevars=typevars or {},
    )


def signature_of(handler: Callable[..., Any]) -> inspect.Signature | None:
    """The signature, with annotations as written; None for a callable that has none to show."""
    try:
        if sys.version_info >= (3, 14):
            from annotationlib import Format

            return inspect.signature(handler, annotation_format=Format.FORWARDREF)
        return inspect.signature(handler)
    except (TypeError, ValueError) as error:
        log.debug("%r: its parameters are not documented: %s", handler, error)
        return None


def raw_annotations(cls: type) -> Mapping[str, object]:
    """The annotations in the body of one class, as written; those of its bases are not among them."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return get_annotations(cls, format=Format.FORWARDREF)
    return inspect.get_annotations(cls)
