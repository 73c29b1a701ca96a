"""The crontab form of a schedule, `"30 2 * * mon-fri"`, with croniter as the reader of its fields.

croniter knows the dialect: names, steps, `L`, `5#2`, `15W`. What is guarded here, before it sees a field, is
what it would accept but read unlike cron(8): `5-5` (the whole field to croniter), ranges that run backwards,
the random `H` and `R`, Quartz's `?`. When a schedule is due is not croniter's business: see `_schedule`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from areion_orchestrator.cron._fields import FIELDS, Field, check_step, parse_number
from areion_orchestrator.cron._pattern import DaySet, Pattern
from areion_orchestrator.errors import CronError

# crontab(5) and crontab(1). `@reboot` names no time.
ALIASES = MappingProxyType(
    {
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
        "@monthly": "0 0 1 * *",
        "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *",
        "@hourly": "0 * * * *",
    }
)

_WEEKDAY = Field(
    "day_of_week",
    0,
    7,
    MappingProxyType({"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}),
)
_FIELDS = (FIELDS["second"], FIELDS["minute"], FIELDS["hour"], FIELDS["day"], FIELDS["month"], _WEEKDAY)
_SPACE = re.compile(r"[ \t]+")
_RANGE = re.compile(r"(?P<first>[a-z0-9]+)-(?P<last>[a-z0-9]+)(?P<step>/[0-9]{1,4})?")
_PLAIN = re.compile(r"(?:\*|(?P<value>[a-z]+|[0-9]{1,4}))(?:/(?P<step>[0-9]{1,4}))?")
# What croniter knows beyond cron(8), by field: the last day, the weekday nearest to the 15th, the second or
# last Friday.
_EXTENSIONS = MappingProxyType(
    {
        "day": re.compile(r"l|[0-9]{1,2}w|w[0-9]{1,2}"),
        "day_of_week": re.compile(r"(?:[0-9]|[a-z]{3})#[0-9]|l[0-9]"),
    }
)
_UNLIKE_CRON = MappingProxyType(
    {
        "?": "holds Quartz's `?`: write `*` (and mind that Sunday is 0 here, not 1)",
        "h": "holds Jenkins' `H`: write a number, or use `jitter` to spread jobs",
        "r": "holds croniter's random `R`: write a number, or use `jitter` to spread jobs",
    }
)


@lru_cache(maxsize=256)  # a program has few distinct expressions, and may schedule one thousands of times
def parse_crontab(cron: str) -> Pattern:
    """Read the crontab form.

    Args:
        cron: Five fields (minute, hour, day, month, day of week), six with the second first, or an alias such
            as `@daily`.

    Returns:
        The times it names.

    Raises:
        CronError: It is malformed, or a field holds what it must not.
    """
    texts = _split(cron)
    guarded = [_guard(field, text, cron) for field, text in zip(_FIELDS, texts, strict=True)]
    _, minute, hour, day, _, weekday = texts
    read = _expand(guarded, cron)
    # croniter keeps the second in the sixth place, whatever the order it was written in.
    minutes, hours, days, months, weekdays, seconds = read.expanded
    return Pattern(
        seconds=_numbers(FIELDS["second"], seconds),
        minutes=_numbers(FIELDS["minute"], minutes),
        hours=_numbers(FIELDS["hour"], hours),
        months=_numbers(FIELDS["month"], months),
        years=None,
        days=_day_set(days, read.nearest_weekday),
        weekdays=_weekday_set(weekdays, read.nth_weekday_of_month),
        weeks=None,
        # Vixie's rule: of two restricted fields either will do, but one that begins with a star (`*/2` too)
        # only narrows the other.
        either=not (day.startswith("*") or weekday.startswith("*")),
        fixed="*" not in hour and "*" not in minute,
    )


def _split(cron: str) -> list[str]:
    """Take an expression apart into six fields, the second first."""
    text = cron.strip(" \t").lower()
    if text.startswith("@"):
        if text == "@reboot":
            raise CronError("'@reboot' names no time; call the function when the program starts", cron=cron)
        if text not in ALIASES:
            raise CronError(f"unknown alias {cron!r}; known: {', '.join(ALIASES)}", cron=cron)
        text = ALIASES[text]
    fields = _SPACE.split(text)
    if len(fields) not in (5, 6) or not text:
        raise CronError(
            f"{cron!r} has {len(fields) if text else 0} fields; a crontab expression has five (minute hour "
            "day month day-of-week), or six with the second first",
            cron=cron,
        )
    return ["0", *fields] if len(fields) == 5 else fields


def _guard(field: Field, text: str, cron: str) -> str:
    """Check one field for what croniter reads unlike cron(8), and return it as croniter is to see it."""
    return ",".join(_guard_part(field, part, cron) for part in text.split(","))


def _guard_part(field: Field, part: str, cron: str) -> str:
    if not part:
        raise field.error(cron, part, "is an empty part of a list")
    for sign, reason in _UNLIKE_CRON.items():
        if part == sign or part.startswith((f"{sign}/", f"{sign}(")):
            raise field.error(cron, part, reason)
    extension = _EXTENSIONS.get(field.name)
    if extension is not None and extension.fullmatch(part):
        return part
    match = _PLAIN.fullmatch(part)
    if match is not None:
        if match["value"]:
            parse_number(field, match["value"], part, cron)
        if match["step"]:
            check_step(field, int(match["step"]), part, cron)
        return part
    match = _RANGE.fullmatch(part)
    if match is None:
        raise field.error(cron, part, "is not understood")
    return _guard_range(field, match, cron)


def _guard_range(field: Field, match: re.Match[str], cron: str) -> str:
    first, last, step = match["first"], match["last"], match["step"] or ""
    for text in (first, last):
        parse_number(field, text, match[0], cron)
    if step:
        check_step(field, int(step[1:]), match[0], cron)
    if field is _WEEKDAY and first == "7":
        first = "0"
    if first == last:
        return first
    if first.isdigit() and last.isdigit() and int(first) > int(last):
        raise field.error(cron, match[0], "is a range that runs backwards; write it as two ranges")
    return f"{first}-{last}{step}"


def _expand(guarded: list[str], cron: str) -> Any:
    """Have croniter read the fields; if it refuses, find out which one it was."""
    # Imported here: croniter and what it pulls in cost more time than all of this package.
    from croniter import CroniterError, croniter

    try:
        return croniter(" ".join(guarded), 0.0, second_at_beginning=True)
    except (CroniterError, ValueError, TypeError) as error:
        for place, (field, text) in enumerate(zip(_FIELDS, guarded, strict=True)):
            alone = ["*"] * len(_FIELDS)
            alone[place] = text
            try:
                croniter(" ".join(alone), 0.0, second_at_beginning=True)
            except (CroniterError, ValueError, TypeError):
                raise field.error(cron, text, "is not understood") from error
        raise CronError(f"{cron!r} is not understood: {error}", cron=cron) from error


def _numbers(field: Field, expanded: list[Any]) -> tuple[int, ...]:
    if "*" in expanded:  # alone, or in a list: `5,*`
        return tuple(range(field.low, field.high + 1))
    return tuple(sorted(expanded))


def _day_set(expanded: list[Any], nearest: set[int]) -> DaySet | None:
    if nearest:
        return DaySet(nearest=frozenset(nearest))
    if "*" in expanded:  # alone, or in a list: `5,*`
        return None
    return DaySet(days=frozenset(day for day in expanded if day != "l"), last="l" in expanded)


def _weekday_set(expanded: list[Any], nth: dict[int, set[Any]]) -> DaySet | None:
    """Turn croniter's weekdays, which begin with Sunday, into ours, which begin with Monday."""
    if nth:
        return DaySet(
            nth=frozenset(
                ((weekday + 6) % 7, -1 if place == "l" else place)
                for weekday, places in nth.items()
                for place in places
            )
        )
    if "*" in expanded:  # alone, or in a list: `5,*`
        return None
    return DaySet(weekdays=frozenset((weekday + 6) % 7 for weekday in expanded))
