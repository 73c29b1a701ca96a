"""Durable tasks within one process: what is written down, and what comes of it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from areion_orchestrator import ArgumentError, Orchestrator, QueueFullError, ShutdownError, StoreError
from areion_orchestrator.durable import TaskStore, _session, _store
from areion_orchestrator.testing import FakeClock, eventually

HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tasks.db"


def rows(path, query="SELECT name, arguments, state, attempts FROM tasks ORDER BY id"):
    connection = sqlite3.connect(path, timeout=10)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_a_task_is_written_down_before_submit_task_returns(make, path):
    """It is in the file while it waits and runs, and gone when it is done."""
    orchestrator = make(1, store=path)
    go = threading.Event()

    @orchestrator.task(name="wait")
    def wait(number, *, word):
        go.wait(10)
        return number, word

    futures = [orchestrator.submit_task(wait, number, word="é") for number in (1, 2)]
    assert rows(path) == [
        ("wait", '[[1],{"word":"é"}]', "taken", 0),
        ("wait", '[[2],{"word":"é"}]', "taken", 0),
    ]
    go.set()
    assert [future.result(5) for future in futures] == [(1, "é"), (2, "é")]
    eventually(lambda: rows(path) == [])


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_store_is_empty_after_a_clean_shutdown(make, path, kind):
    """All outcomes are written down by then, those of coroutines too, and no lock file is left."""
    orchestrator = make(store=path)

    def work():
        return 1

    async def work_later():
        await asyncio.sleep(0)
        return 1

    func = orchestrator.task(name="work")(work if kind == "sync" else work_later)
    futures = [orchestrator.submit_task(func) for _ in range(200)]
    assert orchestrator.shutdown().clean
    assert all(future.result(0) == 1 for future in futures)
    assert rows(path) == []
    assert not list(path.parent.glob("*-owner-*"))


def test_nothing_is_opened_before_it_is_needed(make, path):
    """Making an orchestrator, registering functions and plain tasks make no file; start() does."""
    orchestrator = make(store=path)
    orchestrator.task(name="x")(print)
    orchestrator.submit_task(int).result(5)
    assert not path.exists()
    orchestrator.start()
    assert path.exists()


def test_arguments_are_those_that_come_back(make, path):
    """A durable task sees what JSON makes of its arguments at once, not only after a crash: tuples are lists."""
    orchestrator = make(store=path)
    seen = []
    task = orchestrator.task(name="see")(seen.append)
    orchestrator.submit_task(task, ({"a": (1, 2.5, None, True)}, "é\n")).result(5)
    assert seen == [[{"a": [1, 2.5, None, True]}, "é\n"]]


@pytest.mark.parametrize(
    ("args", "kwargs", "where", "words"),
    [
        ((object(),), {}, "args[0]", "is a object"),
        ((1, [2, {"x": {3}}]), {}, "args[1][1]['x']", "is a set"),
        ((), {"when": datetime(2026, 1, 1)}, "when", "is a datetime"),
        ((b"x",), {}, "args[0]", "is a bytes"),
        ((float("nan"),), {}, "args[0]", "is nan"),
        ((float("inf"),), {}, "args[0]", "is inf"),
        (({1: "a"},), {}, "args[0]", "has the key 1"),
        (("\ud800",), {}, "args[0]", "surrogate"),
    ],
)
def test_an_argument_that_is_not_json_is_refused(make, path, args, kwargs, where, words):
    """It is a TypeError that says where it stands; nothing is stored and nothing runs."""
    orchestrator = make(store=path)
    ran = []
    task = orchestrator.task(name="see")(lambda *args, **kwargs: ran.append(args))
    with pytest.raises(ArgumentError) as caught:
        orchestrator.submit_task(task, *args, **kwargs)
    assert isinstance(caught.value, TypeError)
    assert caught.value.argument == where
    assert words in str(caught.value)
    assert not ran


def test_only_registered_functions_are_durable(make, path):
    """Others run as without a store, with any arguments; and so do those that opt out."""
    orchestrator = make(store=path)
    assert orchestrator.submit_task(len, {1, 2}).result(5) == 2
    opted_out = orchestrator.task(name="x", durable=False)(lambda things: len(things))
    assert orchestrator.submit_task(opted_out, {1, 2}).result(5) == 2
    assert not path.exists()


def test_a_task_that_was_not_run_is_offered_again(make, path):
    """What a shutdown cancels stays in the file, and the next start runs it."""
    first = make(1, store=path)
    go, begun = threading.Event(), threading.Event()

    def block():
        begun.set()
        go.wait(10)

    first.submit_task(block)
    begun.wait(5)
    later = first.task(name="later")(lambda number: number)
    futures = [first.submit_task(later, number) for number in range(3)]
    report = first.shutdown(0.05)
    assert len(report.cancelled) == 3
    assert all(isinstance(future.exception(5), ShutdownError) for future in futures)
    assert [state for _, _, state, _ in rows(path)] == ["ready"] * 3
    go.set()
    ran = []
    second = make(store=path)
    second.task(name="later")(ran.append)
    second.start()
    eventually(lambda: sorted(ran) == [0, 1, 2])
    eventually(lambda: rows(path) == [])


def test_attempts_survive_the_process(make, path, caplog):
    """A task that waits for its third attempt when the program ends has that one left, not all of them again."""
    first = make(store=path)

    def fail(number):
        raise ValueError(number)

    first.task(name="fail", retries=2, backoff=100)(fail)
    first.submit_task(fail, 1)
    eventually(lambda: rows(path, "SELECT attempts FROM tasks") == [(1,)])
    first.shutdown()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE tasks SET due = 0, attempts = 2")
    connection.commit()
    connection.close()
    second = make(store=path)
    calls = []

    def fail_again(number):
        calls.append(number)
        raise ValueError("the last one")

    second.task(name="fail", retries=2)(fail_again)
    second.start()
    eventually(second.failed_tasks)
    assert calls == [1]


def test_a_task_is_not_taken_before_it_is_due(make, path):
    """A pause between attempts goes on across processes."""
    first = make(store=path)
    func = first.task(name="fail", retries=2, backoff=100)(lambda: 1 / 0)
    first.submit_task(func)
    eventually(lambda: rows(path, "SELECT attempts FROM tasks") == [(1,)])
    first.shutdown()
    second = make(store=path)
    ran = []
    second.task(name="fail", retries=2)(lambda: ran.append(1))
    second.start()
    second._backend.durable.settle(5)
    assert (ran, [state for _, _, state, _ in rows(path)]) == ([], ["ready"])


def test_failed_tasks_are_kept_for_a_person_to_look_at(make, path):
    """They can be listed with their traceback, tried again with all attempts, or forgotten."""
    orchestrator = make(store=path)
    fail = [True]

    @orchestrator.task(name="fail", retries=1, backoff=0.001)
    def run(number):
        if fail:
            raise ValueError(f"number {number}")
        return number

    orchestrator.start()
    for number in (1, 2):
        orchestrator.submit_task(run, number).exception(5)
    eventually(lambda: len(orchestrator.failed_tasks()) == 2)
    one, two = orchestrator.failed_tasks()
    assert (one.name, one.arguments, one.attempts) == ("fail", "[[1],{}]", 1)
    assert "ValueError: number 1" in one.error
    assert "Traceback" in one.error
    fail.clear()
    assert orchestrator.retry_failed(one.id)
    eventually(lambda: len(rows(path)) == 1)
    assert orchestrator.discard_failed(two.id)
    assert not orchestrator.discard_failed(two.id)
    assert not orchestrator.retry_failed(two.id)
    assert rows(path) == []


def test_failed_tasks_are_bounded(path, monkeypatch):
    """The newest are kept, so that a task that always fails cannot fill the disk."""
    monkeypatch.setattr(_store, "KEPT_FAILURES", 3)
    store = TaskStore(path)
    for number in range(6):
        store.fail(store.add("x", f"[[{number}],{{}}]", "me", 0.0), "error")
    assert [task.arguments for task in store.failed()] == ["[[3],{}]", "[[4],{}]", "[[5],{}]"]
    store.close()


def test_tasks_of_unknown_functions_stay(make, path, caplog):
    """A task whose function is not registered here is left alone, with one warning that names it."""
    store = TaskStore(path)
    store.release(store.add("somebody:else", "[[],{}]", "nobody", 0.0))
    store.close()
    orchestrator = make(store=path)
    orchestrator.task(name="mine")(print)
    orchestrator.start()
    eventually(lambda: "not registered here, and stay: somebody:else" in caplog.text)
    assert [state for _, _, state, _ in rows(path)] == ["ready"]


def test_a_cancelled_task_is_forgotten(make, path):
    """Cancelling a future means that the task is not wanted: not now, and not after the next start."""
    orchestrator = make(1, store=path)
    go, begun = threading.Event(), threading.Event()

    def block():
        begun.set()
        go.wait(10)

    orchestrator.submit_task(block)
    begun.wait(5)
    future = orchestrator.submit_task(orchestrator.task(name="x")(lambda: 1))
    assert future.cancel()
    assert rows(path) == []
    go.set()


def test_a_refused_task_is_not_left_in_the_file(make, path):
    """What QueueFullError or ShutdownError says was not taken, was not taken."""
    orchestrator = make(1, max_queue=1, store=path)
    go, begun = threading.Event(), threading.Event()

    @orchestrator.task(name="wait")
    def wait():
        begun.set()
        go.wait(10)

    orchestrator.submit_task(wait)
    begun.wait(5)
    with pytest.raises(QueueFullError):
        orchestrator.submit_task(wait)
    assert len(rows(path)) == 1
    go.set()
    orchestrator.shutdown()
    with pytest.raises(ShutdownError):
        orchestrator.submit_task(wait)
    assert rows(path) == []


def test_many_threads_submit_at_once(make, path):
    """None is lost between the callers' threads and the workers'."""
    orchestrator = make(store=path)
    done = []
    task = orchestrator.task(name="note")(done.append)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: orchestrator.submit_task(task, number), range(400)))
    orchestrator.run_tasks()
    assert sorted(done) == list(range(400))
    assert orchestrator.shutdown().clean
    assert rows(path) == []


def test_a_corrupt_file_is_a_clear_error(make, path):
    """Whatever is no store of ours is refused by name, with what to do, and not changed."""
    path.write_bytes(b"this is no database, but long enough to look like something" * 50)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"tasks.db' is corrupt or no database .*move it away") as caught:
        make(store=path).start()
    assert caught.value.path == str(path)
    assert path.read_bytes() == before


def test_a_damaged_file_is_a_clear_error(make, path):
    """Pages overwritten in the middle are found when the store is opened, not when a task is lost."""
    store = TaskStore(path)
    for number in range(500):
        store.add("x", f'[["{number:0100}"],{{}}]', "me", 0.0)
    store.close()
    content = bytearray(path.read_bytes())
    content[8192:40960] = b"\xff" * (40960 - 8192)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="corrupt"):
        make(store=path).start()


def test_another_programs_database_is_refused(make, path):
    """A store is not laid out in somebody else's file."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(StoreError, match="database of another program"):
        make(store=path).start()
    assert rows(path, "SELECT name FROM sqlite_master") == [("theirs",)]


