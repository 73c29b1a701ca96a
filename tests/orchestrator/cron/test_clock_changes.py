"""The table: schedules across gaps and overlaps of the clock, in zones that change it in different ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from areion_orchestrator import CronSchedule

# zone, cron, from (UTC), due moments: local time with offset
TABLE = [
    # UTC never changes.
    ("UTC", "30 2 * * *", "2026-03-28 12:00", ["2026-03-29 02:30+00:00", "2026-03-30 02:30+00:00"]),
    # Berlin, gap 02:00 → 03:00 on 29 March 2026: a fixed job runs once, right after it.
    ("Europe/Berlin", "30 2 * * *", "2026-03-28 12:00", ["2026-03-29 03:00+02:00", "2026-03-30 02:30+02:00"]),
    ("Europe/Berlin", "0 2 * * *", "2026-03-28 12:00", ["2026-03-29 03:00+02:00", "2026-03-30 02:00+02:00"]),
    ("Europe/Berlin", "59 1 * * *", "2026-03-28 12:00", ["2026-03-29 01:59+01:00", "2026-03-30 01:59+02:00"]),
    ("Europe/Berlin", "0 3 * * *", "2026-03-28 12:00", ["2026-03-29 03:00+02:00", "2026-03-30 03:00+02:00"]),
    # Several fixed moments in one gap, and one at its end, are due once.
    (
        "Europe/Berlin",
        "0,15,30 2,3 * * *",
        "2026-03-28 12:00",
        [
            "2026-03-29 03:00+02:00",
            "2026-03-29 03:15+02:00",
            "2026-03-29 03:30+02:00",
            "2026-03-30 02:00+02:00",
        ],
    ),
    # A fixed job asked for in the middle of its gap night, after the gap: nothing is due twice.
    ("Europe/Berlin", "30 2 * * *", "2026-03-29 01:00", ["2026-03-30 02:30+02:00"]),
    ("Europe/Berlin", "30 2 * * *", "2026-03-29 00:59", ["2026-03-29 03:00+02:00"]),
    # A wildcard job finds no such minute in the gap.
    ("Europe/Berlin", "30 * * * *", "2026-03-29 00:00", ["2026-03-29 01:30+01:00", "2026-03-29 03:30+02:00"]),
    ("Europe/Berlin", "* 2 * * *", "2026-03-28 12:00", ["2026-03-30 02:00+02:00", "2026-03-30 02:01+02:00"]),
    (
        "Europe/Berlin",
        "*/20 2 * * *",
        "2026-03-28 12:00",
        ["2026-03-30 02:00+02:00", "2026-03-30 02:20+02:00"],
    ),
    (
        "Europe/Berlin",
        "0 */2 * * *",
        "2026-03-28 23:30",
        ["2026-03-29 04:00+02:00", "2026-03-29 06:00+02:00"],
    ),
    # The star may stand anywhere in a list.
    (
        "Europe/Berlin",
        "5,*/30 2 * * *",
        "2026-03-28 12:00",
        ["2026-03-30 02:00+02:00", "2026-03-30 02:05+02:00"],
    ),
    # Berlin, overlap 03:00 → 02:00 on 25 October 2026: a fixed job runs in the first pass only.
    ("Europe/Berlin", "30 2 * * *", "2026-10-24 12:00", ["2026-10-25 02:30+02:00", "2026-10-26 02:30+01:00"]),
    ("Europe/Berlin", "0 2 * * *", "2026-10-24 12:00", ["2026-10-25 02:00+02:00", "2026-10-26 02:00+01:00"]),
    ("Europe/Berlin", "0 3 * * *", "2026-10-24 12:00", ["2026-10-25 03:00+01:00", "2026-10-26 03:00+01:00"]),
    # Asked between the passes, and in the second: it was due already.
    ("Europe/Berlin", "30 2 * * *", "2026-10-25 00:45", ["2026-10-26 02:30+01:00"]),
    ("Europe/Berlin", "30 2 * * *", "2026-10-25 01:15", ["2026-10-26 02:30+01:00"]),
    (
        "Europe/Berlin",
        "0,30 1-3 * * *",
        "2026-10-25 00:10",
        [
            "2026-10-25 02:30+02:00",
            "2026-10-25 03:00+01:00",
            "2026-10-25 03:30+01:00",
            "2026-10-26 01:00+01:00",
        ],
    ),
    # A wildcard job runs in both passes.
    (
        "Europe/Berlin",
        "30 * * * *",
        "2026-10-24 23:45",
        ["2026-10-25 02:30+02:00", "2026-10-25 02:30+01:00", "2026-10-25 03:30+01:00"],
    ),
    (
        "Europe/Berlin",
        "*/30 2 * * *",
        "2026-10-24 12:00",
        [
            "2026-10-25 02:00+02:00",
            "2026-10-25 02:30+02:00",
            "2026-10-25 02:00+01:00",
            "2026-10-25 02:30+01:00",
            "2026-10-26 02:00+01:00",
        ],
    ),
    ("Europe/Berlin", "@hourly", "2026-10-25 00:00", ["2026-10-25 02:00+01:00", "2026-10-25 03:00+01:00"]),
    # The dict form follows the same rules: what is left out is a star, or fixed at its minimum.
    ("Europe/Berlin", {"hour": 2}, "2026-03-28 12:00", ["2026-03-29 03:00+02:00", "2026-03-30 02:00+02:00"]),
    (
        "Europe/Berlin",
        {"minute": 30},
        "2026-03-29 00:00",
        ["2026-03-29 01:30+01:00", "2026-03-29 03:30+02:00"],
    ),
    (
        "Europe/Berlin",
        {"hour": "*/1"},
        "2026-10-25 00:00",
        ["2026-10-25 02:00+01:00", "2026-10-25 03:00+01:00"],
    ),
    # Seconds: a fixed hour and minute stays fixed, whatever the second.
    (
        "Europe/Berlin",
        "*/20 30 2 * * *",
        "2026-03-28 12:00",
        ["2026-03-29 03:00+02:00", "2026-03-30 02:30+02:00"],
    ),
    (
        "Europe/Berlin",
        "*/40 59 2 * * *",
        "2026-10-25 00:59:30",
        ["2026-10-25 02:59:40+02:00", "2026-10-26 02:59+01:00"],
    ),
    # New York: gap 02:00 → 03:00 on 8 March, overlap 02:00 → 01:00 on 1 November 2026.
    (
        "America/New_York",
        "15 2 * * *",
        "2026-03-07 12:00",
        ["2026-03-08 03:00-04:00", "2026-03-09 02:15-04:00"],
    ),
    (
        "America/New_York",
        "15 1 * * *",
        "2026-10-31 12:00",
        ["2026-11-01 01:15-04:00", "2026-11-02 01:15-05:00"],
    ),
    (
        "America/New_York",
        "15 */1 * * *",
        "2026-11-01 04:30",
        ["2026-11-01 01:15-04:00", "2026-11-01 01:15-05:00", "2026-11-01 02:15-05:00"],
    ),
    # Lord Howe moves by half an hour: gap 02:00 → 02:30 on 4 October, overlap 02:00 → 01:30 on 5 April 2026.
    (
        "Australia/Lord_Howe",
        "15 2 * * *",
        "2026-10-03 00:00",
        ["2026-10-04 02:30+11:00", "2026-10-05 02:15+11:00"],
    ),
    (
        "Australia/Lord_Howe",
        "45 2 * * *",
        "2026-10-03 00:00",
        ["2026-10-04 02:45+11:00", "2026-10-05 02:45+11:00"],
    ),
    (
        "Australia/Lord_Howe",
        "45 1 * * *",
        "2026-04-04 00:00",
        ["2026-04-05 01:45+11:00", "2026-04-06 01:45+10:30"],
    ),
    (
        "Australia/Lord_Howe",
        "15 1 * * *",
        "2026-04-04 00:00",
        ["2026-04-05 01:15+11:00", "2026-04-06 01:15+10:30"],
    ),
    (
        "Australia/Lord_Howe",
        "*/15 * * * *",
        "2026-04-04 14:20",
        [
            "2026-04-05 01:30+11:00",
            "2026-04-05 01:45+11:00",
            "2026-04-05 01:30+10:30",
            "2026-04-05 01:45+10:30",
            "2026-04-05 02:00+10:30",
        ],
    ),
    # Beirut changes at midnight: gap 00:00 → 01:00 on 27 March, overlap 00:00 → 23:00 on 29 October 2022.
    ("Asia/Beirut", "0 0 * * *", "2022-03-25 23:00", ["2022-03-27 01:00+03:00", "2022-03-28 00:00+03:00"]),
    ("Asia/Beirut", "@weekly", "2022-03-21 00:00", ["2022-03-27 01:00+03:00", "2022-04-03 00:00+03:00"]),
    ("Asia/Beirut", "30 23 * * *", "2022-10-29 12:00", ["2022-10-29 23:30+03:00", "2022-10-30 23:30+02:00"]),
    ("Asia/Beirut", "0 0 * * *", "2022-10-29 12:00", ["2022-10-30 00:00+02:00", "2022-10-31 00:00+02:00"]),
    (
        "Asia/Beirut",
        "30 * * * *",
        "2022-10-29 20:00",
        ["2022-10-29 23:30+03:00", "2022-10-29 23:30+02:00", "2022-10-30 00:30+02:00"],
    ),
    # São Paulo did so until 2019: gap 00:00 → 01:00 on 4 November, overlap 00:00 → 23:00 on 17 February 2018.
    (
        "America/Sao_Paulo",
        "0 0 * * *",
        "2018-11-03 12:00",
        ["2018-11-04 01:00-02:00", "2018-11-05 00:00-02:00"],
    ),
    (
        "America/Sao_Paulo",
        "0 0 4 11 *",
        "2018-11-01 12:00",
        ["2018-11-04 01:00-02:00", "2019-11-04 00:00-03:00"],
    ),
    (
        "America/Sao_Paulo",
        "30 23 * * *",
        "2018-02-17 12:00",
        ["2018-02-17 23:30-02:00", "2018-02-18 23:30-03:00"],
    ),
    (
        "America/Sao_Paulo",
        "0 0 * * *",
        "2026-11-03 12:00",
        ["2026-11-04 00:00-03:00", "2026-11-05 00:00-03:00"],
    ),
    # Samoa left out 30 December 2011: what was fixed on that day is due when the next one begins.
    (
        "Pacific/Apia",
        "0 12 * * *",
        "2011-12-29 00:00",
        ["2011-12-29 12:00-10:00", "2011-12-31 00:00+14:00", "2011-12-31 12:00+14:00"],
    ),
    (
        "Pacific/Apia",
        "0 */12 * * *",
        "2011-12-29 11:00",
        ["2011-12-29 12:00-10:00", "2011-12-31 00:00+14:00", "2011-12-31 12:00+14:00"],
    ),
    # Venezuela moved its clock for good by half an hour: gap 02:30 → 03:00 on 1 May 2016.
    (
        "America/Caracas",
        "45 2 * * *",
        "2016-04-30 12:00",
        ["2016-05-01 03:00-04:00", "2016-05-02 02:45-04:00"],
    ),
    # Troll changes by two hours: overlap 03:00 → 01:00 on 25 October 2026.
    (
        "Antarctica/Troll",
        "30 2 * * *",
        "2026-10-24 12:00",
        ["2026-10-25 02:30+02:00", "2026-10-26 02:30+00:00"],
    ),
]


@pytest.mark.parametrize(("zone", "cron", "start", "expected"), TABLE)
def test_due_moments_around_a_change_of_the_clock(zone, cron, start, expected):
    """Each row's moments are due in this order, with the right offset, and no other comes between them."""
    schedule = CronSchedule(cron, zone)
    found = schedule.preview(len(expected), datetime.fromisoformat(start).replace(tzinfo=UTC))
    assert [moment.isoformat(" ") for moment in found] == [
        datetime.fromisoformat(text).isoformat(" ") for text in expected
    ]


@pytest.mark.parametrize(("zone", "cron", "start", "expected"), TABLE)
def test_a_due_moment_is_strictly_after_the_one_asked_for(zone, cron, start, expected):
    """A microsecond before a due moment finds it, the moment itself finds the next."""
    schedule = CronSchedule(cron, zone)
    first = datetime.fromisoformat(expected[0]).astimezone(UTC)
    found = schedule.next_after(first - timedelta(microseconds=1))
    assert found is not None
    assert found.astimezone(UTC) == first
    following = schedule.next_after(found)
    assert following is not None
    assert following.astimezone(UTC) > first
