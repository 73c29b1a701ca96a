"""Which wall-clock times a schedule names, on a calendar without time zones.

A Pattern is what both written forms come down to. It answers one question, `next_from(start)`, with naive
datetimes; what a gap or an overlap of the clock makes of the answer is decided in `_schedule`, never here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, timedelta
from typing import TypeAlias

# The Gregorian calendar, weekdays and ISO weeks included, repeats after this many years. What has not
# matched by then never will.
CALENDAR_CYCLE_YEARS = 400

_ONE_DAY = timedelta(days=1)
_DAYS_IN_MONTH = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LAST = -1

TimeOfDay: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class DaySet:
    """Days of a month, named in any of the ways that the two forms know; any of them will do.

    Attributes:
        days: Days by number.
        weekdays: Days by weekday, 0 is Monday.
        nth: Pairs of weekday and occurrence: (4, 2) is the second Friday, (4, -1) the last.
        last: The last day of the month.
        nearest: Days by number, moved to the nearest Monday to Friday of the same month.
    """

    days: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    nth: frozenset[tuple[int, int]] = frozenset()
    last: bool = False
    nearest: frozenset[int] = frozenset()

    def contains(self, day: int, weekday: int, length: int) -> bool:
        """Tell whether `day`, a `weekday` in a month of `length` days, is named."""
        return (
            day in self.days
            or weekday in self.weekdays
            or (self.last and day == length)
            or (bool(self.nth) and self._is_nth(day, weekday, length))
            or (bool(self.nearest) and self._is_nearest(day, weekday, length))
        )

    def is_numbers_only(self) -> bool:
        """Tell whether the days are named by number and in no other way."""
        return not (self.weekdays or self.nth or self.last or self.nearest)

    def _is_nth(self, day: int, weekday: int, length: int) -> bool:
        return (weekday, (day + 6) // 7) in self.nth or (day > length - 7 and (weekday, _LAST) in self.nth)

    def _is_nearest(self, day: int, weekday: int, length: int) -> bool:
        return any(
            day == _nearest_weekday(target, (weekday + target - day) % 7, length)
            for target in (min(number, length) for number in self.nearest)
        )


def _nearest_weekday(day: int, weekday: int, length: int) -> int:
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < length else day - 2
    return day


@dataclass(frozen=True, slots=True)
class Pattern:
    """All the wall-clock times that one expression names.

    Attributes:
        seconds: Seconds that match, ascending.
        minutes: Minutes that match, ascending.
        hours: Hours that match, ascending.
        months: Months that match, ascending.
        years: Years that match, ascending; None is every year.
        days: What the day-of-month field names; None is every day.
        weekdays: What the day-of-week field names; None is every day.
        weeks: ISO weeks that match; None is every week.
        either: Whether a day needs to match only one of `days` and `weekdays`.
        fixed: Whether it names fixed hours and minutes (neither was written with `*`), which decides what
            happens when the clock changes.
    """

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    years: tuple[int, ...] | None
    days: DaySet | None
    weekdays: DaySet | None
    weeks: frozenset[int] | None
    either: bool
    fixed: bool

    def next_from(self, start: datetime) -> datetime | None:
        """Find the first match at or after `start`.

        Args:
            start: A naive datetime on a whole second.

        Returns:
            A naive datetime, or None when the calendar holds no further match.
        """
        time = self._time_from(start.hour, start.minute, start.second)
        if time is None:
            if start.date() == date.max:
                return None
            start += _ONE_DAY
            time = self._first_time()
        today = (start.year, start.month, start.day)
        found = self._day_from(*today)
        if found is None:
            return None
        time = time if found == today else self._first_time()
        return datetime(*found, *time)  # noqa: DTZ001 - a reading of a wall clock

    def _first_time(self) -> TimeOfDay:
        return self.hours[0], self.minutes[0], self.seconds[0]

    def _time_from(self, hour: int, minute: int, second: int) -> TimeOfDay | None:
        """Find the first time of day at or after the one given, or None when there is none left today."""
        hours, minutes, seconds = self.hours, self.minutes, self.seconds
        at = bisect_left(hours, hour)
        if at == len(hours):
            return None
        if hours[at] > hour:
            return hours[at], minutes[0], seconds[0]
        minute_at = bisect_left(minutes, minute)
        if minute_at < len(minutes) and minutes[minute_at] == minute:
            second_at = bisect_left(seconds, second)
            if second_at < len(seconds):
                return hour, minute, seconds[second_at]
            minute_at += 1
        if minute_at < len(minutes):
            return hour, minutes[minute_at], seconds[0]
        if at + 1 < len(hours):
            return hours[at + 1], minutes[0], seconds[0]
        return None

    def _day_from(self, year: int, month: int, day: int) -> tuple[int, int, int] | None:
        """Find the first day at or after the one given that matches, as (year, month, day)."""
        for this_year in self._years_from(year):
            for this_month in self.months:
                if this_year == year and this_month < month:
                    continue
                first = day if (this_year, this_month) == (year, month) else 1
                found = self._day_in(this_year, this_month, first)
                if found is not None:
                    return this_year, this_month, found
        return None

    def _years_from(self, year: int) -> Iterable[int]:
        if self.years is None:
            return range(year, min(year + CALENDAR_CYCLE_YEARS, MAXYEAR) + 1)
        return self.years[bisect_left(self.years, year) :]

    def _day_in(self, year: int, month: int, first: int) -> int | None:
        """Find the first day of one month, from the day `first` on, that matches."""
        if self.days is None and self.weekdays is None and self.weeks is None:
            return first
        length = _DAYS_IN_MONTH[month]
        if month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
            length = 29
        weekday_of_first = date(year, month, first).weekday()
        for day in self._candidates(first, length):
            weekday = (weekday_of_first + day - first) % 7
            if self._day_matches(day, weekday, length) and self._week_matches(year, month, day):
                return day
        return None

    def _candidates(self, first: int, length: int) -> Iterable[int]:
        """Return the days worth a look: few when only numbered days can match."""
        days = self.days
        if days is None or self.either or not days.is_numbers_only():
            return range(first, length + 1)
        return sorted(day for day in days.days if first <= day <= length)

    def _day_matches(self, day: int, weekday: int, length: int) -> bool:
        by_day = self.days is None or self.days.contains(day, weekday, length)
        if by_day is self.either:
            return by_day
        return self.weekdays is None or self.weekdays.contains(day, weekday, length)

    def _week_matches(self, year: int, month: int, day: int) -> bool:
        return self.weeks is None or date(year, month, day).isocalendar().week in self.weeks
