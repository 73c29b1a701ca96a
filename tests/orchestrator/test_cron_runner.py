"""Firing, with a clock that is moved by hand: no drift, misses, overlaps, jitter, handles."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from areion_orchestrator import CronSchedule, Orchestrator, QueueFullError, StoreError
from areion_orchestrator.testing import FakeClock, eventually

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class World:
    """An orchestrator on a fake clock, and what its jobs saw of the time."""

    def __init__(self, start=START, **options):
        self.clock = FakeClock(start)
        self.orchestrator = Orchestrator(timezone="UTC", clock=self.clock, **options)
        self.times = []

    def note(self, *_args):
        self.times.append(self.now())
        return len(self.times)

    def now(self):
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def advance(self, by):
        self.clock.advance(by, self.orchestrator)

    def jump(self, by):
        """Let the machine sleep: the time goes on, and nobody looks."""
        self.clock.set(self.now() + by)
        self.clock.advance(0, self.orchestrator)


@pytest.fixture
def world():
    world = World()
    yield world
    world.orchestrator.shutdown()


@pytest.fixture
def make_world():
    made = []

    def make(start=START, **options):
        made.append(World(start, **options))
        return made[-1]

    yield make
    for each in made:
        each.orchestrator.shutdown()


def texts(caplog, level=logging.WARNING):
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


def test_two_years(make_world):
    """Over two years of a fake clock, each job runs exactly when the calendar says: none lost, doubled or late."""
    world = make_world()
    runs = Counter()
    late = []
    jobs = {}

    def run(name):
        runs[name] += 1
        if world.now() not in jobs[name]:
            late.append((name, world.now()))

    schedules = {
        "six-hourly": ("0 */6 * * *", "UTC"),
        "nightly in Berlin": ("30 2 * * *", "Europe/Berlin"),
        "monthly": ({"day": 31}, "UTC"),
        "weekly": ({"week": "*/2", "day_of_week": "mon"}, "America/New_York"),
        "leap day": ("0 0 29 2 *", "Australia/Lord_Howe"),
        "summer": ({"month": "jun-aug", "day_of_week": "sun", "hour": 12}, "America/Sao_Paulo"),
    }
    end = START + timedelta(days=731)
    for name, (cron, zone) in schedules.items():
        world.orchestrator.add_cron_job(run, cron, args=(name,), id=name, timezone=zone)
        upcoming = CronSchedule(cron, zone).upcoming(START)
        jobs[name] = {moment.astimezone(UTC) for moment in upcoming_until(upcoming, end)}
    world.orchestrator.start()
    world.advance(end - START)
    assert runs == {name: len(moments) for name, moments in jobs.items() if moments}
    assert runs["six-hourly"] == 731 * 4
    assert runs["nightly in Berlin"] == 731
    assert not late


def upcoming_until(moments, end):
    for moment in moments:
        if moment.astimezone(UTC) > end:
            return
        yield moment


def test_nothing_fires_before_start(world):
    """A job that comes due before start() is not run."""
    job = world.orchestrator.schedule_cron_task(world.note, "0 * * * *")
    assert job.next_run == START + HOUR
    world.jump(2 * HOUR)
    world.orchestrator.start()
    world.advance(HOUR)
    assert world.times == [START + 3 * HOUR]


def test_there_is_no_drift(world):
    """A run that takes long does not move the next: instants come from the schedule, not from when a run ended."""

    def slow():
        world.note()
        world.clock._now += 17  # the run takes 17 seconds

    world.orchestrator.schedule_cron_task(slow, "* * * * *")
    world.orchestrator.start()
    world.advance(5 * MINUTE)
    assert [moment.second for moment in world.times] == [0, 0, 0, 0, 0]
    assert [moment.minute for moment in world.times] == [1, 2, 3, 4, 5]


def test_missed_instants_within_the_grace_time_are_run_once(world, caplog):
    """A machine that slept for half an hour makes up for a job of each minute by one run, and says so."""
    caplog.set_level(logging.INFO)
    job = world.orchestrator.schedule_cron_task(world.note, "* * * * *")
    world.orchestrator.start()
    world.advance(MINUTE)
    world.jump(30 * MINUTE)
    assert world.times == [START + MINUTE, START + 31 * MINUTE]
    assert job.last_run == START + 31 * MINUTE
    assert any("made up for by one" in text for text in texts(caplog, logging.INFO))
    world.advance(MINUTE)
    assert world.times[-1] == START + 32 * MINUTE


def test_an_instant_older_than_the_grace_time_is_skipped_and_logged(make_world, caplog):
    """What is too old to be of use is skipped, and the log says when it was due and why."""
    world = make_world(misfire_grace=600)
    job = world.orchestrator.schedule_cron_task(world.note, "0 1 * * *")
    world.orchestrator.start()
    world.jump(HOUR + timedelta(seconds=601))
    assert world.times == []
    assert job.skipped == 1
    (text,) = texts(caplog)
    assert "2026-01-01 01:00:00+00:00 is skipped" in text
    assert "misfire_grace" in text
    assert job.next_run == START + timedelta(days=1, hours=1)


@pytest.mark.parametrize(("late", "count"), [(600, 1), (601, 0)])
def test_the_edge_of_the_grace_time(make_world, late, count):
    """Exactly as late as the grace time is still in time; a second more is not."""
    world = make_world(misfire_grace=600)
    world.orchestrator.schedule_cron_task(world.note, "0 1 * * *")
    world.orchestrator.start()
    world.jump(HOUR + timedelta(seconds=late))
    assert len(world.times) == count


def test_a_second_late_is_not_dropped(world):
    """Being a second late, which drops runs elsewhere, does not matter under the default grace time."""
    world.orchestrator.schedule_cron_task(world.note, "0 1 * * *")
    world.orchestrator.start()
    world.jump(HOUR + timedelta(seconds=1.5))
    assert len(world.times) == 1


def test_grace_for_ever(make_world):
    """With misfire_grace=None, even a run missed months ago is made up for."""
    world = make_world(misfire_grace=None)
    world.orchestrator.schedule_cron_task(world.note, "0 0 2 1 *")
    world.orchestrator.start()
    world.jump(timedelta(days=200))
    assert len(world.times) == 1


def test_without_coalescing_each_missed_instant_is_run(make_world):
    """With coalesce=False, five missed minutes are five runs, one after another."""
    world = make_world(coalesce=False)
    running, most = [0], [0]

    def run():
        running[0] += 1
        most[0] = max(most[0], running[0])
        world.note()
        running[0] -= 1

    job = world.orchestrator.schedule_cron_task(run, "* * * * *")
    world.orchestrator.start()
    world.jump(5 * MINUTE)
    assert (len(world.times), job.runs, most[0]) == (5, 5, 1)


def test_missed_instants_beyond_the_bound_are_told_of(make_world, monkeypatch, caplog):
    """Without coalescing, so many are made up for and no more; a line says that the rest is skipped."""
    monkeypatch.setattr("areion_orchestrator._cron_runner.MOST_MADE_UP", 3)
    world = make_world(coalesce=False)
    job = world.orchestrator.schedule_cron_task(world.note, "* * * * *")
    world.orchestrator.start()
    world.jump(3 * MINUTE)
    assert job.runs == 3
    assert not texts(caplog)
    world.jump(5 * MINUTE)
    assert job.runs == 6
    assert "only the first 3 are made up for, the rest is skipped" in texts(caplog)[0]


def test_a_clock_set_back_repeats_no_fixed_moment(world):
    """Half an hour back, as by an administrator: a job at a fixed hour and minute that ran is not run again."""
    world.orchestrator.schedule_cron_task(world.note, "0 1,3 * * *")
    world.orchestrator.start()
    world.advance(HOUR)
    world.jump(-HOUR / 2)
    world.advance(3 * HOUR)
    assert world.times == [START + HOUR, START + 3 * HOUR]


@pytest.mark.parametrize("store", [False, True])
def test_a_clock_set_back_silences_no_wildcard_job(make_world, tmp_path, caplog, store):
    """Two hours back: a job of each minute goes on in the next minute, not in two hours."""
    world = make_world(START + 12 * HOUR, store=tmp_path / "tasks.db" if store else None)
    world.orchestrator.schedule_cron_task(world.note, "* * * * *")
    world.orchestrator.start()
    world.advance(MINUTE)
    world.jump(-2 * HOUR)
    world.advance(3 * MINUTE)
    noon = START + 12 * HOUR
    assert world.times == [noon + MINUTE, *(noon - 2 * HOUR + number * MINUTE for number in (2, 3, 4))]
    assert any("set back by 7200 s" in text for text in texts(caplog))


def test_a_clock_set_back_by_seconds_is_waited_for(world):
    """What a time server corrects by seconds runs nothing twice, whatever the schedule."""
    world.orchestrator.schedule_cron_task(world.note, "* * * * *")
    world.orchestrator.start()
    world.advance(MINUTE)
    world.jump(timedelta(seconds=-30))
    world.advance(2 * MINUTE)
    assert world.times == [START + MINUTE, START + 2 * MINUTE]


def test_a_clock_set_back_when_the_store_is_gone(make_world, tmp_path, monkeypatch, caplog):
    """A store that cannot be asked costs no job its place in the plan."""
    world = make_world(START + 12 * HOUR, store=tmp_path / "tasks.db")
    job = world.orchestrator.schedule_cron_task(world.note, "* * * * *")
    world.orchestrator.start()

    def fail(*_args):
        raise StoreError("the disk is gone", path="tasks.db")

    monkeypatch.setattr(world.orchestrator._backend.durable, "see_job", fail)
    world.jump(-2 * HOUR)
    assert job.next_run == START + 10 * HOUR + MINUTE
    assert any("the disk is gone" in text for text in texts(caplog, logging.ERROR))


@pytest.mark.parametrize("cron", ["0 * * * *", "0 1,2,3,4,5 * * *"])
@pytest.mark.parametrize("store", [False, True])
def test_a_clock_set_back_by_hours_voids_the_plan(make_world, tmp_path, cron, store):
    """Five hours back, every job goes by the new time, also where processes share the firings."""
    world = make_world(START + 5 * HOUR - MINUTE, store=tmp_path / "tasks.db" if store else None)
    world.orchestrator.schedule_cron_task(world.note, cron)
    world.orchestrator.start()
    world.advance(MINUTE)
    world.clock.set(START)
    world.advance(2 * HOUR)
    assert world.times == [START + 5 * HOUR, START + HOUR, START + 2 * HOUR]


def test_a_clock_set_back_by_hours_is_a_correction(world, caplog):
    """A clock that was years ahead when the program started does not stop the jobs for years."""
    world.clock.set(datetime(2099, 1, 1, tzinfo=UTC))
    world.orchestrator.schedule_cron_task(world.note, "0 * * * *")
    world.orchestrator.start()
    world.advance(HOUR)
    world.clock.set(START)
    world.advance(2 * HOUR)
    assert world.times[1:] == [START + HOUR, START + 2 * HOUR]
    assert any("set back" in text for text in texts(caplog))


def test_one_run_of_a_job_at_a_time(world, caplog):
    """A run that is still under way when the next is due makes that one skipped, with a line in the log."""
    go, begun = threading.Event(), []

    def run():
        begun.append(1)
        go.wait(10)

    job = world.orchestrator.schedule_cron_task(run, "* * * * *")
    world.orchestrator.start()
    world.clock.advance(MINUTE)
    eventually(lambda: begun)
    world.clock.advance(2 * MINUTE)
    assert (len(begun), job.running, job.skipped) == (1, 1, 2)
    assert sum("max_instances" in text for text in texts(caplog)) == 2
    go.set()
    world.advance(MINUTE)
    assert len(begun) == 2


def test_max_instances_can_be_raised(world):
    """With max_instances=2, two runs overlap and the third is skipped."""
    go, begun = threading.Event(), []

    def run():
        begun.append(1)
        go.wait(10)

    job = world.orchestrator.add_cron_job(run, "* * * * *", max_instances=2)
    world.orchestrator.start()
    for expected in (1, 2, 2):
        world.clock.advance(MINUTE)
        eventually(lambda count=expected: len(begun) == count)
    assert (job.running, job.skipped) == (2, 1)
    go.set()


def test_a_failing_job_keeps_its_schedule_and_logs_its_traceback(world, caplog):
    """The exception is logged with job, instant and traceback, and kept in the handle until a run succeeds."""
    outcomes = iter([ValueError("first"), None])

    def run():
        world.note()
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome
        return "fine"

    job = world.orchestrator.schedule_cron_task(run, "0 * * * *")
    world.orchestrator.start()
    world.advance(HOUR)
    assert isinstance(job.last_error, ValueError)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert job.id in record.getMessage()
    assert record.exc_info[1] is job.last_error
    world.advance(HOUR)
    assert (job.last_error, job.last_result, job.runs) == (None, "fine", 2)


def test_jitter_delays_within_its_bound_and_does_not_add_up(make_world):
    """Each run is delayed by up to so many seconds after its instant; the next is counted from the instant."""
    world = make_world(jitter=30)
    job = world.orchestrator.schedule_cron_task(world.note, "0 * * * *")
    world.orchestrator.start()
    world.advance(50 * HOUR + timedelta(seconds=30))
    delays = [(moment - START).total_seconds() % 3600 for moment in world.times]
    assert len(delays) == 50
    assert all(0 <= delay <= 30 for delay in delays)
    assert len(set(delays)) > 10
    assert job.last_run == START + 50 * HOUR


def test_arguments_reach_the_function_whatever_their_names(world):
    """Arguments for a cron task are the function's, even if they are named like the scheduler's own."""
    calls = []
    names = {
        "cron": 0,
        "id": 1,
        "name": 2,
        "args": 3,
        "kwargs": 4,
        "second": 5,
        "func": 6,
        "self": 7,
        "timezone": 8,
    }
    world.orchestrator.schedule_cron_task(
        lambda *args, **kwargs: calls.append((args, kwargs)), {"minute": 0}, 1, "two", **names
    )
    world.orchestrator.start()
    world.advance(HOUR)
    assert calls == [((1, "two"), names)]


def test_the_schedule_by_position_or_by_name(world):
    """`cron=` is the schedule where nothing follows the function, and else an argument of the function."""
    orchestrator = world.orchestrator
    assert orchestrator.schedule_cron_task(print, cron="0 3 * * *").schedule.cron == "0 3 * * *"
    job = orchestrator.schedule_cron_task(world.note, {"minute": 0}, cron="mine")
    assert job.schedule.cron == {"minute": 0}
    with pytest.raises(TypeError, match="needs a schedule"):
        orchestrator.schedule_cron_task(print)


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ({"args": "one"}, "args must be of type tuple or list, not 'one' of type str"),
        ({"args": 1}, "args must be of type tuple or list"),
        ({"kwargs": [1]}, "kwargs must be of type Mapping or None"),
        ({"id": 5}, "id must be of type str or None, not 5 of type int"),
    ],
)
def test_arguments_of_a_wrong_type_are_refused(world, slip, words):
    """A slip is an error when the job is scheduled, not in the night when it is due."""
    with pytest.raises(TypeError, match=words):
        world.orchestrator.add_cron_job(print, "* * * * *", **slip)
    assert world.orchestrator.jobs == ()


def test_one_function_many_jobs(world):
    """One function may be scheduled many times; each job has its own id, the same in each process."""
    jobs = [world.orchestrator.schedule_cron_task(world.note, f"{minute} * * * *") for minute in range(3)]
    name = f"{__name__}:World.note"
    assert [job.id for job in jobs] == [name, f"{name}#2", f"{name}#3"]
    assert world.orchestrator.jobs == tuple(jobs)
    world.orchestrator.start()
    world.advance(HOUR)
    assert [moment.minute for moment in world.times] == [1, 2, 0]


def test_an_id_is_unique(world):
    """A second job of an id is refused, naming both."""
    world.orchestrator.add_cron_job(world.note, "@daily", id="report")
    with pytest.raises(
        ValueError, match=r"'report' of CronSchedule\('@hourly'.*taken by 'World.note'.*@daily"
    ):
        world.orchestrator.add_cron_job(print, "@hourly", id="report")


def test_pause_resume_remove(world):
    """A paused job does not run and has no next run; what it missed is not made up for; a removed one is gone."""
    job = world.orchestrator.schedule_cron_task(world.note, "0 * * * *")
    world.orchestrator.start()
    world.advance(HOUR)
    job.pause()
    assert (job.paused, job.next_run) == (True, None)
    world.advance(3 * HOUR)
    job.resume()
    assert job.next_run == START + 5 * HOUR
    world.advance(HOUR)
    assert world.times == [START + HOUR, START + 5 * HOUR]
    assert "next 2026-01-01 06:00" in repr(job)
    job.remove()
    job.remove()
    world.advance(3 * HOUR)
    assert len(world.times) == 2
    assert (world.orchestrator.jobs, job.next_run, "removed" in repr(job)) == ((), None, True)
    with pytest.raises(RuntimeError, match="was removed"):
        job.resume()


def test_a_job_can_pause_itself(world):
    """A handle may be used by the job's own function."""

    def once():
        world.note()
        job.pause()

    job = world.orchestrator.schedule_cron_task(once, "0 * * * *")
    world.orchestrator.start()
    world.advance(5 * HOUR)
    assert len(world.times) == 1