def test_a_newer_layout_is_refused(make, path):
    """A file of a later version is not guessed at."""
    TaskStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="has layout 99"):
        make(store=path).start()


def test_a_missing_folder_is_a_clear_error(make, tmp_path):
    """The folder is not made; the error says what to look at."""
    with pytest.raises(StoreError, match="does its folder exist"):
        make(store=tmp_path / "nowhere" / "tasks.db").start()


def test_a_locked_file_is_a_clear_error(make, path, monkeypatch):
    """If another program keeps the file locked, submit_task() and start() say so, after a bounded wait."""
    monkeypatch.setattr(_store, "_PATIENCE", 0.1)
    orchestrator = make(store=path)
    task = orchestrator.task(name="x")(lambda: 1)
    orchestrator.submit_task(task).result(5)
    orchestrator._backend.durable.settle(5)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match=r"locked by another program for more than 0.1 s"):
        orchestrator.submit_task(task)
    with pytest.raises(StoreError, match="locked"):
        make(store=path).start()
    connection.execute("ROLLBACK")
    connection.close()
    assert orchestrator.submit_task(task).result(5) == 1


def test_an_outcome_that_cannot_be_written_is_tried_again(make, path, monkeypatch, caplog):
    """While the file is locked, outcomes wait; none is dropped."""
    monkeypatch.setattr(_store, "_PATIENCE", 0.05)
    monkeypatch.setattr(_session, "_RETRY_EVERY", 0.05)
    orchestrator = make(store=path)
    go = threading.Event()
    task = orchestrator.task(name="wait")(lambda: go.wait(10))
    future = orchestrator.submit_task(task)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    go.set()
    eventually(lambda: "trying again" in caplog.text)
    connection.execute("ROLLBACK")
    connection.close()
    assert future.result(5) is True
    assert orchestrator.shutdown().clean
    assert rows(path) == []


