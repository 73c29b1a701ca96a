"""Submitting, waiting, starting and ending: the public methods of the default orchestrator."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import logging
import os
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import Future
from unittest.mock import AsyncMock, Mock

import pytest
from areion_orchestrator import Orchestrator, OrchestratorError, QueueFullError, ShutdownError
from areion_orchestrator.testing import eventually

VARIABLE = contextvars.ContextVar("VARIABLE", default="default")


def add(first, second=2):
    return first + second


async def add_later(first, second=2):
    await asyncio.sleep(0.001)
    return first + second


class Adder:
    def __call__(self, first, second=2):
        return first + second

    def method(self, first, second=2):
        return first + second

    async def later(self, first, second=2):
        return first + second


class LaterAdder:
    async def __call__(self, first, second=2):
        return first + second


@functools.wraps(add)
def wrapped(*args, **kwargs):
    return add(*args, **kwargs)


KINDS = {
    "function": add,
    "coroutine function": add_later,
    "lambda": lambda first, second=2: first + second,
    "lambda around a coroutine function": lambda *args, **kwargs: add_later(*args, **kwargs),
    "decorated function": wrapped,
    "method": Adder().method,
    "coroutine method": Adder().later,
    "object": Adder(),
    "object with a coroutine call": LaterAdder(),
    "partial": functools.partial(add),
    "partial of a coroutine function": functools.partial(add_later),
    "mock": Mock(side_effect=add),
    "coroutine mock": AsyncMock(side_effect=add_later),
}


@pytest.mark.parametrize("kind", KINDS)
def test_callables_of_any_kind(orchestrator, kind):
    """Whatever can be called is run where its kind belongs, with all arguments."""
    future = orchestrator.submit_task(KINDS[kind], 1, second=5)
    assert isinstance(future, Future)
    assert future.result(5) == 6


def test_keyword_arguments_of_any_name(orchestrator):
    """Keyword arguments named like submit_task's own are the function's too."""
    future = orchestrator.submit_task(lambda **kwargs: kwargs, func=1, self=2, args=3)
    assert future.result(5) == {"func": 1, "self": 2, "args": 3}


def test_what_cannot_be_called_is_refused(orchestrator):
    """A value, or the coroutine instead of its function, is a TypeError that says so at once."""
    with pytest.raises(TypeError, match="not 5"):
        orchestrator.submit_task(5)
    with pytest.raises(TypeError, match="pass add_later"):
        orchestrator.submit_task(add_later(1))
    with pytest.raises(TypeError):
        orchestrator.submit_task()


@pytest.mark.parametrize("func", [VARIABLE.get, lambda: asyncio.sleep(0, VARIABLE.get())])
def test_a_task_sees_the_callers_context(orchestrator, func):
    """Context variables are carried along, and what a task sets stays its own."""
    VARIABLE.set("mine")

    def setter():
        VARIABLE.set("the task's")

    orchestrator.submit_task(setter).result(5)
    assert orchestrator.submit_task(func).result(5) == "mine"
    assert VARIABLE.get() == "mine"


def test_a_coroutine_task_sees_the_callers_context(orchestrator):
    """Coroutine functions too."""
    VARIABLE.set("mine")

    async def read():
        await asyncio.sleep(0)
        return VARIABLE.get()

    assert orchestrator.submit_task(read).result(5) == "mine"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_exception_is_logged_with_its_traceback(orchestrator, caplog, kind):
    """A failed task is never silent, whether or not somebody asks the future."""

    def broken():
        raise ValueError("on purpose")

    async def broken_later():
        raise ValueError("on purpose")

    future = orchestrator.submit_task(broken if kind == "sync" else broken_later)
    error = future.exception(5)
    assert isinstance(error, ValueError)
    (record,) = [record for record in caplog.records if record.name == "areion.orchestrator"]
    assert record.levelno == logging.ERROR
    assert "broken" in record.getMessage()
    assert record.exc_info[1] is error


def test_system_exit_in_a_task_ends_no_worker(make, caplog):
    """A task that calls sys.exit() fails; its worker serves the next one."""
    orchestrator = make(1)
    assert isinstance(orchestrator.submit_task(sys.exit, 3).exception(5), SystemExit)
    assert orchestrator.submit_task(add, 1).result(5) == 3


@pytest.mark.parametrize("func", [add, add_later])
def test_finished_futures_are_not_kept(orchestrator, func):
    """The orchestrator holds on to nothing of a finished task: no future, no result, no argument."""

    class Thing:
        pass

    def give(thing):
        return thing

    async def give_later(thing):
        return thing

    thing = Thing()
    futures = [weakref.ref(orchestrator.submit_task(give, thing)) for _ in range(50)]
    futures += [weakref.ref(orchestrator.submit_task(give_later, thing)) for _ in range(50)]
    orchestrator.run_tasks()
    orchestrator.submit_task(add, 1).result(5)
    orchestrator.submit_task(add_later, 1).result(5)
    reference = weakref.ref(thing)
    del thing

    def all_gone():
        gc.collect()
        return reference() is None and not any(future() for future in futures)

    eventually(all_gone)


def test_the_queue_is_bounded(make):
    """A full queue is a clear error at once, and takes tasks again when it has room."""
    orchestrator = make(1, max_queue=2)
    go, begun = threading.Event(), threading.Event()

    def block():
        begun.set()
        go.wait(5)

    orchestrator.submit_task(block)
    begun.wait(5)
    waiting = [orchestrator.submit_task(add, number) for number in range(2)]
    with pytest.raises(QueueFullError, match=r"task 'add' was refused: 2 tasks are waiting") as caught:
        orchestrator.submit_task(add, 5)
    assert (caught.value.task, caught.value.limit) == ("add", 2)
    assert isinstance(caught.value, RuntimeError)
    go.set()
    assert [future.result(5) for future in waiting] == [2, 3]
    assert orchestrator.submit_task(add, 5).result(5) == 7


def test_coroutines_are_bounded_too(make):
    """Coroutines under way are counted against the same limit."""
    orchestrator = make(max_queue=3)
    go = threading.Event()

    async def wait():
        while not go.is_set():
            await asyncio.sleep(0.005)

    futures = [orchestrator.submit_task(wait) for _ in range(3)]
    with pytest.raises(QueueFullError):
        orchestrator.submit_task(wait)
    with pytest.raises(QueueFullError):
        orchestrator.submit_task(lambda: wait()).result(5)
    go.set()
    for future in futures:
        future.result(5)
    eventually(lambda: orchestrator.submit_task(add_later, 1).result(5) == 3)


def test_as_many_workers_as_asked_for(make):
    """Four tasks that wait for each other run at the same time on four workers, and no fifth thread is made."""
    orchestrator = make(4)
    barrier = threading.Barrier(4, timeout=5)
    for _ in range(20):
        names = [
            orchestrator.submit_task(lambda: (barrier.wait(), threading.current_thread().name))
            for _ in "4444"
        ]
        assert len({future.result(5)[1] for future in names}) == 4
    workers = [thread for thread in threading.enumerate() if thread.name.startswith("areion-worker")]
    assert len(workers) >= 4


def test_a_queued_task_can_be_cancelled(make):
    """A task that no thread has begun is cancelled and never runs; one that runs is not."""
    orchestrator = make(1)
    go, begun, ran = threading.Event(), threading.Event(), []

    def block():
        begun.set()
        go.wait(5)

    running = orchestrator.submit_task(block)
    begun.wait(5)
    queued = orchestrator.submit_task(ran.append, 1)
    assert queued.cancel()
    assert not running.cancel()
    go.set()
    orchestrator.run_tasks()
    assert ran == []


def test_a_running_coroutine_can_be_cancelled(orchestrator):
    """Cancelling its future cancels the coroutine, which can clean up."""
    begun, cleaned = threading.Event(), threading.Event()

    async def wait():
        try:
            begun.set()
            await asyncio.sleep(60)
        finally:
            cleaned.set()

    future = orchestrator.submit_task(wait)
    begun.wait(5)
    assert future.cancel()
    assert cleaned.wait(5)
    orchestrator.run_tasks()


def test_a_coroutine_that_cancels_itself(orchestrator):
    """Its future is cancelled, or fails where a thread had begun with it; nothing hangs."""

    async def give_up():
        raise asyncio.CancelledError

    future = orchestrator.submit_task(give_up)
    orchestrator.run_tasks()
    assert future.cancelled()
    with pytest.raises(ShutdownError, match="was cancelled"):
        orchestrator.submit_task(lambda: give_up()).result(5)


def test_run_tasks_waits_for_all(orchestrator):
    """run_tasks() returns when all that was submitted is done, failed ones too, and may be called again."""
    done = []

    def work(number):
        time.sleep(0.01)
        done.append(number)
        if number % 3 == 0:
            raise ValueError(number)

    async def work_later(number):
        await asyncio.sleep(0.01)
        done.append(number)

    for number in range(10):
        orchestrator.submit_task(work, number)
        orchestrator.submit_task(work_later, number)
    orchestrator.run_tasks()
    assert len(done) == 20
    orchestrator.run_tasks()


def test_run_tasks_in_a_task_or_on_the_loop_is_an_error(orchestrator):
    """Where it would wait for ever, run_tasks() says so instead."""
    with pytest.raises(OrchestratorError, match="by a task"):
        orchestrator.submit_task(orchestrator.run_tasks).result(5)

    async def wait_for_itself():
        orchestrator.run_tasks()

    with pytest.raises(OrchestratorError, match="to_thread"):
        orchestrator.submit_task(wait_for_itself).result(5)


def test_shutdown_before_start(make):
    """It is not an error, and reports that nothing was left."""
    orchestrator = make()
    report = orchestrator.shutdown()
    assert report.clean
    assert orchestrator.shutdown() is report


def test_shutdown_from_many_threads_at_once(make):
    """All callers get the one report, when it is ready."""
    orchestrator = make()
    orchestrator.start()
    orchestrator.submit_task(time.sleep, 0.1)
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(orchestrator.shutdown())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 5
    assert len({id(report) for report in reports}) == 1
    assert reports[0].finished == 1


def test_shutdown_lets_queued_and_running_tasks_finish(make):
    """Within the time limit nothing is lost."""
    orchestrator = make(2)
    done = []
    for number in range(10):
        orchestrator.submit_task(lambda number=number: (time.sleep(0.01), done.append(number)))
    report = orchestrator.shutdown()
    assert report.clean
    assert len(done) == 10


def test_shutdown_says_what_it_abandoned(make, caplog):
    """After the time limit, running threads are named as abandoned, all else as cancelled; in report and log."""
    orchestrator = make(1)
    go, begun, ended = threading.Event(), threading.Event(), []

    def stuck():
        begun.set()
        ended.append(go.wait(60))

    async def endless():
        await asyncio.sleep(60)

    orchestrator.submit_task(stuck)
    begun.wait(5)
    queued = orchestrator.submit_task(add, 1)
    coroutine = orchestrator.submit_task(endless)
    report = orchestrator.shutdown(0.2)
    assert not ended
    assert report.seconds >= 0.2
    assert [name.rsplit(".", 1)[-1] for name in report.abandoned] == ["stuck"]
    assert sorted(name.rsplit(".", 1)[-1] for name in report.cancelled) == ["add", "endless"]
    assert not report.clean
    assert queued.cancelled()
    assert coroutine.cancelled()
    messages = [record.getMessage() for record in caplog.records]
    assert any("abandoned 1 tasks" in text and "stuck" in text for text in messages)
    assert any("cancelled 2 unfinished tasks" in text and "endless" in text for text in messages)
    go.set()


def test_drain_time_is_the_default_of_shutdown(make):
    """Without an argument, shutdown() takes the constructor's time limit."""
    orchestrator = make(1, drain_time=0.05)
    go = threading.Event()
    future = orchestrator.submit_task(go.wait, 60)
    eventually(future.running)
    assert orchestrator.shutdown().abandoned == ("Event.wait",)
    go.set()


