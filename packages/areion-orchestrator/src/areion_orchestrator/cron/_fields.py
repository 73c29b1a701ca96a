"""The fields of a schedule and the small language in which one field is written.

One parser for one field of the dict form: text or numbers in, a set of numbers out. It knows nothing of
calendars, of the other fields, or of time zones. The crontab form shares the table of fields and the limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from types import MappingProxyType
from typing import Any

from areion_orchestrator.errors import CronError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# `*`, `5`, `mon`, `1-5`, `mon-fri`, each with an optional step. ASCII digits only: int() would take others.
_PART = re.compile(
    r"(?:\*|(?P<first>[0-9]{1,4}|[a-z]+)(?:-(?P<last>[0-9]{1,4}|[a-z]+))?)(?:/(?P<step>[0-9]{1,4}))?"
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name, the numbers it may hold and the names that stand for them."""

    name: str
    low: int
    high: int
    names: Mapping[str, int] = dataclass_field(default_factory=dict)

    def allowed(self) -> str:
        """Say in words what may be written in this field."""
        text = f"{self.low}-{self.high}"
        if self.names:
            by_value = sorted(self.names, key=self.names.__getitem__)
            text += f" or {by_value[0]}-{by_value[-1]}"
        return text

    def error(self, cron: Any, value: Any, reason: str) -> CronError:
        """Build the error for `value` standing in this field."""
        return CronError(
            f"cron field {self.name!r}: {value!r} {reason} (allowed: {self.allowed()}, `*`, `*/n`, `a-b`, "
            f"`a-b/n` and lists of these; in {cron!r})",
            cron=cron,
            field=self.name,
        )


_MONTH_NAMES = MappingProxyType({name: number for number, name in enumerate(_MONTHS, 1)})
_WEEKDAY_NAMES = MappingProxyType({name: number for number, name in enumerate(WEEKDAYS)})

# The last year is the calendar's own; the first is where the Unix epoch begins, as in the predecessor.
FIELDS = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Field("second", 0, 59),
            Field("minute", 0, 59),
            Field("hour", 0, 23),
            Field("day", 1, 31),
            Field("month", 1, 12, _MONTH_NAMES),
            Field("year", 1970, 9999),
            Field("day_of_week", 0, 6, _WEEKDAY_NAMES),
            Field("week", 1, 53),
        )
    }
)


def parse(field: Field, value: Any, cron: Any) -> frozenset[int] | None:
    """Read one field of the dict form.

    Args:
        field: Which field it is.
        value: A number, a text such as `"*/15"` or `"mon-fri,sun"`, or a list, tuple, set or range of these.
        cron: The whole expression, for the error message.

    Returns:
        The numbers that match, or None where everything matches (`*`).

    Raises:
        CronError: The value is of a wrong type, malformed or out of range.
    """
    found = [_parse_part(field, part, cron) for part in split(field, value, cron)]
    numbers = [each for each in found if each is not None]
    return frozenset().union(*numbers) if len(numbers) == len(found) else None


def split(field: Field, value: Any, cron: Any) -> list[str]:
    """Take a field's value apart into its comma-separated parts, lower case, without outer blanks."""
    parts: list[str] = []
    for item in _items(value):
        # bool is an int to Python, but {"hour": True} is a slip, not one o'clock.
        if isinstance(item, bool) or not isinstance(item, int | str):
            raise field.error(cron, item, f"is a {type(item).__name__}, not a number or a text")
        parts.extend(part.strip().lower() for part in str(item).split(","))
    if not all(parts):
        raise field.error(cron, value, "is empty, or has an empty part")
    return parts


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple | set | frozenset | range):
        return value or [""]
    return [value]


def _parse_part(field: Field, part: str, cron: Any) -> Iterable[int] | None:
    match = _PART.fullmatch(part)
    if match is None:
        raise field.error(cron, part, "is not understood")
    first_text, last_text, step_text = match["first"], match["last"], match["step"]
    if first_text is None:
        if step_text is None:
            return None
        first, last = field.low, field.high
    else:
        first = parse_number(field, first_text, part, cron)
        # `5/10` is "from 5 on, every 10", as cron programs and the predecessor read it.
        last = field.high if step_text else first
        if last_text is not None:
            last = parse_number(field, last_text, part, cron)
    step = int(step_text or 1)
    check_step(field, step, part, cron)
    if first <= last:
        return range(first, last + 1, step)
    if last_text is None or last_text.isdigit() or not first_text or first_text.isdigit():
        raise field.error(cron, part, "is a range that runs backwards; write it as two ranges")
    # Names go round (`fri-mon`, `nov-feb`): there a backward range can mean only one thing.
    around = [*range(first, field.high + 1), *range(field.low, last + 1)]
    return around[::step]


def check_step(field: Field, step: int, part: str, cron: Any) -> None:
    """Refuse steps that cannot do what they say: `*/90` minutes would run every hour."""
    span = field.high - field.low + 1
    if not 1 <= step <= span:
        raise field.error(cron, part, f"has a step outside 1-{span}")


def parse_number(field: Field, text: str, part: str, cron: Any) -> int:
    """Read one number or name of a field; `part` is what it stands in, for the message."""
    if text.isdigit():
        number = int(text)
        if not field.low <= number <= field.high:
            raise field.error(cron, part, f"is out of range {field.low}-{field.high}")
        return number
    try:
        return field.names[text]
    except KeyError:
        raise field.error(cron, part, f"holds the unknown name {text!r}") from None
