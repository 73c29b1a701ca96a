from __future__ import annotations

from datetime import UTC, datetime

import pytest
from areion_orchestrator import CronError, CronSchedule
from areion_orchestrator.cron._crontab import ALIASES

START = datetime(2026, 1, 1, 12, 34, 56, tzinfo=UTC)  # a Thursday


def due(cron, count=3, start=START):
    return [
        moment.strftime("%Y-%m-%d %H:%M:%S") for moment in CronSchedule(cron, "UTC").preview(count, start)
    ]


TABLE = [
    ("* * * * *", ["2026-01-01 12:35:00", "2026-01-01 12:36:00"]),
    ("*/15 * * * *", ["2026-01-01 12:45:00", "2026-01-01 13:00:00"]),
    ("5,10-12,50/5 12 * * *", ["2026-01-01 12:50:00", "2026-01-01 12:55:00", "2026-01-02 12:05:00"]),
    ("0 9 * * mon-fri", ["2026-01-02 09:00:00", "2026-01-05 09:00:00"]),
    ("0 0 1 JAN *", ["2027-01-01 00:00:00", "2028-01-01 00:00:00"]),
    (" 0\t0  1 * * ", ["2026-02-01 00:00:00"]),
    # a star in a list takes in all the rest of the list
    ("5,* 13 * * *", ["2026-01-01 13:00:00", "2026-01-01 13:01:00", "2026-01-01 13:02:00"]),
    ("0 *,3 * * *", ["2026-01-01 13:00:00", "2026-01-01 14:00:00"]),
    ("0 0 L,* * *", ["2026-01-02 00:00:00", "2026-01-03 00:00:00"]),
    ("0 0 * 2,* mon,*", ["2026-01-02 00:00:00", "2026-01-03 00:00:00"]),
    # six fields: the second comes first
    ("30 * * * * *", ["2026-01-01 12:35:30", "2026-01-01 12:36:30"]),
    (
        "*/20 0 13 * * *",
        ["2026-01-01 13:00:00", "2026-01-01 13:00:20", "2026-01-01 13:00:40", "2026-01-02 13:00:00"],
    ),
    ("0 30 6 * * mon", ["2026-01-05 06:30:00", "2026-01-12 06:30:00"]),
    # 0 and 7 are Sunday
    ("0 0 * * 0", ["2026-01-04 00:00:00", "2026-01-11 00:00:00"]),
    ("0 0 * * 7", ["2026-01-04 00:00:00", "2026-01-11 00:00:00"]),
    ("0 0 * * 1", ["2026-01-05 00:00:00", "2026-01-12 00:00:00"]),
    (
        "0 0 * * 5-7",
        ["2026-01-02 00:00:00", "2026-01-03 00:00:00", "2026-01-04 00:00:00", "2026-01-09 00:00:00"],
    ),
    ("0 0 * * 0-7", ["2026-01-02 00:00:00", "2026-01-03 00:00:00"]),
    ("0 0 * * sat-sun", ["2026-01-03 00:00:00", "2026-01-04 00:00:00", "2026-01-10 00:00:00"]),
    (
        "0 0 * * fri-mon",
        [
            "2026-01-02 00:00:00",
            "2026-01-03 00:00:00",
            "2026-01-04 00:00:00",
            "2026-01-05 00:00:00",
            "2026-01-09 00:00:00",
        ],
    ),
    # a range of one value is that value, which croniter alone takes for the whole field
    ("5-5 * * * *", ["2026-01-01 13:05:00", "2026-01-01 14:05:00"]),
    ("0 0 * * 3-3", ["2026-01-07 00:00:00", "2026-01-14 00:00:00"]),
    # day OR weekday when both are restricted
    ("0 0 13 * 5", ["2026-01-02 00:00:00", "2026-01-09 00:00:00", "2026-01-13 00:00:00"]),
    (
        "0 0 1-7 * 1",
        [
            "2026-01-02 00:00:00",
            "2026-01-03 00:00:00",
            "2026-01-04 00:00:00",
            "2026-01-05 00:00:00",
            "2026-01-06 00:00:00",
            "2026-01-07 00:00:00",
            "2026-01-12 00:00:00",
        ],
    ),
    ("0 0 31 2 5", ["2026-02-06 00:00:00", "2026-02-13 00:00:00"]),
    ("0 0 1-31 * 1", ["2026-01-02 00:00:00", "2026-01-03 00:00:00"]),
    ("0 0 1 * 0-6", ["2026-01-02 00:00:00", "2026-01-03 00:00:00"]),
    # AND when one of them begins with a star
    ("0 0 */2 * 1", ["2026-01-05 00:00:00", "2026-01-19 00:00:00", "2026-02-09 00:00:00"]),
    ("0 0 13 * */5", ["2026-02-13 00:00:00", "2026-03-13 00:00:00", "2026-09-13 00:00:00"]),
    ("0 0 13 * *", ["2026-01-13 00:00:00", "2026-02-13 00:00:00"]),
    ("0 0 * * 5", ["2026-01-02 00:00:00", "2026-01-09 00:00:00"]),
    # leap days and month ends
    ("0 0 29 2 *", ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
    (
        "0 0 29 2 */7",
        ["2032-02-29 00:00:00", "2060-02-29 00:00:00", "2088-02-29 00:00:00", "2128-02-29 00:00:00"],
    ),
    ("0 0 31 * *", ["2026-01-31 00:00:00", "2026-03-31 00:00:00"]),
    ("0 0 30 2,4 *", ["2026-04-30 00:00:00", "2027-04-30 00:00:00"]),
    # croniter's additions: the last day, the nearest weekday, the n-th and the last weekday of a month
    ("0 0 L * *", ["2026-01-31 00:00:00", "2026-02-28 00:00:00"]),
    ("0 0 15,L 2 *", ["2026-02-15 00:00:00", "2026-02-28 00:00:00"]),
    ("0 0 15W 2,8 *", ["2026-02-16 00:00:00", "2026-08-14 00:00:00"]),
    ("0 0 1W 2,8 *", ["2026-02-02 00:00:00", "2026-08-03 00:00:00"]),
    ("0 0 31W 1,5 *", ["2026-01-30 00:00:00", "2026-05-29 00:00:00"]),
    ("0 0 * * fri#2", ["2026-01-09 00:00:00", "2026-02-13 00:00:00"]),
    ("0 0 * * L5", ["2026-01-30 00:00:00", "2026-02-27 00:00:00"]),
    ("0 0 * * 0#1,L0", ["2026-01-04 00:00:00", "2026-01-25 00:00:00"]),
]


@pytest.mark.parametrize(("cron", "expected"), TABLE)
def test_meaning(cron, expected):
    """Each expression is due at these moments, from noon of 1 January 2026 on."""
    assert due(cron, len(expected)) == expected


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("@yearly", "2027-01-01 00:00:00"),
        ("@annually", "2027-01-01 00:00:00"),
        ("@monthly", "2026-02-01 00:00:00"),
        ("@weekly", "2026-01-04 00:00:00"),
        ("@daily", "2026-01-02 00:00:00"),
        ("@midnight", "2026-01-02 00:00:00"),
        ("@hourly", "2026-01-01 13:00:00"),
        ("@Daily", "2026-01-02 00:00:00"),
    ],
)
def test_aliases(alias, expected):
    """The names of crontab(5) stand for their expressions, in any case."""
    assert alias.lower() in ALIASES
    assert due(alias, 1) == [expected]


