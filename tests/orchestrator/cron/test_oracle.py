"""CronSchedule against an oracle that walks the real minutes (or seconds) and looks at the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from areion_orchestrator import CronSchedule
from hypothesis import given, settings
from hypothesis import strategies as st

# Each of these days has a change of the clock, or none, in its zone.
NIGHTS = [
    ("UTC", "2026-03-29"),
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("Europe/Dublin", "2026-03-29"),
    ("Europe/Dublin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("America/St_Johns", "2006-10-29"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Asia/Beirut", "2022-03-27"),
    ("Asia/Beirut", "2022-10-30"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Kwajalein", "1993-08-21"),
    ("America/Caracas", "2016-05-01"),
    ("America/Caracas", "2007-12-09"),
    ("Asia/Kathmandu", "1986-01-01"),
    ("Antarctica/Troll", "2026-03-29"),
    ("Antarctica/Troll", "2026-10-25"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Africa/Casablanca", "2026-03-22"),
    ("Asia/Pyongyang", "2018-05-05"),
]

ONE_MINUTE = timedelta(minutes=1)
ONE_SECOND = timedelta(seconds=1)


@st.composite
def number_fields(draw, low, high):
    """A field in words, the numbers it means, and whether it begins with a star."""
    kind = draw(st.sampled_from(["star", "step", "number", "list", "range", "stepped range"]))
    if kind == "star":
        return "*", set(range(low, high + 1)), True
    if kind == "step":
        step = draw(st.integers(1, high - low + 1))
        return f"*/{step}", set(range(low, high + 1, step)), True
    if kind in ("number", "list"):
        numbers = draw(st.sets(st.integers(low, high), min_size=1, max_size=1 if kind == "number" else 5))
        return ",".join(map(str, numbers)), numbers, False
    first, last = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
    if kind == "range":
        return f"{first}-{last}", set(range(first, last + 1)), False
    step = draw(st.integers(1, high - low + 1))
    return f"{first}-{last}/{step}", set(range(first, last + 1, step)), False


def walk(zone, begin, end, step, lead, matches, fixed):
    """Find what is due in (begin, end] by cron(8)'s rules, one step of real time after the other.

    The walk sets out `lead` earlier, to know what the clock has shown already.
    """
    due = []
    seen = None  # how far the clock has ever been read: what it shows again is a second pass
    instant = begin - lead
    while instant <= end:
        reading = instant.astimezone(zone).replace(tzinfo=None, fold=0)
        if fixed:
            hit = (seen is None or reading > seen) and matches(reading)
            missed = reading if seen is None else seen + step
            while missed < reading and not hit:  # a gap: look at the readings that were jumped over
                hit = matches(missed)
                missed += step
        else:
            hit = matches(reading)
        seen = reading if seen is None else max(seen, reading)
        if hit and instant > begin:
            due.append(instant)
        instant += step
    return due


@pytest.mark.parametrize(("zone", "day"), NIGHTS)
@settings(max_examples=12, deadline=None)
@given(
    minute=number_fields(0, 59),
    hour=number_fields(0, 23),
    day_of_month=number_fields(1, 31),
    weekday=number_fields(0, 6),
    offset=st.integers(0, 2 * 24 * 60),
)
def test_crontab_minutes(zone, day, minute, hour, day_of_month, weekday, offset):
    """Over two days around each change, a crontab expression is due exactly when the oracle says."""
    place = ZoneInfo(zone)
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=1) + offset * ONE_MINUTE
    end = begin + timedelta(days=2)
    either = not (day_of_month[2] or weekday[2])

    def matches(reading):
        if reading.minute not in minute[1] or reading.hour not in hour[1]:
            return False
        by_day, by_weekday = reading.day in day_of_month[1], reading.isoweekday() % 7 in weekday[1]
        return (by_day or by_weekday) if either else (by_day and by_weekday)

    text = f"{minute[0]} {hour[0]} {day_of_month[0]} * {weekday[0]}"
    expected = walk(place, begin, end, ONE_MINUTE, timedelta(days=2), matches, not (minute[2] or hour[2]))
    assert collect(CronSchedule(text, zone), begin, end) == expected


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", "2026-03-29T01:00"),
        ("Europe/Berlin", "2026-10-25T01:00"),
        ("Australia/Lord_Howe", "2026-04-04T15:00"),
        ("Australia/Lord_Howe", "2026-10-03T15:30"),
        ("Africa/Monrovia", "1972-01-07T00:44:30"),
    ],
)
@settings(max_examples=8, deadline=None)
@given(
    second=number_fields(0, 59),
    minute=number_fields(0, 59),
    hour=number_fields(0, 23),
    offset=st.integers(0, 5400),
)
def test_dict_seconds(zone, change, second, minute, hour, offset):
    """Over an hour and a half around each change, a dict with seconds is due exactly when the oracle says."""
    place = ZoneInfo(zone)
    begin = datetime.fromisoformat(change).replace(tzinfo=UTC) - timedelta(seconds=offset)
    end = begin + timedelta(minutes=90)

    def matches(reading):
        return reading.second in second[1] and reading.minute in minute[1] and reading.hour in hour[1]

    cron = {"second": second[0], "minute": minute[0], "hour": hour[0]}
    expected = walk(place, begin, end, ONE_SECOND, timedelta(hours=3), matches, not (minute[2] or hour[2]))
    assert collect(CronSchedule(cron, zone), begin, end) == expected


def collect(schedule, begin, end):
    """All that a schedule says is due in (begin, end], in UTC."""
    found = []
    for moment in schedule.upcoming(begin):
        if moment.astimezone(UTC) > end:
            break
        found.append(moment.astimezone(UTC))
    return found


@settings(max_examples=150, deadline=None)
@given(
    day=number_fields(1, 31),
    month=number_fields(1, 12),
    weekday=number_fields(0, 6),
    week=number_fields(1, 53),
    start=st.dates(datetime(1999, 1, 1).date(), datetime(2060, 1, 1).date()),
)
def test_dict_days(day, month, weekday, week, start):
    """A dict of day, month, weekday and ISO week is due on exactly the days that a walk over them finds."""
    cron = {"day": day[0], "month": month[0], "day_of_week": weekday[0], "week": week[0], "hour": 0}
    expected = None
    current = start
    for _ in range(366 * 6):
        current += timedelta(days=1)
        if (
            current.day in day[1]
            and current.month in month[1]
            and current.weekday() in weekday[1]
            and current.isocalendar().week in week[1]
        ):
            expected = current
            break
    begin = datetime(start.year, start.month, start.day, 12, tzinfo=UTC)
    try:
        found = CronSchedule(cron, "UTC").next_after(begin)
    except ValueError:
        assert expected is None
        return
    if expected is not None:
        assert found is not None
        assert found.date() == expected
    else:
        assert found is None or found.date() > current


@settings(max_examples=60, deadline=None)
@given(minute=number_fields(0, 59), hour=number_fields(0, 23), span=st.integers(1, 3000))
def test_latest_between(minute, hour, span):
    """The latest due moment of a span is the last of those that upcoming() yields."""
    schedule = CronSchedule(f"{minute[0]} {hour[0]} * * *", "Europe/Berlin")
    begin = datetime(2026, 10, 24, 6, tzinfo=UTC)
    end = begin + span * ONE_MINUTE
    due = collect(schedule, begin, end)
    latest = schedule.latest_between(begin, end)
    assert (latest and latest.astimezone(UTC)) == (due[-1] if due else None)
