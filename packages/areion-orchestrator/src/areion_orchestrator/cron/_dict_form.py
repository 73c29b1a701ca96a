"""The dict form of a schedule, `{"hour": 3, "day_of_week": "mon-fri"}`, as the predecessor had it.

It follows APScheduler's cron trigger: 0 is Monday, day and day_of_week must both match, fields smaller than
the smallest one given are at their minimum (week and day_of_week, which have none, stay `*`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from areion_orchestrator.cron._fields import FIELDS, WEEKDAYS, Field, parse, split
from areion_orchestrator.cron._pattern import DaySet, Pattern
from areion_orchestrator.errors import CronError

# From the largest to the smallest; what comes after the last one given takes its minimum.
_BY_SIZE = ("year", "month", "day", "week", "day_of_week", "hour", "minute", "second")
_MINIMUM = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}

_ORDINALS = {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "last": -1}
_NTH_WEEKDAY = re.compile(rf"({'|'.join(_ORDINALS)})\s+({'|'.join(WEEKDAYS)})")


def parse_dict(cron: Mapping[str, Any]) -> Pattern:
    """Read the dict form.

    Args:
        cron: Field names to values; see the module's docstring.

    Returns:
        The times it names.

    Raises:
        CronError: It is empty, has an unknown key, or a value that its field does not allow.
    """
    _check_keys(cron)
    filled = _fill(cron)
    days = _parse_days(filled["day"], cron)
    weekdays = parse(FIELDS["day_of_week"], filled["day_of_week"], cron)
    years = parse(FIELDS["year"], filled["year"], cron)
    return Pattern(
        seconds=_numbers(FIELDS["second"], filled["second"], cron),
        minutes=_numbers(FIELDS["minute"], filled["minute"], cron),
        hours=_numbers(FIELDS["hour"], filled["hour"], cron),
        months=_numbers(FIELDS["month"], filled["month"], cron),
        years=None if years is None else tuple(sorted(years)),
        days=days,
        weekdays=None if weekdays is None else DaySet(weekdays=weekdays),
        weeks=parse(FIELDS["week"], filled["week"], cron),
        either=False,
        fixed=not any(_has_star(FIELDS[name], filled[name], cron) for name in ("hour", "minute")),
    )


def _check_keys(cron: Mapping[str, Any]) -> None:
    known = ", ".join(FIELDS)
    if not cron:
        raise CronError(f"an empty dict is no schedule; give at least one of: {known}", cron=cron)
    for key in cron:
        if key not in FIELDS:
            near = get_close_matches(str(key), FIELDS, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise CronError(
                f"unknown cron field {key!r}: {hint}the fields are {known}", cron=cron, field=str(key)
            )


def _fill(cron: Mapping[str, Any]) -> dict[str, Any]:
    """Give every field that was left out its value."""
    smallest = max(_BY_SIZE.index(name) for name in cron)
    return {
        name: cron[name] if name in cron else _MINIMUM.get(name, "*") if place > smallest else "*"
        for place, name in enumerate(_BY_SIZE)
    }


def _numbers(field: Field, value: Any, cron: Any) -> tuple[int, ...]:
    numbers = parse(field, value, cron)
    return tuple(range(field.low, field.high + 1)) if numbers is None else tuple(sorted(numbers))


def _has_star(field: Field, value: Any, cron: Any) -> bool:
    return any(part.startswith("*") for part in split(field, value, cron))


def _parse_days(value: Any, cron: Any) -> DaySet | None:
    """Read the day field, which besides numbers knows `last` and `2nd fri`."""
    field = FIELDS["day"]
    plain: list[str] = []
    nth: set[tuple[int, int]] = set()
    last = False
    for part in split(field, value, cron):
        match = _NTH_WEEKDAY.fullmatch(part)
        if match is not None:
            nth.add((WEEKDAYS.index(match[2]), _ORDINALS[match[1]]))
        elif part == "last":
            last = True
        else:
            plain.append(part)
    days = parse(field, plain, cron) if plain else frozenset()
    if days is None:
        return None
    return DaySet(days=days, nth=frozenset(nth), last=last)