BAD = [
    ("", None, "0 fields"),
    ("* * * *", None, "4 fields"),
    ("* * * * * * *", None, "7 fields"),
    ("@reboot", None, "names no time"),
    ("@fortnightly", None, "known: @yearly"),
    ("60 * * * *", "minute", "0-59"),
    ("60 * * * * *", "second", "0-59"),
    ("* 24 * * *", "hour", "0-23"),
    ("* * 0 * *", "day", "1-31"),
    ("* * 32 * *", "day", "1-31"),
    ("* * * 0 *", "month", "1-12 or jan-dec"),
    ("* * * 13 *", "month", "1-12"),
    ("* * * * 8", "day_of_week", "0-7 or sun-sat"),
    ("* * * foo *", "month", "unknown name 'foo'"),
    ("* * * * mons", "day_of_week", "unknown name"),
    ("-1 * * * *", "minute", "not understood"),
    ("1- * * * *", "minute", "not understood"),
    ("1,, * * * *", "minute", "empty part"),
    ("1,,2 * * * *", "minute", "empty part"),
    ("*/0 * * * *", "minute", "step"),
    ("*/61 * * * *", "minute", "step"),
    ("0-59/99 * * * *", "minute", "step"),
    ("59-5 * * * *", "minute", "backwards"),
    ("0 22-4 * * *", "hour", "backwards"),
    ("0 0 * * 6-0", "day_of_week", "backwards"),
    ("0 0 ? * 2", "day", "Quartz"),
    ("0 0 1 * ?", "day_of_week", "Quartz"),
    ("H * * * *", "minute", "Jenkins"),
    ("h(0-5) * * * *", "minute", "Jenkins"),
    ("R * * * *", "minute", "random"),
    ("٣ * * * *", "minute", "not understood"),
    ("0 0 * * 5#6", "day_of_week", "not understood"),
    ("0 0 * * 1,5#2", "day_of_week", "not understood"),
    ("0 0 32W * *", "day", "not understood"),
    ("0 0 L * L", "day_of_week", "unknown name"),
    ("L 0 * * *", "minute", "unknown name"),
    ("a b c d e", "minute", "unknown name"),
    ("0 0 30 2 *", None, "never matches"),
    ("0 0 31 4,6,9,11 *", None, "never matches"),
]


@pytest.mark.parametrize(("cron", "field", "words"), BAD)
def test_refusal(cron, field, words):
    """What makes no sense is a ValueError that names the field and says what is allowed."""
    with pytest.raises(ValueError) as caught:
        CronSchedule(cron, "UTC")
    assert isinstance(caught.value, CronError)
    assert words in str(caught.value)
    assert caught.value.field == field
    assert caught.value.cron == cron


@pytest.mark.parametrize("cron", [None, 5, b"* * * * *", ["*"] * 5, object()])
def test_neither_dict_nor_text(cron):
    """An expression of a wrong type is refused, saying what was expected and what came."""
    with pytest.raises(ValueError, match="a dict such as"):
        CronSchedule(cron, "UTC")
