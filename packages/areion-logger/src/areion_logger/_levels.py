"""What a caller may write for a level, and the error when it is none."""

from __future__ import annotations

import logging


def level_number(level: int | str, argument: str) -> int:
    """Return the number of a level given by number or by name in any case.

    Args:
        level: `"INFO"`, `"info"`, `20`, or a name registered with `logging.addLevelName`.
        argument: The name of the caller's argument, for the error message.

    Raises:
        ValueError: The name is that of no level, or the number is negative.
        TypeError: `level` is neither a str nor an int.
    """
    if isinstance(level, str):
        names = logging.getLevelNamesMapping()
        number = names.get(level.strip().upper(), names.get(level))
        if number is None:
            known = ", ".join(sorted(names, key=lambda name: (names[name], name)))
            raise ValueError(f"{argument}: unknown level {level!r}; use one of {known}, or a number")
        return number
    if isinstance(level, bool) or not isinstance(level, int):
        raise TypeError(
            f"{argument}: expected a level's name or number, got {level!r} of type {type(level).__name__}"
        )
    if level < 0:
        raise ValueError(f"{argument}: a level cannot be negative, got {level}")
    return level
