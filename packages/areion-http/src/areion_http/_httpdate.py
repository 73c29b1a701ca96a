"""HTTP dates (RFC 9110 §5.6.7): one form is written, three are read, whatever the process's locale.

The time is an argument wherever a rule depends on it, so that a test can name the moment.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBER: Final = {name: number for number, name in enumerate(_MONTHS, 1)}

_MONTH: Final = rf"(?P<month>{'|'.join(_MONTHS)})"
# The grammar admits second 60, a leap second.
_TIME: Final = r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
_FORMS: Final = (
    # IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
    re.compile(rf"(?:{'|'.join(_DAYS)}), (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT\Z"),
    # rfc850-date: Sunday, 06-Nov-94 08:49:37 GMT
    re.compile(
        r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, "
        rf"(?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT\Z"
    ),
    # asctime-date: Sun Nov  6 08:49:37 1994
    re.compile(rf"(?:{'|'.join(_DAYS)}) {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})\Z"),
)


def parse_http_date(value: str, *, now: datetime | None = None) -> datetime | None:
    """Read an HTTP-date in any of the three forms that a recipient must accept.

    The day's name must be one, but is not compared with the date. A two-digit year that would lie more than
    50 years in the future is taken from the century before (RFC 9110 §5.6.7).

    >>> parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").isoformat()
    '1994-11-06T08:49:37+00:00'
    >>> parse_http_date("yesterday") is None
    True

    Args:
        value: The field value, without surrounding blanks.
        now: The present, aware, for the two-digit years. Default: the clock.

    Returns:
        An aware datetime in UTC, or ``None`` if ``value`` is no HTTP-date: every field that holds one is then
        to be ignored.
    """
    for form in _FORMS:
        match = form.match(value)
        if match is not None:
            break
    else:
        return None
    year = int(match["year"])
    try:
        if len(match["year"]) == 2:
            return _nearest_century(match, year, now or datetime.now(UTC))
        return _moment(match, year)
    except (ValueError, OverflowError):  # a 31 February, the year 0, a leap second after the last year
        return None


def _moment(match: re.Match[str], year: int) -> datetime:
    """Build the date of a match in a four-digit year; second 60 is the first of the next minute."""
    minute = datetime(
        year,
        _MONTH_NUMBER[match["month"]],
        int(match["day"]),
        int(match["hour"]),
        int(match["minute"]),
        tzinfo=UTC,
    )
    return minute + timedelta(seconds=int(match["second"]))


def _nearest_century(match: re.Match[str], year: int, now: datetime) -> datetime:
    """Apply the rule for rfc850 years: at most 50 years ahead, else in the past."""
    century = now.year - now.year % 100
    for candidate in (century + 100 + year, century + year, century - 100 + year):
        try:
            moment = _moment(match, candidate)
        except ValueError:  # 29 February of a year that has none
            continue
        # The same day and time, 50 years before, compared by fields: no calendar arithmetic over leap days.
        if (moment.year - 50, *moment.timetuple()[1:6]) <= (now.year, *now.astimezone(UTC).timetuple()[1:6]):
            return moment
    raise ValueError("this day is in none of the three centuries")


def format_http_date(moment: datetime | float) -> str:
    """Write a moment as IMF-fixdate, the only form that may be sent (RFC 9110 §5.6.7).

    >>> format_http_date(784111777)
    'Sun, 06 Nov 1994 08:49:37 GMT'

    Args:
        moment: An aware datetime, or seconds since the epoch; fractions of a second are cut off.

    Raises:
        ValueError: If a datetime has no time zone, or the moment is outside the years 1 to 9999.
    """
    if isinstance(moment, datetime):
        if moment.utcoffset() is None:
            raise ValueError(f"moment: expected an aware datetime, got {moment!r}; add tzinfo=datetime.UTC")
        utc = moment.astimezone(UTC)
    else:
        try:
            utc = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=moment // 1)
        except OverflowError:
            raise ValueError(f"moment: {moment!r} seconds is outside the years 1 to 9999") from None
    return (
        f"{_DAYS[utc.weekday()]}, {utc.day:02} {_MONTHS[utc.month - 1]} {utc.year:04} "
        f"{utc.hour:02}:{utc.minute:02}:{utc.second:02} GMT"
    )