def test_power_safe_waits_for_the_disk(path):
    """power_safe=True makes SQLite wait until the disk has each change."""
    for power_safe, level in ((False, 1), (True, 2)):
        store = TaskStore(path, power_safe=power_safe)
        assert store._read("PRAGMA synchronous") == [(level,)]
        assert store._read("PRAGMA journal_mode") == [("wal",)]
        store.close()


def test_a_store_may_be_named_by_text_or_path(make, path):
    """Both a str and a Path do."""
    orchestrator = make(store=str(path))
    orchestrator.start()
    assert path.exists()


def cron_world(make, path, start, **options):
    clock = FakeClock(start)
    orchestrator = make(timezone="UTC", clock=clock, store=path, **options)
    ran = []
    orchestrator.task(name="note", durable=False)(ran.append)
    return clock, orchestrator, ran


def test_a_firing_missed_between_two_processes_is_made_up_for(make, path):
    """A job that came due while no process ran is run at the next start, if within the grace time."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clock, first, ran = cron_world(make, path, start)
    first.add_cron_job(ran.append, "0 2 * * *", args=(1,), id="nightly")
    first.start()
    clock.advance(HOUR, first)
    first.shutdown()
    _, second, ran = cron_world(make, path, start + 2.5 * HOUR)
    job = second.add_cron_job(ran.append, "0 2 * * *", args=(2,), id="nightly")
    second.start()
    eventually(lambda: ran == [2])
    eventually(lambda: job.runs == 1)
    second.shutdown()
    _, third, ran = cron_world(make, path, start + 2.6 * HOUR)
    third.add_cron_job(ran.append, "0 2 * * *", args=(3,), id="nightly")
    third.start()
    third._backend.durable.settle(5)
    assert ran == []


def test_a_changed_schedule_is_not_made_up_for(make, path):
    """After a change of its schedule a job counts as new: what the new one would have missed is not run."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    _, first, ran = cron_world(make, path, start)
    first.add_cron_job(ran.append, "0 2 * * *", args=(1,), id="nightly")
    first.start()
    first.shutdown()
    clock, second, ran = cron_world(make, path, start + 2.5 * HOUR)
    job = second.add_cron_job(ran.append, "15 2 * * *", args=(2,), id="nightly")
    second.start()
    assert job.next_run == start + timedelta(days=1, hours=2, minutes=15)
    clock.advance(HOUR, second)
    assert ran == []


