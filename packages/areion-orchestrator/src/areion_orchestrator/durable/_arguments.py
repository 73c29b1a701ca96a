"""Arguments of durable tasks as JSON: exactly what comes back, or a refusal that says where."""

from __future__ import annotations

import json
import math
from typing import Any

from areion_orchestrator.errors import ArgumentError


def encode(task: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Write a call's arguments as JSON.

    Args:
        task: The task's name, for the error.
        args: Positional arguments.
        kwargs: Keyword arguments.

    Returns:
        A JSON text for `decode()`. Tuples come back as lists; nothing else changes on the way.

    Raises:
        ArgumentError: A TypeError: a value is of a type that JSON does not have, or would come back changed.
    """
    for index, value in enumerate(args):
        _check(task, f"args[{index}]", value)
    for key, value in kwargs.items():
        _check(task, key, value)
    return json.dumps([args, kwargs], separators=(",", ":"), ensure_ascii=False)


def decode(text: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Read a call's arguments."""
    args, kwargs = json.loads(text)
    return tuple(args), kwargs


def _check(task: str, where: str, value: Any) -> None:
    if value is None or isinstance(value, bool | int):
        return
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            raise _error(task, where, "holds half of a surrogate pair, which no file can")
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _error(task, where, f"is {value}, which JSON does not have")
        return
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(task, f"{where}[{index}]", item)
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise _error(task, where, f"has the key {key!r}, which would come back as a text")
            _check(task, f"{where}[{key!r}]", item)
        return
    raise _error(task, where, f"is a {type(value).__name__}, which JSON does not have")


def _error(task: str, where: str, reason: str) -> ArgumentError:
    text = (
        f"durable task {task!r}: {where} {reason}; arguments are kept as JSON, so pass an id, not an object"
    )
    return ArgumentError(text, task=task, argument=where)
