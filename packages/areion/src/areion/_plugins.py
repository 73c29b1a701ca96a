"""Finds the parts of a server: an instance, a class, ``"module:attribute"`` or an installed plugin's name.

A value is turned into a part in three steps, each with its own error: *find* the object, *make* an
instance of it if it is a class or a factory, *check* the instance against the abstract base. Nothing is
replaced in silence.

Installed plugins are entry points in the groups of `DEFAULTS`. Reading them takes ``importlib.metadata``,
which is slow to import, so that happens only when a name is looked up. Not here: what the parts do, and when
they are started and stopped.

The errors, all `ComponentError` and thereby `ValueError`::

    ComponentError
    ├── UnknownComponentError     no such name; says what is installed
    ├── AmbiguousComponentError   several distributions provide the name
    ├── ComponentImportError      found, but importing or making it failed (the cause is chained)
    └── ComponentContractError    found, but without what its base asks for
"""

import importlib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "DEFAULTS",
    "AmbiguousComponentError",
    "Component",
    "ComponentContractError",
    "ComponentError",
    "ComponentImportError",
    "UnknownComponentError",
    "check",
    "installed",
    "locate",
    "resolve",
]

T = TypeVar("T")

DEFAULTS = {
    "areion.http_server": "areion_http:HttpServer",
    "areion.router": "areion_router:Router",
    "areion.orchestrator": "areion_orchestrator:Orchestrator",
    "areion.logger": "areion_logger:Logger",
    "areion.engine": "areion_engine:Engine",
}
"""The entry-point groups, and the sibling's class that stands in each when nothing is asked for."""


class ComponentError(ValueError):
    """A part of the server could not be had as asked for.

    Attributes:
        group: The entry-point group, such as ``"areion.router"``.
        value: What was asked for.
    """

    def __init__(self, message: str, group: str, value: object) -> None:
        super().__init__(message)
        self.group = group
        self.value = value


class UnknownComponentError(ComponentError):
    """No installed distribution provides the name."""


class AmbiguousComponentError(ComponentError):
    """More than one distribution provides the name."""


class ComponentImportError(ComponentError):
    """The part was found, and importing it or making an instance failed; ``__cause__`` says how."""


class ComponentContractError(ComponentError):
    """The part lacks what its base asks for.

    Attributes:
        missing: The names it lacks, sorted.
    """

    def __init__(self, message: str, group: str, value: object, missing: Sequence[str]) -> None:
        super().__init__(message, group, value)
        self.missing = tuple(missing)


class Component(NamedTuple):
    """An installed plugin, as an entry point declares it."""

    name: str
    value: str
    distribution: str
    version: str
    is_default: bool

    @property
    def qualified_name(self) -> str:
        """The name that no other distribution can take: ``"distribution/name"``."""
        return f"{self.distribution}/{self.name}"


def installed(group: str) -> list[Component]:
    """List the plugins of a group, by name and then by distribution.

    Args:
        group: An entry-point group, such as ``"areion.router"``.

    Returns:
        What the metadata of the installed distributions declares; nothing of it is imported.
    """
    return sorted(component for component, _ in _entry_points(group))


def resolve(
    group: str, value: object, *, base: type[T], default: Callable[[], object] | str | None = None
) -> T:
    """Turn what a user asked for into a part that satisfies its base.

    Args:
        group: The entry-point group of the part, such as ``"areion.router"``.
        value: An instance; a class or factory, called without arguments; ``"module:attribute"``; the name
            of a plugin, or ``"distribution/name"`` where two provide one; ``None`` for the default.
        base: The abstract base. What inherits from it passes, and what has all that it declares abstract.
        default: What stands for ``None``: a callable or ``"module:attribute"``; else the sibling's class.

    Returns:
        The instance.

    Raises:
        ComponentError: One of its four kinds, naming what was asked for, who provides it, and what to do.
    """
    found, origin = _find(group, value, default)
    if isinstance(found, base):
        return found
    if isinstance(found, type):
        _check_class(group, value, found, base, origin)
    elif not callable(found) or not _missing(found, base):
        return check(group, found, base=base, origin=origin)
    try:
        made = found()
    except Exception as error:
        raise ComponentImportError(
            f"{origin} could not be made by calling it without arguments: {_reason(error)}", group, value
        ) from error
    return check(group, made, base=base, origin=origin)


def locate(
    group: str, value: object, *, base: type[T], default: Callable[[], object] | str | None = None
) -> Callable[..., T]:
    """Find a class or factory without calling it, for parts that are made with arguments.

    Args:
        group: The entry-point group of the part, such as ``"areion.http_server"``.
        value: As for `resolve`, without instances.
        base: The abstract base; a class is checked at once, what a factory makes by `check` afterwards.
        default: As for `resolve`.

    Returns:
        The class or factory.

    Raises:
        ComponentError: As for `resolve`.
    """
    found, origin = _find(group, value, default)
    if isinstance(found, type):
        _check_class(group, value, found, base, origin)
    elif not callable(found):
        raise ComponentContractError(
            f"{origin} is not a class and cannot be called to make one", group, value, ()
        )
    return found


def check(group: str, part: object, *, base: type[T], origin: str | None = None) -> T:
    """Return the part if it satisfies its base.

    Args:
        group: The entry-point group of the part, for the message.
        part: An instance.
        base: The abstract base.
        origin: How the message calls the part; its type by default.

    Raises:
        ComponentContractError: Names what is missing.
    """
    if isinstance(part, base):
        return part
    missing = _missing(part, base)
    if missing or not _abstract(base):
        raise _contract_error(group, part, base, origin or _describe(group, part), missing)
    return part  # type: ignore[return-value]  # duck-typed: all that the base declares abstract is there