def test_preview_and_time_zone_of_a_job(make_world):
    """preview() shows the next instants, in the job's time zone, without running anything."""
    world = make_world(datetime(2026, 3, 28, 12, tzinfo=UTC))
    job = world.orchestrator.add_cron_job(world.note, "30 2 * * *", timezone="Europe/Berlin")
    assert [moment.isoformat() for moment in job.preview(2)] == [
        "2026-03-29T03:00:00+02:00",
        "2026-03-30T02:30:00+02:00",
    ]
    world.orchestrator.start()
    world.advance(HOUR * 24)
    assert world.times == [datetime(2026, 3, 29, 1, tzinfo=UTC)]
    assert job.last_run.tzinfo == ZoneInfo("Europe/Berlin")


def test_a_job_that_has_no_more_runs(world, caplog):
    """After its last instant a job stays, with no next run, and the log says so."""
    caplog.set_level(logging.INFO)
    job = world.orchestrator.schedule_cron_task(world.note, {"year": 2026, "month": 1, "day": 2})
    world.orchestrator.start()
    world.advance(timedelta(days=400))
    assert (world.times, job.next_run) == ([datetime(2026, 1, 2, tzinfo=UTC)], None)
    assert any("no more runs" in text for text in texts(caplog, logging.INFO))


def test_a_schedule_with_no_future_is_refused(world):
    """A job that would never run is a ValueError when it is scheduled, not silence."""
    with pytest.raises(ValueError, match="never due after"):
        world.orchestrator.schedule_cron_task(world.note, {"year": 2020})
    with pytest.raises(ValueError, match="never matches"):
        world.orchestrator.schedule_cron_task(world.note, "0 0 30 2 *")
    assert world.orchestrator.jobs == ()