@pytest.mark.parametrize("started", [False, True])
def test_only_one_that_started_tells_that_it_ended(make, caplog, started):
    """A program that makes an orchestrator to look at it, as a command does, prints nothing at its end."""
    orchestrator = make(1)
    if started:
        orchestrator.start()
    with caplog.at_level("INFO", "areion.orchestrator"):
        orchestrator.shutdown()
    assert any("shut down in" in each for each in caplog.messages) is started


def test_a_task_after_shutdown_is_refused(make):
    """Whatever is submitted after, or during, a shutdown gets a clear error."""
    orchestrator = make()
    late = []

    def submit_late():
        eventually(lambda: orchestrator._closed)
        try:
            orchestrator.submit_task(add, 1)
        except ShutdownError as error:
            late.append(error)

    orchestrator.submit_task(submit_late)
    orchestrator.shutdown()
    assert len(late) == 1
    for func in (add, add_later, Adder()):
        with pytest.raises(ShutdownError, match="refused: the orchestrator is shut down"):
            orchestrator.submit_task(func, 1)


def test_a_task_may_shut_the_orchestrator_down(make):
    """It does not wait for itself."""
    orchestrator = make(drain_time=40)
    report = orchestrator.submit_task(orchestrator.shutdown).result(50)
    assert report.seconds < 40
    assert report.abandoned == ("Orchestrator.shutdown",)  # it was still running


