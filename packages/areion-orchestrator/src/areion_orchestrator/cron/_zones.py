"""Time zones: finding one, and asking it where a wall-clock time lies on the line of real instants.

Nothing here knows about schedules. Wall-clock times are naive datetimes; instants are naive datetimes in UTC,
which compare and subtract without surprises (aware ones of one zone compare by wall clock, PEP 495).
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from areion_orchestrator.errors import CronError

_ZERO = timedelta(0)
_ONE_SECOND = timedelta(seconds=1)
_ONE_DAY = timedelta(days=1)


class SystemZone(tzinfo):
    """The system's own time zone, by the C library's rules, for systems that do not say its IANA name."""

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """Return the system's offset from UTC at a wall-clock time, `fold` respected."""
        if dt is None:
            return None
        wall = dt.replace(tzinfo=None)
        # Not what astimezone() says the offset is: in a gap, it has moved the time out of it already.
        return wall - wall.astimezone(UTC).replace(tzinfo=None)

    def dst(self, _dt: datetime | None) -> timedelta | None:
        """Return None: the C library does not tell how much of the offset is daylight saving."""
        return None

    def tzname(self, dt: datetime | None) -> str | None:
        """Return the system's abbreviation at a wall-clock time."""
        return None if dt is None else dt.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, dt: datetime) -> datetime:
        """Return the wall-clock time of an instant, with `fold` set in the second pass of an overlap."""
        local = dt.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
        later = local.replace(fold=1)
        is_second = local.astimezone(UTC) != dt.replace(tzinfo=UTC) == later.astimezone(UTC)
        return (later if is_second else local).replace(tzinfo=self)

    def __repr__(self) -> str:
        return "SystemZone()"


def resolve_zone(timezone_: str | tzinfo | None) -> tzinfo:
    """Find a time zone.

    Args:
        timezone_: An IANA name (`"Europe/Berlin"`), a tzinfo, or None for the system's own zone.

    Returns:
        The zone. A pytz zone, which knows nothing of `fold`, is replaced by the ZoneInfo of the same name.

    Raises:
        CronError: There is no such zone, or the argument is something else.
    """
    if timezone_ is None:
        return _system_zone()
    if isinstance(timezone_, str):
        return _named_zone(timezone_)
    if not isinstance(timezone_, tzinfo):
        raise CronError(
            f"timezone must be an IANA name, a tzinfo or None for the system's zone, not {timezone_!r}"
        )
    pytz_name = getattr(timezone_, "zone", None)
    if isinstance(pytz_name, str) and hasattr(timezone_, "localize"):
        return _named_zone(pytz_name)
    return timezone_


def _named_zone(name: str) -> tzinfo:
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = available_timezones()
        if not known:
            reason = "this system has no time zone data; install the package `tzdata`"
        else:
            near = get_close_matches(name, known, n=1)
            reason = f"did you mean {near[0]!r}?" if near else "names look like 'Europe/Berlin'"
        raise CronError(f"unknown time zone {name!r}: {reason}") from error


def _system_zone() -> tzinfo:
    """Find the system's zone, by its IANA name if it says one: its rules are the same on every machine."""
    name = os.environ.get("TZ", "").removeprefix(":")
    if not name:
        target = os.path.realpath("/etc/localtime")
        _, marker, name = target.partition("/zoneinfo/")
        if not marker:
            return SystemZone()
    try:
        return UTC if name in ("UTC", "Etc/UTC") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return SystemZone()


def zone_name(zone: tzinfo) -> str:
    """Return what to call a zone in messages."""
    return getattr(zone, "key", None) or str(zone)


def is_constant(zone: tzinfo) -> bool:
    """Tell whether a zone's offset never changes."""
    return isinstance(zone, timezone)


def offset_at(zone: tzinfo, instant: datetime) -> timedelta:
    """Return a zone's offset from UTC at an instant."""
    return instant.replace(tzinfo=UTC).astimezone(zone).utcoffset() or _ZERO


def wall_at(zone: tzinfo, instant: datetime) -> datetime:
    """Return the wall-clock time in a zone at an instant, aware, with `fold` set."""
    return instant.replace(tzinfo=UTC).astimezone(zone)


def offsets_around(zone: tzinfo, wall: datetime) -> tuple[timedelta, timedelta]:
    """Return the offsets from UTC that a wall-clock time may be read with.

    Both are the same for an ordinary time. Around a change they are the one before it and the one after it:
    before > after in an overlap (the time comes twice), before < after in a gap (it does not come).
    """
    before = zone.utcoffset(wall.replace(fold=0)) or _ZERO
    after = zone.utcoffset(wall.replace(fold=1)) or _ZERO
    if not isinstance(zone, ZoneInfo | timezone):
        # In a gap, dateutil ignores `fold` and Python 3.11's system zone gets it wrong; but no time in a gap
        # survives a round trip.
        instant = wall - before
        if wall_at(zone, instant).replace(tzinfo=None, fold=0) != wall.replace(fold=0):
            return offset_at(zone, instant - _ONE_DAY), offset_at(zone, instant + _ONE_DAY)
    return before, after


def find_change(zone: tzinfo, wall: datetime, before: timedelta, after: timedelta) -> datetime:
    """Find the instant at which the clock changes around a wall-clock time in a gap or overlap.

    Args:
        zone: The time zone.
        wall: A wall-clock time for which `offsets_around` returned two different offsets.
        before: The first of them.
        after: The second of them.

    Returns:
        The first instant, to the second, at which the new offset holds.
    """
    low, high = wall - max(before, after), wall - min(before, after)
    while high - low > _ONE_SECOND:
        middle = low + timedelta(seconds=(high - low) // _ONE_SECOND // 2)
        if offset_at(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high