def _find(group: str, value: object, default: Callable[[], object] | str | None) -> tuple[object, str]:
    """Return the object that the value stands for, and how messages call it."""
    if value is None:
        value = default if default is not None else DEFAULTS[group]
    if not isinstance(value, str):
        return value, _describe(group, value)
    noun = _noun(group)
    if ":" in value:
        origin = f"{noun} {value!r}"
        try:
            return _import(value), origin
        except Exception as error:
            raise ComponentImportError(
                f"{origin} could not be imported: {_reason(error)}", group, value
            ) from error
    component, entry_point = _look_up(group, value)
    origin = f"{noun} {value!r} (from {component.distribution} {component.version})"
    try:
        return entry_point.load(), origin
    except Exception as error:
        raise ComponentImportError(
            f"{origin} could not be imported from {component.value!r}: {_reason(error)}", group, value
        ) from error


def _look_up(group: str, name: str) -> tuple[Component, "EntryPoint"]:
    """Return the one plugin of that name."""
    candidates = _entry_points(group)
    if "/" in name:
        distribution, _, wanted = name.rpartition("/")
        matching = [
            (component, entry_point)
            for component, entry_point in candidates
            if component.name == wanted and _normal(component.distribution) == _normal(distribution)
        ]
    else:
        matching = [found for found in candidates if found[0].name == name]
    if len(matching) == 1:
        return matching[0]
    components = [component for component, _ in candidates]
    if not matching:
        raise UnknownComponentError(_unknown(group, name, components), group, name)
    noun = _noun(group)
    distributions = sorted({component.qualified_name for component, _ in matching})
    if len(distributions) == 1:
        values = " and ".join(repr(component.value) for component, _ in matching)
        raise AmbiguousComponentError(
            f"{noun} {name!r} is declared more than once by {matching[0][0].distribution}, as {values};"
            " give the one you want as 'module:attribute'",
            group,
            name,
        )
    choices = " or ".join(map(repr, distributions))
    raise AmbiguousComponentError(f"{noun} {name!r} is provided more than once; say {choices}", group, name)


def _entry_points(group: str) -> list[tuple[Component, "EntryPoint"]]:
    """Read a group from the metadata of the installed distributions."""
    from importlib.metadata import entry_points

    found = {}
    for entry_point in entry_points(group=group):
        dist = entry_point.dist
        if dist is None:
            continue  # made by hand, not read from a distribution: nobody could be named for it
        is_default = entry_point.name == "default" and entry_point.value == DEFAULTS.get(group)
        component = Component(entry_point.name, entry_point.value, dist.name, dist.version, is_default)
        found[component] = entry_point
    return list(found.items())


def _unknown(group: str, name: str, components: Iterable[Component]) -> str:
    """Say what is installed in place of a name that is not."""
    import difflib

    known = {
        component.qualified_name if "/" in name else component.name: component for component in components
    }
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    listed = ", ".join(
        f"{known_name} ({component.distribution} {component.version})"
        for known_name, component in sorted(known.items())
    )
    return f"no {_noun(group)} named {name!r}{hint} Installed: {listed or 'none'}"


def _import(path: str) -> object:
    """Import ``"module:attribute"``; the attribute may be dotted."""
    module, _, attributes = path.partition(":")
    if not module or not attributes:
        raise ValueError("expected 'module:attribute'")
    found: object = importlib.import_module(module)
    for attribute in attributes.split("."):
        found = getattr(found, attribute)
    return found


def _check_class(group: str, value: object, cls: type, base: type, origin: str) -> None:
    """Refuse a class that could never make a part: still abstract, or without methods of the base."""
    inherits = issubclass(cls, base)
    missing = sorted(_abstract(cls)) if inherits else _missing(cls, base)
    if missing or not (inherits or _abstract(base)):
        raise _contract_error(group, value, base, origin, missing)


def _contract_error(
    group: str, value: object, base: type, origin: str, missing: Sequence[str]
) -> ComponentContractError:
    contract = f"{base.__module__.partition('.')[0]}.{base.__qualname__}"
    lacks = f"it lacks {', '.join(missing)}" if missing else "it is not an instance of it"
    return ComponentContractError(f"{origin} does not satisfy {contract}: {lacks}", group, value, missing)


def _abstract(cls: type) -> frozenset[str]:
    return getattr(cls, "__abstractmethods__", frozenset())


def _missing(part: object, base: type) -> list[str]:
    """Name what the base declares abstract and the part does not have.

    Methods must be there to be called. Properties are not read, for that may be too early, and a class
    need not have them, for its instances may.
    """

    def has(name: str) -> bool:
        if callable(getattr(base, name)):
            return callable(getattr(part, name, None))
        return isinstance(part, type) or hasattr(type(part), name) or hasattr(part, name)

    return sorted(name for name in _abstract(base) if not has(name))


def _describe(group: str, part: object) -> str:
    """Call a class or function by its name, and any other object by its type."""
    cls = part if hasattr(part, "__qualname__") else type(part)
    name = f"{cls.__module__}.{cls.__qualname__}".removeprefix("builtins.")
    return f"{_noun(group)} {name}" if cls is part else f"{_noun(group)} of type {name}"


def _noun(group: str) -> str:
    return group.removeprefix("areion.").replace("_", " ")


def _normal(distribution: str) -> str:
    """Normalise a distribution's name as the packaging specifications do (names, "Name normalization")."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _reason(error: Exception) -> str:
    """An error's text, with its type where the text alone would not tell what kind it is."""
    text = str(error)
    if isinstance(error, ImportError | AttributeError | ValueError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
