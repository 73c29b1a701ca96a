"""From what the command line names to a server.

A target is ``module:attribute``, ``path/to/file.py:attribute``, or one of these without the attribute. What is
found is a server, a builder, a router, or something that makes one of them when it is called without arguments.
"""

from __future__ import annotations

import argparse
import atexit
import difflib
import importlib
import inspect
import logging
import pkgutil
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from areion._terminal import tell
from areion.builder import AreionServerBuilder
from areion.cli.errors import CommandError, ProgramError
from areion.cli.failures import describe_failure
from areion.server import AreionServer

USUAL_NAMES: Final = ("server", "app", "builder", "router")
"""What is looked for in a module that is named without an attribute, in this order."""

_EXPECTED: Final = (
    "an AreionServer, an AreionServerBuilder, a router, or a function that makes one without arguments"
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a target names.

    Attributes:
        name: In full, for example ``"app:server"``.
        found: The object, unchanged.
    """

    name: str
    found: Any


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names a target."""
    parser.add_argument(
        "target",
        metavar="TARGET",
        help="module:attribute or file.py:attribute; without the attribute, one of "
        f"{', '.join(USUAL_NAMES)} is looked for",
    )


def load_server(name: str) -> AreionServer:
    """Return the server that a target names.

    Raises:
        CommandError: If there is none, naming what is there instead.
        ProgramError: If the program that holds it fails.
    """
    target = find_target(name)
    found = target.found
    if not _is_servable(found) and callable(found):
        found = _call(target)
    if isinstance(found, AreionServer):
        return found
    if _is_router(found):
        found = AreionServerBuilder().with_router(found)
    if not isinstance(found, AreionServerBuilder):
        made = " makes" if found is not target.found else " is"
        raise CommandError(f"{target.name}{made} {_kind(found)}; expected {_EXPECTED}")
    try:
        return found.build()
    except ValueError as error:
        raise CommandError(f"{target.name} cannot be built: {error}") from error


def inspected_server(name: str) -> AreionServer:
    """Return the server that a target names, to look at it and not to serve.

    Raises:
        CommandError, ProgramError: As for `load_server`.
    """
    # Nothing was served: farewells of its components in the log would be noise.
    atexit.register(logging.disable, logging.INFO)
    return load_server(name)


def find_target(name: str) -> Target:
    """Import what a target names; the current folder, or the file's own, is searched first.

    Raises:
        CommandError: If there is no such module, file or attribute.
        ProgramError: If the module fails while it is imported.
    """
    place, attribute = _split(name)
    module_name = _module_of_file(Path(place)) if _is_path(place) else _module_from_here(place)
    _refuse_hidden(module_name)
    module = _import(module_name)
    if not attribute:
        attribute = _usual_attribute(module, module_name)
        tell(f"found {module_name}:{attribute}, {_kind(getattr(module, attribute))}")
    found: Any = module
    walked = module_name
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise CommandError(f"{walked} has no attribute {part!r}{_hint(part, _names(found))}")
        found = getattr(found, part)
        walked = f"{walked}.{part}"
    return Target(f"{module_name}:{attribute}", found)


def target_folder(name: str) -> Path | None:
    """Return the folder that holds the file of a target in path form, None for any other form."""
    place, _ = _split(name)
    return Path(place).resolve().parent if _is_path(place) else None


# -- names ------------------------------------------------------------------------------------------------------


def _split(name: str) -> tuple[str, str]:
    place, colon, attribute = name.rpartition(":")
    if not colon or "/" in attribute or "\\" in attribute:  # a Windows path has a colon of its own
        place, attribute = name, ""
    elif not attribute:
        raise CommandError(f"there is no attribute after the colon in {name!r}, as in app:server")
    if not place:
        raise CommandError(f"expected module:attribute, as in app:server, got {name!r}")
    if attribute and not all(part.isidentifier() for part in attribute.split(".")):
        raise CommandError(f"{attribute!r} is no name of an attribute")
    return place, attribute


def _is_path(place: str) -> bool:
    return place.endswith(".py") or "/" in place or "\\" in place


def _module_of_file(path: Path) -> str:
    """Return the dotted name that a file is imported by, and let it be found."""
    if path.is_dir():
        if not (path / "__init__.py").is_file():
            raise CommandError(f"{str(path)!r} is a folder without __init__.py; name a file in it")
        path /= "__init__.py"
    if path.is_file() and path.suffix != ".py":
        raise CommandError(f"{str(path)!r} is no Python file: its name does not end with .py")
    if not path.is_file():
        beside = [str(each) for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise CommandError(f"there is no file {str(path)!r}{_hint(str(path), beside)}")
    path = path.resolve()
    parts = [] if path.stem == "__init__" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    for part in parts:
        if not part.isidentifier():
            raise CommandError(f"{str(path)!r} cannot be imported: {part!r} is no name of a module")
    _search_first(folder)
    return ".".join(parts)


def _module_from_here(name: str) -> str:
    if not all(part.isidentifier() for part in name.split(".")):
        raise CommandError(f"{name!r} is no name of a module; expected module:attribute, as in app:server")
    _search_first(Path.cwd())
    return name


def _search_first(folder: Path) -> None:
    if sys.path[:1] != [str(folder)]:
        sys.path.insert(0, str(folder))
    importlib.invalidate_caches()


def _refuse_hidden(name: str) -> None:
    """Refuse a module whose file is there, but whose name belongs to another that is loaded already."""
    top = name.partition(".")[0]
    loaded = sys.modules.get(top)
    if loaded is None:
        return
    taken = getattr(loaded, "__file__", None)
    for file in (Path(sys.path[0], f"{top}.py"), Path(sys.path[0], top, "__init__.py")):
        if file.is_file() and (taken is None or not Path(taken).exists() or not file.samefile(taken)):
            raise CommandError(
                f"{str(file)!r} cannot be imported: {top!r} is the name of {taken or 'a built-in module'}, "
                "which is loaded already; rename the file"
            )


# -- importing --------------------------------------------------------------------------------------------------


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise CommandError(_no_module(name, error.name)) from None
        raise ProgramError(f"{name} could not be imported", describe_failure(error)) from error
    except SystemExit as error:
        raise CommandError(
            f"{name} ends the process while it is imported (SystemExit: {error.code}); "
            'put what runs it under if __name__ == "__main__"'
        ) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ProgramError(f"{name} could not be imported", describe_failure(error)) from error


def _no_module(name: str, missing: str) -> str:
    parent, _, last = missing.rpartition(".")
    if parent:
        holder = sys.modules.get(parent)
        if not hasattr(holder, "__path__"):
            hint = f"; did you mean {f'{parent}:{last}'!r}?" if hasattr(holder, last) else ""
            return f"there is no module {missing!r}: {parent!r} is no package{hint}"
        beside = [each.name for each in pkgutil.iter_modules(getattr(holder, "__path__", ()))]
        return f"there is no module {last!r} in {parent!r}{_hint(last, beside)}"
    here = Path.cwd()
    text = f"there is no module {missing!r} in {here} or among what is installed"
    close = _hint(missing, [each.name for each in pkgutil.iter_modules([str(here)])])
    source = here / "src" / name.replace(".", "/")
    for file in (source.with_suffix(".py"), source / "__init__.py"):
        if not close and file.is_file():
            return f"{text}; there is {file.relative_to(here)}: name that, or install the project"
    return text + close


def _usual_attribute(module: ModuleType, name: str) -> str:
    for attribute in USUAL_NAMES:
        if _is_servable(getattr(module, attribute, None)) or inspect.isfunction(
            getattr(module, attribute, None)
        ):
            return attribute
    there = [attribute for attribute, value in vars(module).items() if _is_servable(value)]
    if there:
        raise CommandError(
            f"{name} has none of {', '.join(USUAL_NAMES)}; say {' or '.join(f'{name}:{each}' for each in there)}"
        )
    raise CommandError(f"{name} has none of {', '.join(USUAL_NAMES)}, and no server under another name")


# -- what was found ---------------------------------------------------------------------------------------------


def _is_router(value: object) -> bool:
    return not isinstance(value, type) and all(
        callable(getattr(value, name, None)) for name in ("get_handler", "add_route")
    )


def _is_servable(value: object) -> bool:
    return isinstance(value, (AreionServer, AreionServerBuilder)) or _is_router(value)


def _call(target: Target) -> Any:
    """Call a factory."""
    try:
        parameters = inspect.signature(target.found).parameters.values()
    except (TypeError, ValueError):
        parameters = {}.values()
    needed = [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if needed:
        raise CommandError(f"{target.name} takes arguments ({', '.join(needed)}); expected {_EXPECTED}")
    if inspect.iscoroutinefunction(target.found):
        raise CommandError(
            f"{target.name} is a coroutine function; a factory must be a plain function, "
            "and what has to be awaited belongs into a startup hook"
        )
    try:
        return target.found()
    except SystemExit as error:
        raise CommandError(f"{target.name}() ends the process (SystemExit: {error.code})") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ProgramError(f"{target.name}() failed", describe_failure(error)) from error


def _kind(value: object) -> str:
    """Name what an object is, with its article."""
    if value is None:
        return "None"
    if inspect.isfunction(value):
        return "a function"
    name = value.__name__ if isinstance(value, type) else type(value).__name__
    text = f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
    return f"the class {name}" if isinstance(value, type) else text


def _names(value: object) -> list[str]:
    return [name for name in dir(value) if not name.startswith("_")]


def _hint(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