def test_starting_twice_and_anew(make):
    """start() while started changes nothing; after a shutdown it begins anew."""
    orchestrator = make()
    orchestrator.start()
    orchestrator.start()
    orchestrator.shutdown()
    orchestrator.start()
    assert orchestrator.submit_task(add, 1).result(5) == 3
    assert orchestrator.submit_task(add_later, 1).result(5) == 3
    assert orchestrator.shutdown().clean


def test_no_thread_is_left_after_shutdown(make):
    """A clean shutdown ends all threads that were made."""
    before = set(threading.enumerate())
    orchestrator = make()
    orchestrator.start()
    orchestrator.schedule_cron_task(add, "@yearly", 1)
    orchestrator.submit_task(add, 1).result(5)
    orchestrator.submit_task(add_later, 1).result(5)
    orchestrator.shutdown()
    assert set(threading.enumerate()) <= before


def test_no_thread_is_made_before_it_is_needed(make):
    """Making an orchestrator starts nothing: it has no side effect on the process."""
    before = threading.active_count()
    make()
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_workers": 0}, "max_workers must be a whole number of at least 1, not 0"),
        ({"max_workers": True}, "max_workers"),
        ({"max_workers": "4"}, "max_workers"),
        ({"max_workers": 2.5}, "max_workers"),
        ({"max_queue": 0}, "max_queue"),
        ({"drain_time": -1}, "drain_time must be a number of seconds from 0"),
        ({"drain_time": float("inf")}, "drain_time must be a number of seconds from 0 to 1e+09"),
        ({"misfire_grace": float("inf")}, "not inf (None is for ever)"),
        ({"jitter": float("nan")}, "jitter must be a number of seconds"),
        ({"coalesce": "no"}, "coalesce must be True or False, not 'no'"),
        ({"power_safe": 1}, "power_safe must be True or False"),
        ({"store": 5}, "store must be the path of a file, not 5"),
        ({"drain_time": float("nan")}, "drain_time"),
        ({"misfire_grace": -1}, "misfire_grace"),
        ({"max_instances": 0}, "max_instances"),
        ({"jitter": -0.1}, "jitter"),
        ({"timezone": "Nowhere/Land"}, "Nowhere/Land"),
        ({"timezone": 5}, "timezone"),
    ],
)
def test_wrong_options_are_refused(options, words):
    """A wrong argument is a ValueError that names it, when the orchestrator is made."""
    with pytest.raises(ValueError) as caught:
        Orchestrator(**options)
    assert words in str(caught.value)