def test_a_clock_that_ran_ahead_does_not_stop_a_job(make, path):
    """A firing noted by a clock that was years ahead does not keep the job from running in the present."""
    _, first, ran = cron_world(make, path, datetime(2099, 1, 1, tzinfo=UTC))
    first.add_cron_job(ran.append, "0 * * * *", args=(1,), id="hourly")
    first.start()
    first.shutdown()
    clock, second, ran = cron_world(make, path, datetime(2026, 1, 1, tzinfo=UTC))
    second.add_cron_job(ran.append, "0 * * * *", args=(2,), id="hourly")
    second.start()
    clock.advance(2 * HOUR, second)
    assert ran == [2, 2]


def test_two_orchestrators_share_the_firings(make, path):
    """Of two that have the same job, one runs each firing; a job with every_process=True is run by both."""
    clock = FakeClock()
    both, shared = [], []
    orchestrators = []
    for _ in range(2):
        orchestrator = make(timezone="UTC", clock=clock, store=path)
        orchestrator.add_cron_job(shared.append, "0 * * * *", args=(1,), id="shared")
        orchestrator.add_cron_job(both.append, "0 * * * *", args=(1,), id="both", every_process=True)
        orchestrator.start()
        orchestrators.append(orchestrator)
    for hour in range(1, 6):
        clock.advance(HOUR)
        eventually(lambda hour=hour: (len(shared), len(both)) == (hour, 2 * hour))
        for orchestrator in orchestrators:
            eventually(lambda each=orchestrator: not any(job.running for job in each.jobs))
    runs = [job.runs for orchestrator in orchestrators for job in orchestrator.jobs if job.id == "shared"]
    assert sum(runs) == 5