def test_a_full_queue_skips_the_run_and_says_so(world, caplog, monkeypatch):
    """A run that the bounded queue does not take is logged and counted, and the job keeps its schedule."""
    job = world.orchestrator.schedule_cron_task(world.note, "0 * * * *")
    world.orchestrator.start()

    def refuse(*args) -> Future:
        raise QueueFullError("note", 1)

    with monkeypatch.context() as patch:
        patch.setattr(world.orchestrator._cron, "_launch", refuse)
        world.advance(HOUR)
    assert (job.skipped, job.running) == (1, 0)
    assert any("max_queue" in text for text in texts(caplog, logging.ERROR))
    world.advance(HOUR)
    assert world.times == [START + 2 * HOUR]


def test_jobs_stay_through_shutdown_and_a_new_start(world):
    """shutdown() stops firing; a later start() goes on with the same jobs, without what was missed."""
    job = world.orchestrator.schedule_cron_task(world.note, "0 * * * *")
    world.orchestrator.start()
    world.advance(HOUR)
    world.orchestrator.shutdown()
    world.clock.advance(3 * HOUR)
    assert len(world.times) == 1
    world.orchestrator.start()
    assert job.next_run == START + 5 * HOUR
    world.advance(HOUR)
    assert len(world.times) == 2


def test_options_are_checked(world):
    """A wrong option of a job is refused by name."""
    with pytest.raises(TypeError, match="unknown job options: secnd"):
        world.orchestrator.add_cron_job(world.note, "@daily", secnd=5)
    for option, value in (
        ("misfire_grace", -1),
        ("max_instances", 0),
        ("max_instances", 1.5),
        ("jitter", "x"),
    ):
        with pytest.raises(ValueError, match=option):
            world.orchestrator.add_cron_job(world.note, "@daily", **{option: value})
    with pytest.raises(TypeError, match="not 5"):
        world.orchestrator.add_cron_job(5, "@daily")