class OldLogger:
    """A logger of the predecessor's kind: a method per level that takes one text."""

    def __init__(self):
        self.lines = []

    def _write(self, message):
        self.lines.append(message)

    debug = info = warning = error = critical = _write


def test_an_injected_logger_gets_the_messages(make, caplog):
    """set_logger() takes any object with the level methods; tracebacks come as text; None goes back."""
    orchestrator = make()
    logger = OldLogger()
    orchestrator.set_logger(logger)
    orchestrator.submit_task(lambda: 1 / 0).exception(5)
    (line,) = logger.lines
    assert "failed" in line
    assert "ZeroDivisionError: division by zero" in line
    assert not caplog.records
    orchestrator.set_logger(None)
    orchestrator.submit_task(lambda: 1 / 0).exception(5)
    assert len(caplog.records) == 1


def test_an_injected_standard_logger_keeps_the_traceback(make, caplog):
    """A logging.Logger gets the exception as exc_info."""
    orchestrator = make()
    orchestrator.set_logger(logging.getLogger("mine"))
    orchestrator.submit_task(lambda: 1 / 0).exception(5)
    (record,) = caplog.records
    assert (record.name, record.exc_info[0]) == ("mine", ZeroDivisionError)


def test_a_broken_logger_harms_nothing(make, caplog):
    """If the injected logger fails, the message goes to the standard one, and the worker lives."""
    orchestrator = make(1)
    orchestrator.set_logger(object())
    orchestrator.submit_task(lambda: 1 / 0).exception(5)
    assert orchestrator.submit_task(add, 1).result(5) == 3
    assert any("ZeroDivisionError" in record.getMessage() for record in caplog.records)
    assert any("could not write" in record.getMessage() for record in caplog.records)