def test_one_run_at_a_time_across_processes(make, path, caplog):
    """max_instances counts the runs of all who share the store; what is skipped for it is logged."""
    clock = FakeClock()
    go, begun = threading.Event(), []

    def run():
        begun.append(1)
        go.wait(10)

    orchestrators = [make(timezone="UTC", clock=clock, store=path) for _ in range(2)]
    for orchestrator in orchestrators:
        orchestrator.add_cron_job(run, "0 * * * *", id="slow")
        orchestrator.start()
    jobs = [job for orchestrator in orchestrators for job in orchestrator.jobs]
    for _ in range(3):
        clock.advance(HOUR)
        eventually(lambda: all(job.fires_at > clock.now() for job in jobs))
        for orchestrator in orchestrators:
            orchestrator._backend.durable.settle(5)
    eventually(lambda: begun)
    assert "still at it" in caplog.text
    assert len(begun) == 1
    go.set()


def test_a_durable_function_as_a_job(make, path):
    """A firing of a durable function is a durable task, with its attempts; its arguments are checked early."""
    clock = FakeClock()
    orchestrator = make(timezone="UTC", clock=clock, store=path)
    calls = []

    @orchestrator.task(name="note", retries=1, backoff=0)
    def note(number):
        calls.append((number, rows(path, "SELECT name, state FROM tasks")))
        if len(calls) == 1:
            raise ValueError

    job = orchestrator.schedule_cron_task(note, "0 * * * *", 5)
    orchestrator.start()
    clock.advance(HOUR)
    eventually(lambda: calls)
    clock.advance(1)
    eventually(lambda: job.runs == 1)
    assert calls == [(5, [("note", "taken")])] * 2
    orchestrator._backend.durable.settle(5)
    assert rows(path) == []
    assert rows(path, "SELECT * FROM runs") == []


def test_an_error_of_the_store_skips_the_run(make, path, monkeypatch, caplog):
    """If the store cannot be asked whose firing it is, nobody's it is: the run is skipped, and the log says why."""
    clock = FakeClock()
    orchestrator = make(timezone="UTC", clock=clock, store=path)
    ran = []
    job = orchestrator.add_cron_job(ran.append, "0 * * * *", args=(1,), id="x")
    orchestrator.start()

    def fail(*args):
        raise StoreError("task store is on fire", path="x")

    with monkeypatch.context() as patch:
        patch.setattr(TaskStore, "take_run", fail)
        clock.advance(HOUR, orchestrator)
    assert isinstance(job.last_error, StoreError)
    eventually(lambda: "on fire" in caplog.text)
    clock.advance(HOUR, orchestrator)
    assert ran == [1]


def test_an_abandoned_thread_keeps_its_task(path, make):
    """A task whose thread goes on after the shutdown is not offered to others while this process lives."""
    first = make(1, store=path)
    go, begun = threading.Event(), threading.Event()

    @first.task(name="stuck")
    def stuck():
        begun.set()
        go.wait(10)

    first.submit_task(stuck)
    begun.wait(5)
    assert first.shutdown(0.05).abandoned
    second = make(store=path)
    ran = []
    second.task(name="stuck")(lambda: ran.append(1))
    second.start()
    second._backend.durable.settle(5)
    assert (ran, [state for _, _, state, _ in rows(path)]) == ([], ["taken"])
    go.set()
    eventually(lambda: rows(path) == [])


def test_a_restarted_orchestrator_opens_its_store_again(make, path):
    """start() after shutdown() takes up the same file."""
    orchestrator = make(store=path)
    task = orchestrator.task(name="x")(lambda number: number)
    for number in range(3):
        orchestrator.start()
        assert orchestrator.submit_task(task, number).result(5) == number
        assert orchestrator.shutdown().clean
    assert Orchestrator(store=path)._backend.has_store
