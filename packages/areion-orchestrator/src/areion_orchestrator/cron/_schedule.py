"""When a schedule is due: wall-clock matches laid onto real instants, through every change of the clock.

The rules are those of Debian's cron(8), extended to the second:

* **Fixed** schedules (no `*` in hour or minute) name moments of the day. Each is due once: in the first pass
  of an overlap, and right after the gap if it falls into one. Several that fall into one gap are due once.
* **Wildcard** schedules (`*` or `*/n` in hour or minute) name readings of the clock. Each is due whenever
  the clock shows it: in both passes of an overlap, and not at all in a gap.

The rules hold for every change of a zone's offset, not only for daylight saving.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import Any

from areion_orchestrator.cron._crontab import parse_crontab
from areion_orchestrator.cron._dict_form import parse_dict
from areion_orchestrator.cron._zones import (
    find_change,
    is_constant,
    offsets_around,
    resolve_zone,
    wall_at,
    zone_name,
)
from areion_orchestrator.errors import CronError

_ONE_SECOND = timedelta(seconds=1)
_FIRST_DATE = datetime(1970, 1, 1)  # noqa: DTZ001 - a reading of a wall clock


class CronSchedule:
    """When a cron expression is due, in a time zone, through daylight saving.

    A schedule is immutable, comparable and safe to share between threads. It computes; it runs nothing.

    Example:
        >>> from datetime import datetime, timezone
        >>> schedule = CronSchedule("30 2 * * *", "Europe/Berlin")
        >>> moment = datetime(2026, 3, 28, 12, tzinfo=timezone.utc)
        >>> print(schedule.next_after(moment))  # 02:30 does not exist that night
        2026-03-29 03:00:00+02:00

    Args:
        cron: The dict form `{"hour": 3, "minute": "*/10"}` (keys second, minute, hour, day, month, year,
            day_of_week, week; 0 is Monday; day and day_of_week must both match; fields smaller than the
            smallest given are at their minimum, others `*`), or the crontab form `"*/10 3 * * *"` (five
            fields, six with the second first, or an alias such as `@daily`; 0 and 7 are Sunday).
        timezone: An IANA name, a tzinfo, or None for the system's own time zone.

    Raises:
        CronError: A ValueError: the expression is malformed, names a date that no calendar has, or the time
            zone is unknown. The message names the field and what it allows.
    """

    __slots__ = ("_constant", "_pattern", "_zone", "cron")

    cron: str | Mapping[str, Any]

    def __init__(self, cron: str | Mapping[str, Any], timezone: str | tzinfo | None = None) -> None:
        if isinstance(cron, str):
            self.cron = cron
            self._pattern = parse_crontab(cron)
        elif isinstance(cron, Mapping):
            self.cron = dict(cron)
            self._pattern = parse_dict(cron)
        else:
            raise CronError(
                f"a cron expression is a dict such as {{'hour': 3}} or a text such as '0 3 * * *', not a "
                f"{type(cron).__name__}: {cron!r}",
                cron=cron,
            )
        self._zone = resolve_zone(timezone)
        self._constant = is_constant(self._zone)
        if self._pattern.next_from(_FIRST_DATE) is None:
            raise CronError(f"{cron!r} never matches: no year has such a date", cron=cron)

    @property
    def timezone(self) -> tzinfo:
        """The time zone that the expression is read in."""
        return self._zone

    @property
    def is_fixed(self) -> bool:
        """Whether it names fixed hours and minutes (no `*` in either), each of which is due once a day."""
        return self._pattern.fixed

    def next_after(self, moment: datetime) -> datetime | None:
        """Find when the schedule is due next.

        Args:
            moment: Any aware datetime, of any zone. A naive one is a wall-clock time of the schedule's zone.

        Returns:
            The first due moment strictly after `moment`, aware and in the schedule's time zone, on a whole
            second; or None when there is no more.
        """
        try:
            instant = self._to_utc(moment)
            if self._constant:
                return self._next_plain(instant)
            return self._next_fixed(instant) if self._pattern.fixed else self._next_wildcard(instant)
        except OverflowError:  # the calendar of datetime ends with the year 9999
            return None

    def upcoming(self, after: datetime | None = None) -> Iterator[datetime]:
        """Yield every due moment after `after` (default: now), in order, as long as there are more."""
        moment = self.next_after(datetime.now(UTC) if after is None else after)
        while moment is not None:
            yield moment
            moment = self.next_after(moment)

    def preview(self, count: int = 5, after: datetime | None = None) -> list[datetime]:
        """Return the next `count` due moments after `after` (default: now); fewer when there are no more."""
        return list(islice(self.upcoming(after), count))

    def latest_between(self, after: datetime, until: datetime) -> datetime | None:
        """Find the last due moment that is later than `after` and not later than `until`, or None."""
        low, high = self._to_utc(after), self._to_utc(until)
        if low >= high or self._first_between(low, high) is None:
            return None
        # "Is anything due in (x, until]?" is true up to the last due moment and false from there on: bisect.
        last = high
        while last - low > _ONE_SECOND:
            middle = low + (last - low) / 2
            if self._first_between(middle, high) is None:
                last = middle
            else:
                low = middle
        return self._first_between(low, high)

    def _first_between(self, low: datetime, high: datetime) -> datetime | None:
        found = self.next_after(low.replace(tzinfo=UTC))
        return None if found is None or self._to_utc(found) > high else found

    def _to_utc(self, moment: datetime) -> datetime:
        if not isinstance(moment, datetime):
            raise TypeError(f"a moment is a datetime, not {moment!r} (a {type(moment).__name__})")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self._zone)
        return moment.astimezone(UTC).replace(tzinfo=None)

    def _next_plain(self, instant: datetime) -> datetime | None:
        wall = wall_at(self._zone, instant).replace(tzinfo=None, microsecond=0)
        found = self._pattern.next_from(wall + _ONE_SECOND)
        return None if found is None else found.replace(tzinfo=self._zone)

    def _next_fixed(self, instant: datetime) -> datetime | None:
        wall, before, after, fold = self._locate(instant)
        start = wall + _ONE_SECOND
        if fold and before > after:
            # In the second pass: all that the overlap repeats was due in the first.
            start = max(start, find_change(self._zone, wall, before, after) + before)
        while (found := self._pattern.next_from(start)) is not None:
            before, after = offsets_around(self._zone, found)
            if before >= after:
                due, due_at = found.replace(tzinfo=self._zone), found - before
            else:
                due_at = find_change(self._zone, found, before, after)
                due = wall_at(self._zone, due_at)
            if due_at > instant:
                return due
            start = found + _ONE_SECOND
        return None

    def _next_wildcard(self, instant: datetime) -> datetime | None:
        wall, before, after, fold = self._locate(instant)
        start = wall + _ONE_SECOND
        if before > after and not fold:
            # In the first pass: what is left of it comes first, then the second pass from its beginning.
            change = find_change(self._zone, wall, before, after)
            found = self._pattern.next_from(start)
            if found is not None and found < change + before:
                return found.replace(tzinfo=self._zone)
            start = change + after
        while (found := self._pattern.next_from(start)) is not None:
            before, after = offsets_around(self._zone, found)
            if before < after:
                start = find_change(self._zone, found, before, after) + after
            elif found - before > instant:
                return found.replace(tzinfo=self._zone)
            elif found - after > instant:
                return found.replace(tzinfo=self._zone, fold=1)
            else:
                start = found + _ONE_SECOND
        return None

    def _locate(self, instant: datetime) -> tuple[datetime, timedelta, timedelta, int]:
        """Return the wall clock at an instant, the offsets it may be read with, and which pass it is."""
        aware = wall_at(self._zone, instant)
        wall = aware.replace(tzinfo=None, microsecond=0, fold=0)
        return wall, *offsets_around(self._zone, wall), aware.fold

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CronSchedule):
            return NotImplemented
        return self._pattern == other._pattern and self._zone == other._zone

    def __hash__(self) -> int:
        return hash((self._pattern, self._zone))

    def __repr__(self) -> str:
        return f"CronSchedule({self.cron!r}, {zone_name(self._zone)!r})"
