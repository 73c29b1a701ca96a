from __future__ import annotations

from datetime import UTC, datetime

import pytest
from areion_orchestrator import CronError, CronSchedule

START = datetime(2026, 1, 1, 12, 34, 56, tzinfo=UTC)  # a Thursday


def due(cron, count=3, start=START):
    return [
        moment.strftime("%Y-%m-%d %H:%M:%S") for moment in CronSchedule(cron, "UTC").preview(count, start)
    ]


TABLE = [
    # what is smaller than the smallest given is at its minimum, the rest is a star
    ({"hour": "*/1"}, ["2026-01-01 13:00:00", "2026-01-01 14:00:00"]),
    ({"hour": "0", "minute": "0"}, ["2026-01-02 00:00:00", "2026-01-03 00:00:00"]),
    ({"minute": 30}, ["2026-01-01 13:30:00", "2026-01-01 14:30:00"]),
    ({"second": "*/10"}, ["2026-01-01 12:35:00", "2026-01-01 12:35:10"]),
    ({"second": 5}, ["2026-01-01 12:35:05", "2026-01-01 12:36:05"]),
    ({"day": 15}, ["2026-01-15 00:00:00", "2026-02-15 00:00:00"]),
    ({"month": 2}, ["2026-02-01 00:00:00", "2027-02-01 00:00:00"]),
    ({"year": 2028}, ["2028-01-01 00:00:00"]),
    ({"year": "2027-2029/2"}, ["2027-01-01 00:00:00", "2029-01-01 00:00:00"]),
    ({"day_of_week": "mon"}, ["2026-01-05 00:00:00", "2026-01-12 00:00:00"]),
    ({"month": 2, "day_of_week": "sun"}, ["2026-02-01 00:00:00", "2026-02-08 00:00:00"]),
    ({"month": 3, "hour": 6}, ["2026-03-01 06:00:00", "2026-03-02 06:00:00"]),
    ({"year": "*", "second": 0}, ["2026-01-01 12:35:00", "2026-01-01 12:36:00"]),
    # 0 is Monday
    ({"day_of_week": 0}, ["2026-01-05 00:00:00"]),
    ({"day_of_week": 6}, ["2026-01-04 00:00:00"]),
    ({"day_of_week": "mon-fri", "hour": 9}, ["2026-01-02 09:00:00", "2026-01-05 09:00:00"]),
    ({"day_of_week": "SAT,Sun"}, ["2026-01-03 00:00:00", "2026-01-04 00:00:00", "2026-01-10 00:00:00"]),
    ({"day_of_week": "fri-mon"}, ["2026-01-02 00:00:00", "2026-01-03 00:00:00", "2026-01-04 00:00:00"]),
    # day and day_of_week must both match
    (
        {"day": 13, "day_of_week": "fri"},
        ["2026-02-13 00:00:00", "2026-03-13 00:00:00", "2026-11-13 00:00:00"],
    ),
    ({"day": "1-7", "day_of_week": "mon"}, ["2026-01-05 00:00:00", "2026-02-02 00:00:00"]),
    # ISO weeks: 2026 has 53 of them, and its first begins in 2025
    ({"week": 1, "day_of_week": 0}, ["2027-01-04 00:00:00", "2028-01-03 00:00:00"]),
    ({"week": 53, "day_of_week": 0}, ["2026-12-28 00:00:00", "2032-12-27 00:00:00"]),
    ({"week": 53, "day_of_week": 4}, ["2027-01-01 00:00:00", "2032-12-31 00:00:00"]),
    ({"week": 2}, ["2026-01-05 00:00:00", "2026-01-06 00:00:00"]),
    (
        {"week": "*/26", "day_of_week": 2, "hour": 8},
        ["2026-07-01 08:00:00", "2026-12-30 08:00:00", "2027-01-06 08:00:00"],
    ),
    # month ends and leap days
    ({"day": 31}, ["2026-01-31 00:00:00", "2026-03-31 00:00:00", "2026-05-31 00:00:00"]),
    ({"day": "last"}, ["2026-01-31 00:00:00", "2026-02-28 00:00:00", "2026-03-31 00:00:00"]),
    ({"month": 2, "day": 29}, ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
    ({"month": 2, "day": 29, "day_of_week": 0}, ["2044-02-29 00:00:00", "2072-02-29 00:00:00"]),
    ({"day": "2nd fri"}, ["2026-01-09 00:00:00", "2026-02-13 00:00:00"]),
    ({"day": "last mon,1"}, ["2026-01-26 00:00:00", "2026-02-01 00:00:00", "2026-02-23 00:00:00"]),
    ({"day": "5th sat"}, ["2026-01-31 00:00:00", "2026-05-30 00:00:00"]),
    # names, lists, ranges, steps, and values that are not texts
    ({"month": "jan,JUL", "day": 1}, ["2026-07-01 00:00:00", "2027-01-01 00:00:00"]),
    ({"month": "nov-feb"}, ["2026-02-01 00:00:00", "2026-11-01 00:00:00", "2026-12-01 00:00:00"]),
    ({"hour": [6, "18-20/2"]}, ["2026-01-01 18:00:00", "2026-01-01 20:00:00", "2026-01-02 06:00:00"]),
    ({"hour": (3, 4)}, ["2026-01-02 03:00:00", "2026-01-02 04:00:00"]),
    ({"hour": range(0, 24, 12)}, ["2026-01-02 00:00:00", "2026-01-02 12:00:00"]),
    ({"minute": "50/5"}, ["2026-01-01 12:50:00", "2026-01-01 12:55:00", "2026-01-01 13:50:00"]),
    ({"minute": " 5 , 10-12 "}, ["2026-01-01 13:05:00", "2026-01-01 13:10:00", "2026-01-01 13:11:00"]),
    ({"hour": 1, "minute": 2, "second": 3}, ["2026-01-02 01:02:03"]),
]


@pytest.mark.parametrize(("cron", "expected"), TABLE)
def test_meaning(cron, expected):
    """Each dict is due at these moments, from noon of 1 January 2026 on."""
    assert due(cron, len(expected)) == expected


BAD = [
    ({}, None, "at least one of"),
    ({"hours": 1}, "hours", "did you mean 'hour'"),
    ({"func": 1}, "func", "unknown cron field"),
    ({"hour": "*,24"}, "hour", "out of range 0-23"),
    ({"hour": 24}, "hour", "0-23"),
    ({"hour": -1}, "hour", "0-23"),
    ({"minute": 60}, "minute", "0-59"),
    ({"second": "60"}, "second", "0-59"),
    ({"day": 0}, "day", "1-31"),
    ({"day": 32}, "day", "1-31"),
    ({"month": 13}, "month", "1-12"),
    ({"week": 54}, "week", "1-53"),
    ({"year": 1969}, "year", "1970-9999"),
    ({"day_of_week": 7}, "day_of_week", "0-6 or mon-sun"),
    ({"day_of_week": "monday"}, "day_of_week", "unknown name 'monday'"),
    ({"hour": "5-1"}, "hour", "backwards"),
    ({"hour": "*/0"}, "hour", "step"),
    ({"minute": "*/90"}, "minute", "step"),
    ({"hour": ""}, "hour", "empty"),
    ({"hour": []}, "hour", "empty"),
    ({"hour": "1,,2"}, "hour", "empty"),
    ({"hour": "1 2"}, "hour", "not understood"),
    ({"hour": "٣"}, "hour", "not understood"),
    ({"hour": "0x1"}, "hour", "not understood"),
    ({"hour": None}, "hour", "NoneType"),
    ({"hour": True}, "hour", "bool"),
    ({"hour": 1.0}, "hour", "float"),
    ({"hour": {}}, "hour", "dict"),
    ({"day": "6th fri"}, "day", "not understood"),
    ({"day": 30, "month": 2}, None, "never matches"),
    ({"day": 31, "month": "feb,apr,jun,sep,nov"}, None, "never matches"),
    ({"year": 2027, "month": 2, "day": 29}, None, "never matches"),
    ({"week": 1, "month": 6}, None, "never matches"),
]


@pytest.mark.parametrize(("cron", "field", "words"), BAD)
def test_refusal(cron, field, words):
    """What makes no sense is a ValueError that names the field and says what is allowed."""
    with pytest.raises(ValueError) as caught:
        CronSchedule(cron, "UTC")
    assert isinstance(caught.value, CronError)
    assert words in str(caught.value)
    assert caught.value.field == field
    assert field is None or repr(field) in str(caught.value)


def test_the_callers_dict_is_not_kept():
    """A dict that is changed after the schedule was made does not change the schedule."""
    cron = {"hour": 3}
    schedule = CronSchedule(cron, "UTC")
    cron["hour"] = 5
    assert schedule.cron == {"hour": 3}
