"""Checks of the options that users give, with errors that name the argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from types import NoneType
from typing import Any

from areion_orchestrator.job import JobOptions

# Some thirty years: beyond, the system's waits and the calendar of datetime overflow.
LONGEST = 1e9


def check_number(name: str, value: Any, least: float, *, whole: bool = False) -> None:
    """Refuse what is no number, or too small.

    Raises:
        ValueError: It says which argument it is, what was expected and what came.
    """
    kind = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, kind) or not value >= least:
        what = "a whole number" if whole else "a number"
        raise ValueError(f"{name} must be {what} of at least {least}, not {value!r}")


def check_seconds(name: str, value: Any, least: float = 0.0, *, optional: bool = False) -> None:
    """Refuse what is no time in seconds; None is one that never comes, if `optional`.

    Raises:
        ValueError: As for `check_number`.
    """
    if optional and value is None:
        return
    hint = " (None is for ever)" if optional else ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not least <= value <= LONGEST:
        raise ValueError(
            f"{name} must be a number of seconds from {least:g} to {LONGEST:g}, not {value!r}{hint}"
        )


def check_kind(name: str, value: Any, *kinds: type) -> None:
    """Refuse what is of none of some types.

    Raises:
        TypeError: It says which argument it is, what was expected and what came.
    """
    if not isinstance(value, kinds):
        expected = " or ".join("None" if kind is NoneType else kind.__name__ for kind in kinds)
        raise TypeError(f"{name} must be of type {expected}, not {value!r} of type {type(value).__name__}")


def check_switch(name: str, value: Any) -> None:
    """Refuse what is neither True nor False.

    Raises:
        ValueError: As for `check_number`.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, not {value!r}")


def job_options(defaults: JobOptions, changes: Mapping[str, Any]) -> JobOptions:
    """Return the options of a job: the defaults, with changes.

    Raises:
        ValueError: One of them is out of range.
        TypeError: One of them is unknown.
    """
    unknown = changes.keys() - {field.name for field in fields(JobOptions)}
    if unknown:
        names = ", ".join(sorted(unknown))
        raise TypeError(f"unknown job options: {names} (arguments of the function go in `args` and `kwargs`)")
    options = replace(defaults, **changes)
    check_seconds("misfire_grace", options.misfire_grace, optional=True)
    check_switch("coalesce", options.coalesce)
    check_number("max_instances", options.max_instances, 1, whole=True)
    check_seconds("jitter", options.jitter)
    check_switch("every_process", options.every_process)
    return options
