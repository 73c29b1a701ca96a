"""What a handler says about itself: name, docstring, parameters, what it returns.

The one place that inspects callables of every kind (functions, methods, partials, decorated functions,
instances with `__call__`); those who write the document read the facts found here.
"""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from areion.dev.annotations import Scope, function_of, log, scope_of_function, signature_of
from areion.dev.docstrings import Docstring, parse_docstring


@dataclass(slots=True)
class Handler:
    """The facts about one handler.

    Attributes:
        name: Its own name, fit for an operationId; empty for a lambda.
        doc: What its docstring says.
        scope: Where its string annotations are looked up.
        request: The name of the parameter that takes the request, or None.
        parameters: The other parameters that can be passed by name.
        returns: The return annotation; `inspect.Parameter.empty` if there is none.
        deprecated: Whether it is marked with `warnings.deprecated`, or its docstring says so.
    """

    name: str
    doc: Docstring
    scope: Scope
    request: str | None = None
    parameters: dict[str, inspect.Parameter] = field(default_factory=dict)
    returns: object = inspect.Parameter.empty
    deprecated: bool = False


def inspect_handler(handler: Any) -> Handler:
    """Find out what a handler says about itself; no handler raises."""
    function = function_of(handler)
    doc = parse_docstring(_doc_of(handler, function))
    found = Handler(
        name=_name_of(handler, function),
        doc=doc,
        scope=scope_of_function(function),
        deprecated=doc.deprecated is not None or hasattr(function, "__deprecated__"),
    )
    signature = signature_of(handler)
    if signature is not None:
        found.returns = signature.return_annotation
        _read_parameters(found, signature.parameters.values(), _bound_names(handler))
    return found


def _doc_of(handler: Any, function: Any) -> str | None:
    own = handler if inspect.isroutine(handler) else function
    if not inspect.isroutine(handler) and not isinstance(handler, partial | type):
        # An instance: its class says what it is for, unless its __call__ does.
        return function.__doc__ or inspect.getdoc(type(handler))
    try:
        return inspect.getdoc(own)
    except Exception as error:  # noqa: BLE001 - a `__doc__` property is the application's code
        log.debug("%r: its docstring cannot be read: %s", handler, error)
        return None


def _name_of(handler: Any, function: Any) -> str:
    routine = inspect.isroutine(handler) or isinstance(handler, partial | type)
    name = getattr(function if routine else type(handler), "__name__", "")
    return name if name.isidentifier() else ""


def _bound_names(handler: Any) -> frozenset[str]:
    """The keywords that a partial has filled in: the application's, not the client's."""
    names: set[str] = set()
    while isinstance(handler, partial):
        names.update(handler.keywords)
        handler = handler.func
    return frozenset(names)


def _read_parameters(found: Handler, parameters: Iterable[inspect.Parameter], bound: frozenset[str]) -> None:
    for at, parameter in enumerate(parameters):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if at == 0 and parameter.kind is not parameter.KEYWORD_ONLY:
            found.request = parameter.name
        elif parameter.name not in bound and parameter.kind is not parameter.POSITIONAL_ONLY:
            found.parameters[parameter.name] = parameter
