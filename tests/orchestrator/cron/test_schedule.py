from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from areion_orchestrator import CronError, CronSchedule
from areion_orchestrator.cron._zones import SystemZone
from croniter import croniter
from dateutil import tz as dateutil_tz
from hypothesis import given, settings
from hypothesis import strategies as st

BERLIN = ZoneInfo("Europe/Berlin")


def test_the_result_is_in_the_zone_of_the_schedule():
    """Whatever zone the moment is in, the result is in the schedule's, with its tzinfo."""
    schedule = CronSchedule("0 9 * * *", "Europe/Berlin")
    found = schedule.next_after(datetime(2026, 7, 1, 22, tzinfo=ZoneInfo("America/New_York")))
    assert found == datetime(2026, 7, 2, 9, tzinfo=BERLIN)
    assert found.tzinfo is schedule.timezone is BERLIN


def test_a_moment_in_the_second_pass_is_told_from_one_in_the_first():
    """`fold` of the moment asked for is respected: 02:30 comes twice, and so does what is after it."""
    schedule = CronSchedule("*/30 * * * *", "Europe/Berlin")
    first = schedule.next_after(datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0))
    second = schedule.next_after(datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1))
    assert (first.isoformat(), second.isoformat()) == (
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    )
    assert first.fold == 1


def test_a_naive_moment_is_a_reading_of_the_schedules_clock():
    """A moment without a zone is taken in the schedule's zone, not in the machine's."""
    schedule = CronSchedule("0 9 * * *", "Asia/Tokyo")
    assert schedule.next_after(datetime(2026, 1, 1, 8, 59)).isoformat() == "2026-01-01T09:00:00+09:00"
    assert schedule.next_after(datetime(2026, 1, 1, 9, 0)).isoformat() == "2026-01-02T09:00:00+09:00"