# Asyncio's debug mode complains of turns that take long, which a busy machine makes them.
QUIET = "import logging\nlogging.getLogger('asyncio').addFilter(lambda record: 'took' not in record.msg)\n"


def run_program(text, **options):
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", QUIET + text],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_a_program_that_ends_without_shutdown_loses_nothing():
    """At the end of a program, tasks that were submitted are finished, and nothing warns."""
    done = run_program(
        "import asyncio, sys, time\n"
        "from areion_orchestrator import Orchestrator\n"
        "orchestrator = Orchestrator(2)\n"
        "orchestrator.start()\n"
        "def slow(number):\n    time.sleep(0.05)\n    sys.stdout.write(f'{number}\\n')\n"
        "async def later(number):\n    await asyncio.sleep(0.05)\n    sys.stdout.write(f'{number}\\n')\n"
        "for number in range(6):\n    orchestrator.submit_task(slow, number)\n"
        "orchestrator.submit_task(later, 6)\n"
    )
    assert done.returncode == 0
    assert sorted(map(int, done.stdout.split())) == list(range(7))
    assert done.stderr == ""


def test_a_stuck_task_does_not_keep_the_program_alive():
    """A task that never ends is abandoned after the time limit, and the process exits."""
    done = run_program(
        "import threading\n"
        "from areion_orchestrator import Orchestrator\n"
        "orchestrator = Orchestrator(drain_time=0.2)\n"
        "orchestrator.submit_task(threading.Event().wait)\n"
    )
    assert done.returncode == 0
    assert "abandoned 1 tasks" in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX")
