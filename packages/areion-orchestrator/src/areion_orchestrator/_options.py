"""Checks of the numbers that users give, with errors that name the argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from areion_orchestrator.job import JobOptions


def check_number(name: str, value: Any, least: float, *, whole: bool = False) -> None:
    """Refuse what is no number, or too small.

    Raises:
        ValueError: It says which argument it is, what was expected and what came.
    """
    kind = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, kind) or not value >= least:
        what = "a whole number" if whole else "a number"
        raise ValueError(f"{name} must be {what} of at least {least}, not {value!r}")


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
    if options.misfire_grace is not None:
        check_number("misfire_grace", options.misfire_grace, 0)
    check_number("max_instances", options.max_instances, 1, whole=True)
    check_number("jitter", options.jitter, 0)
    return options