def test_a_ready_made_schedule(world):
    """add_cron_job() takes a CronSchedule as well, with its own zone."""
    schedule = CronSchedule("@daily", "Asia/Tokyo")
    assert world.orchestrator.add_cron_job(world.note, schedule).schedule is schedule


def test_cron_jobs_run_coroutine_functions(world):
    """A coroutine function is awaited for each run; its result is the handle's."""

    async def answer():
        return 42

    job = world.orchestrator.schedule_cron_task(answer, "0 * * * *")
    world.orchestrator.start()
    world.advance(2 * HOUR)
    assert (job.last_result, job.runs) == (42, 2)


def test_a_run_over_its_time_limit_is_not_over(world, caplog):
    """A thread that cannot be stopped still counts as a run: the next does not begin beside it."""
    go, begun = threading.Event(), []

    @world.orchestrator.task(timeout=10, name="stuck")
    def stuck():
        begun.append(1)
        go.wait(10)

    job = world.orchestrator.schedule_cron_task(stuck, "* * * * *")
    world.orchestrator.start()
    world.clock.advance(MINUTE)
    eventually(lambda: begun)
    eventually(lambda: len(world.clock._sleepers) == 2)
    world.clock.advance(MINUTE)
    assert any("'stuck' ran longer than its 10 s" in text for text in texts(caplog))
    assert (len(begun), job.running, job.skipped) == (1, 1, 1)
    go.set()
    eventually(lambda: job.running == 0)
    assert isinstance(job.last_error, TimeoutError)


@pytest.mark.parametrize("cron", ["0 * * * *", "* * * * * *"])
def test_without_a_grace_time_jobs_still_run(make_world, cron):
    """With misfire_grace=0 nothing missed is made up for; a run that a thread is just late for is not missed."""
    world = make_world(misfire_grace=0)
    job = world.orchestrator.schedule_cron_task(world.note, cron)
    world.orchestrator.start()
    world.jump(HOUR + timedelta(milliseconds=20))
    assert (world.times, job.skipped) == ([START + HOUR + timedelta(milliseconds=20)], 0)


def test_every_missed_instant_too_old(make_world, caplog):
    """Of a job that slept through many instants, all older than the grace time, none is run."""
    world = make_world(misfire_grace=5)
    job = world.orchestrator.schedule_cron_task(world.note, "0 * * * *")
    world.orchestrator.start()
    world.jump(3 * HOUR + MINUTE)
    assert (world.times, job.skipped) == ([], 1)
    world.advance(HOUR)
    assert world.times == [START + 4 * HOUR]