def test_a_forked_child_begins_anew():
    """In a child made by fork, tasks run on threads of its own instead of waiting for ever."""
    done = run_program(
        "import os, warnings\n"
        "warnings.simplefilter('ignore', DeprecationWarning)\n"
        "from areion_orchestrator import Orchestrator\n"
        "orchestrator = Orchestrator(2)\n"
        "job = orchestrator.schedule_cron_task(print, '* * * * * *', 'tick')\n"
        "orchestrator.start()\n"
        "orchestrator.submit_task(pow, 2, 3).result(5)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    assert orchestrator.submit_task(pow, 2, 4).result(5) == 16\n"
        "    orchestrator.start()\n"
        "    assert orchestrator.jobs == (job,)\n"
        "    assert orchestrator.shutdown().clean\n"
        "    os._exit(7)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7\n"
        "assert orchestrator.submit_task(pow, 2, 5).result(5) == 32\n"
        "orchestrator.shutdown()\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_orchestrator_that_nobody_holds_finishes_its_tasks():
    """A program may forget its orchestrator: the tasks in it are finished all the same."""
    done = run_program(
        "import gc, time\n"
        "from areion_orchestrator import Orchestrator\n"
        "def main():\n"
        "    orchestrator = Orchestrator(1)\n"
        "    for number in range(3):\n"
        "        orchestrator.submit_task(lambda number=number: (time.sleep(0.05), print(number)))\n"
        "main()\n"
        "gc.collect()\n"
    )
    assert (done.returncode, done.stdout.split()) == (0, ["0", "1", "2"])


def test_an_unused_orchestrator_is_collected():
    """One that was never used leaves nothing behind."""
    reference = weakref.ref(Orchestrator())
    gc.collect()
    assert reference() is None


def test_a_with_statement_starts_and_shuts_down():
    """Inside it the orchestrator is started; after it, its tasks are done."""
    with Orchestrator() as orchestrator:
        assert orchestrator._started
        future = orchestrator.submit_task(time.sleep, 0.05)
    assert future.done()
    with pytest.raises(ShutdownError):
        orchestrator.submit_task(add, 1)


def test_an_injected_logger_that_takes_exc_info_gets_it(make):
    """A logger that takes exceptions as the standard one does is spared the traceback in the text."""
    orchestrator = make()
    logger = Mock()
    orchestrator.set_logger(logger)
    error = orchestrator.submit_task(lambda: 1 / 0).exception(5)
    (call,) = logger.error.call_args_list
    assert call.kwargs == {"exc_info": error}
    assert "Traceback" not in call.args[0]


def test_without_threads_a_task_is_refused(make, monkeypatch):
    """If the system has no thread to give, the task is refused with the reason, not left waiting for ever."""
    orchestrator = make()

    def fail(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        for func in (add, add_later):
            with pytest.raises(ShutdownError, match="can't start new thread"):
                orchestrator.submit_task(func, 1)
    assert orchestrator.submit_task(add, 1).result(5) == 3
    assert orchestrator.submit_task(add_later, 1).result(5) == 3


def test_failing_during_shutdown_is_not_retried(make, caplog):
    """A task that fails while the shutdown waits for it ends then, rather than holding it up for attempts."""
    orchestrator = make(drain_time=50)
    go, begun = threading.Event(), threading.Event()

    @orchestrator.task(retries=5, backoff=60)
    def fail():
        begun.set()
        go.wait(60)
        raise ValueError("too late")

    future = orchestrator.submit_task(fail)
    begun.wait(5)
    threading.Timer(0.05, go.set).start()
    report = orchestrator.shutdown()
    assert report.seconds < 50
    assert [name.rsplit(".", 1)[-1] for name in report.cancelled] == ["fail"]
    assert isinstance(future.exception(0), ShutdownError)
    assert "given up: the orchestrator is shut down" in caplog.text
    assert "tried again" not in caplog.text