def test_microseconds():
    """A due moment is on a whole second, and strictly after the moment asked for."""
    schedule = CronSchedule("* * * * * *", "UTC")
    moment = datetime(2026, 1, 1, 0, 0, 5, 1, tzinfo=UTC)
    assert schedule.next_after(moment) == datetime(2026, 1, 1, 0, 0, 6, tzinfo=UTC)
    assert schedule.next_after(moment.replace(microsecond=0)) == datetime(2026, 1, 1, 0, 0, 6, tzinfo=UTC)
    almost = datetime(2026, 1, 1, 0, 0, 5, 999_999, tzinfo=UTC)
    assert schedule.next_after(almost) == datetime(2026, 1, 1, 0, 0, 6, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_none_when_there_is_no_more(zone):
    """A year in the past, the last due moment and the end of the calendar lead to None, never to an error."""
    past = CronSchedule({"year": 2000}, zone)
    assert past.next_after(datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert past.next_after(datetime(1999, 6, 1, tzinfo=UTC)).year == 2000
    assert past.next_after(past.next_after(datetime(1999, 6, 1, tzinfo=UTC))) is None
    always = CronSchedule("* * * * * *", zone)
    for moment in (
        datetime.max,
        datetime.max.replace(tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ):
        assert always.next_after(moment) is None
    assert CronSchedule("@yearly", zone).next_after(datetime(9999, 6, 1, tzinfo=UTC)) is None


def test_the_beginning_of_the_calendar():
    """The first moments of the calendar are not an error either."""
    assert CronSchedule("@yearly", "UTC").next_after(datetime.min.replace(tzinfo=UTC)).year == 2


def test_preview_and_upcoming():
    """preview() returns so many moments, upcoming() goes on; both end where the schedule does."""
    schedule = CronSchedule({"year": "2026-2028"}, "UTC")
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    assert [moment.year for moment in schedule.preview(2, begin)] == [2026, 2027]
    assert [moment.year for moment in schedule.upcoming(begin)] == [2026, 2027, 2028]
    now = datetime.now(UTC)
    assert CronSchedule("* * * * * *", "UTC").preview(1)[0] > now


def test_equality_hash_and_repr():
    """Two spellings of the same times in one zone are equal; repr shows the expression and the zone."""
    one, two = CronSchedule("0 0 * * *", "UTC"), CronSchedule("@daily", "UTC")
    assert one == two
    assert hash(one) == hash(two)
    assert one != CronSchedule("@daily", "Europe/Berlin")
    assert one != "0 0 * * *"
    assert repr(CronSchedule("@daily", "Europe/Berlin")) == "CronSchedule('@daily', 'Europe/Berlin')"
    assert CronSchedule({"hour": "*"}, "UTC") != CronSchedule({"hour": "0-23"}, "UTC")  # star or not matters


def test_the_zone_by_name_tzinfo_or_default():
    """A zone is an IANA name, a tzinfo, or the system's own."""
    for zone in ("Europe/Berlin", BERLIN):
        assert CronSchedule("@daily", zone).timezone is BERLIN
    fixed = timezone(timedelta(hours=5, minutes=30))
    found = CronSchedule("@daily", fixed).next_after(datetime(2026, 1, 1, tzinfo=UTC))
    assert found.isoformat() == "2026-01-02T00:00:00+05:30"
    assert isinstance(CronSchedule("@daily").timezone, tzinfo)
    assert CronSchedule("@daily", "utc").timezone is UTC


@pytest.mark.parametrize("zone", ["Europe/Berln", "", "../etc/passwd", "/etc/localtime", 5, b"UTC"])
def test_an_unknown_zone_is_a_value_error(zone):
    """What is no zone is refused in words."""
    with pytest.raises(CronError, match="zone"):
        CronSchedule("@daily", zone)


def test_a_misspelt_zone_gets_a_hint():
    """A name that is nearly right is answered with the right one."""
    with pytest.raises(CronError, match="did you mean 'Europe/Berlin'"):
        CronSchedule("@daily", "Europe/Berln")


class _LikePytz(tzinfo):
    """A zone of the kind that ignores `fold` and has a `localize` method and a name."""

    zone = "Europe/Berlin"

    def localize(self, moment):
        return moment


def test_a_pytz_zone_is_replaced():
    """pytz knows nothing of fold, so its zones are replaced by those of the standard library."""
    assert CronSchedule("@daily", _LikePytz()).timezone is BERLIN


@pytest.mark.parametrize("cron", ["30 2 * * *", "*/30 * * * *", "0 3 * * *"])
@pytest.mark.parametrize("day", ["2026-03-28T23:10", "2026-10-24T23:10"])
def test_a_dateutil_zone_gives_the_same(cron, day):
    """dateutil's zones, which ignore fold in a gap, lead to the same moments as zoneinfo's."""
    begin = datetime.fromisoformat(day).replace(tzinfo=UTC)
    foreign = CronSchedule(cron, dateutil_tz.gettz("Europe/Berlin")).preview(8, begin)
    own = CronSchedule(cron, BERLIN).preview(8, begin)
    assert [moment.timestamp() for moment in foreign] == [moment.timestamp() for moment in own]


_SYSTEM_ZONE_PROGRAM = """
from datetime import UTC, datetime
from areion_orchestrator import CronSchedule
from areion_orchestrator.cron._zones import SystemZone
for zone in (None, SystemZone()):
    for cron in ("30 2 * * *", "*/30 * * * *"):
        for begin in (datetime(2026, 3, 28, 23, 10, tzinfo=UTC), datetime(2026, 10, 24, 23, 10, tzinfo=UTC)):
            print([m.isoformat() for m in CronSchedule(cron, zone).preview(6, begin)])
    print(repr(CronSchedule("@daily", zone).timezone))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="TZ is POSIX")
@pytest.mark.parametrize(
    ("value", "first"),
    [
        (":Europe/Berlin", "zoneinfo.ZoneInfo(key='Europe/Berlin')"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "SystemZone()"),
    ],
)
def test_the_systems_zone(value, first):
    """TZ decides, by IANA name if it holds one, else by the C library's rules; the moments are the same."""
    done = subprocess.run(
        [sys.executable, "-c", _SYSTEM_ZONE_PROGRAM],
        env={**os.environ, "TZ": value},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = done.stdout.splitlines()
    assert lines[4] == first
    assert lines[9] == "SystemZone()"
    assert lines[:4] == lines[5:9]
    expected = [
        [moment.isoformat() for moment in CronSchedule(cron, BERLIN).preview(6, begin)]
        for cron in ("30 2 * * *", "*/30 * * * *")
        for begin in (datetime(2026, 3, 28, 23, 10, tzinfo=UTC), datetime(2026, 10, 24, 23, 10, tzinfo=UTC))
    ]
    assert lines[:4] == [str(moments) for moments in expected]


def test_the_system_zone_has_a_name_and_no_dst():
    """The zone without a name answers what tzinfo must answer."""
    zone = SystemZone()
    moment = datetime(2026, 1, 1, tzinfo=zone)
    assert moment.tzname()
    assert moment.dst() is None
    assert zone.utcoffset(None) is zone.tzname(None) is None


@settings(max_examples=150, deadline=None)
@given(
    minute=st.sampled_from(["*", "*/7", "0", "30-35", "5,50"]),
    hour=st.sampled_from(["*", "*/5", "0", "8-17/3", "22,23"]),
    day=st.sampled_from(["*", "1", "29,30,31", "10-20/5", "L"]),
    month=st.sampled_from(["*", "2", "jan-mar", "*/5"]),
    weekday=st.sampled_from(["*", "0", "mon-fri", "6,7", "2#2", "L5"]),
    begin=st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)),
)
def test_where_no_clock_changes_croniter_agrees(minute, hour, day, month, weekday, begin):
    """In UTC, the moments are those that croniter finds."""
    text = f"{minute} {hour} {day} {month} {weekday}"
    begin = begin.replace(tzinfo=UTC)
    if day != "*" and ("#" in weekday or weekday.startswith("L")):
        return  # croniter lets both match; here the rule is the same for all weekdays
    theirs = croniter(text, begin)
    assert CronSchedule(text, "UTC").preview(4, begin) == [theirs.get_next(datetime) for _ in range(4)]


@pytest.mark.parametrize("moment", [None, 5, "2026-01-01", datetime(2026, 1, 1).date()])
def test_a_moment_is_a_datetime(moment):
    """Anything else is a TypeError that says so."""
    with pytest.raises(TypeError, match="a moment is a datetime"):
        CronSchedule("@daily", "UTC").next_after(moment)


def test_schedules_survive_pickle_and_copy():
    """A schedule may be sent to another process."""
    schedule = CronSchedule({"hour": "*/2"}, "Europe/Berlin")
    assert pickle.loads(pickle.dumps(schedule)) == copy.deepcopy(schedule) == schedule
