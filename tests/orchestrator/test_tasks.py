"""Tasks with options: attempts, pauses, time limits."""

from __future__ import annotations

import asyncio
import threading

import pytest
from areion_orchestrator import Orchestrator, QueueFullError, ShutdownError, TaskTimeoutError
from areion_orchestrator._tasks import TaskOptions
from areion_orchestrator.testing import eventually


class Flaky:
    """Fails so many times, then succeeds."""

    def __init__(self, failures, error=ValueError):
        self.failures = failures
        self.error = error
        self.calls = 0

    def call(self, result="done"):
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error(f"attempt {self.calls}")
        return result

    async def later(self, result="done"):
        await asyncio.sleep(0)
        return self.call(result)


def register(orchestrator, func, **options):
    def run(*args, **kwargs):
        return func(*args, **kwargs)

    async def run_later(*args, **kwargs):
        return await func(*args, **kwargs)

    chosen = run_later if asyncio.iscoroutinefunction(func) else run
    return orchestrator.task(backoff=0.001, **options)(chosen)


@pytest.fixture(params=["call", "later"])
def kind(request):
    return request.param


def test_a_failed_task_is_tried_again(orchestrator, caplog, kind):
    """With retries=2, the third attempt's result is the future's; each failure is logged."""
    flaky = Flaky(2)
    task = register(orchestrator, getattr(flaky, kind), retries=2)
    assert orchestrator.submit_task(task, result="fine").result(5) == "fine"
    assert flaky.calls == 3
    messages = [record.getMessage() for record in caplog.records]
    assert ["attempt 1 of 3" in messages[0], "attempt 2 of 3" in messages[1]] == [True, True]


def test_the_last_failure_is_the_tasks(orchestrator, caplog, kind):
    """When no attempt is left, the future has the last exception, and the log its traceback."""
    flaky = Flaky(9)
    task = register(orchestrator, getattr(flaky, kind), retries=2)
    error = orchestrator.submit_task(task).exception(5)
    assert str(error) == "attempt 3"
    assert flaky.calls == 3
    assert (caplog.records[-1].levelname, caplog.records[-1].exc_info[1]) == ("ERROR", error)


def test_only_errors_worth_it_are_retried(orchestrator, kind):
    """retry_on narrows which exceptions are worth another attempt."""
    flaky = Flaky(9, KeyError)
    task = register(orchestrator, getattr(flaky, kind), retries=5, retry_on=(OSError, TimeoutError))
    assert isinstance(orchestrator.submit_task(task).exception(5), KeyError)
    assert flaky.calls == 1


def test_without_retries_there_is_one_attempt(orchestrator):
    """task() without options changes nothing about how often a function runs."""
    flaky = Flaky(1)

    @orchestrator.task
    def run():
        return flaky.call()

    assert isinstance(orchestrator.submit_task(run).exception(5), ValueError)
    assert flaky.calls == 1


def test_the_decorator_returns_the_function(orchestrator):
    """A registered function is still itself, and calling it is a plain call."""

    def func(number):
        return number + 1

    assert orchestrator.task(func) is func
    assert orchestrator.task(retries=3, name="other")(func) is func
    assert func(1) == 2


def test_methods_and_partials_find_their_options(orchestrator):
    """The options of a function hold for a method made from it."""
    calls = []

    class Thing:
        @orchestrator.task(retries=1, backoff=0.001)
        def method(self):
            calls.append(1)
            raise ValueError

    orchestrator.submit_task(Thing().method).exception(5)
    assert len(calls) == 2


def test_options_hold_for_cron_jobs(make):
    """A registered function that is scheduled gets its attempts too."""
    orchestrator = make()
    flaky = Flaky(1)
    task = register(orchestrator, flaky.call, retries=1)
    job = orchestrator.schedule_cron_task(task, "* * * * * *")
    orchestrator.start()
    eventually(lambda: job.runs)
    assert (job.last_result, job.last_error) == ("done", None)


@pytest.mark.parametrize("attempt", [1, 2, 3, 5, 10, 2000])
def test_pauses_grow_and_are_bounded(attempt):
    """Each pause is twice as long as the one before, up to a bound, shortened at random by up to half."""
    options = TaskOptions("x", backoff=1.0, backoff_max=60.0)
    longest = min(2.0 ** (attempt - 1), 60.0) if attempt < 100 else 60.0
    pauses = [options.pause_after(attempt) for _ in range(50)]
    assert all(longest / 2 <= pause <= longest for pause in pauses)
    assert len(set(pauses)) > 10


def test_a_coroutine_over_its_time_limit_is_cancelled(orchestrator):
    """It is cancelled for real, and the future has a TaskTimeoutError, a TimeoutError that says how long."""
    cleaned = threading.Event()

    @orchestrator.task(timeout=0.05, name="slow")
    async def slow():
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.set()

    error = orchestrator.submit_task(slow).exception(5)
    assert isinstance(error, TaskTimeoutError)
    assert isinstance(error, TimeoutError)
    assert (error.timeout, "it was cancelled" in str(error)) == (0.05, True)
    assert cleaned.is_set()


def test_a_coroutine_over_its_time_limit_is_tried_again(orchestrator):
    """A time-out is a failure like any other, where the attempt has really ended."""
    calls = []

    @orchestrator.task(timeout=0.02, retries=2, backoff=0.001)
    async def slow():
        calls.append(1)
        await asyncio.sleep(60 if len(calls) < 3 else 0)
        return "done"

    assert orchestrator.submit_task(slow).result(5) == "done"


def test_a_timeout_error_of_the_coroutines_own(orchestrator):
    """A TimeoutError that the coroutine raised itself is not mistaken for its time limit."""

    @orchestrator.task(timeout=5)
    async def own():
        raise TimeoutError("its own")

    error = orchestrator.submit_task(own).exception(5)
    assert (type(error), str(error)) == (TimeoutError, "its own")


def test_a_thread_over_its_time_limit(make, caplog):
    """The future fails in time and says that the thread still runs; there is no attempt beside it."""
    orchestrator = make()
    go, calls = threading.Event(), []

    @orchestrator.task(timeout=0.05, retries=3, backoff=0.001, name="slow")
    def slow():
        calls.append("begun")
        go.wait(60)
        calls.append("ended")

    error = orchestrator.submit_task(slow).exception(50)
    assert calls == ["begun"]
    assert isinstance(error, TaskTimeoutError)
    assert "cannot be stopped and still runs" in str(error)
    go.set()
    eventually(lambda: any("ended after its time limit" in record.getMessage() for record in caplog.records))
    assert calls == ["begun", "ended"]


def test_a_thread_within_its_time_limit(orchestrator):
    """A limit that is kept leaves no trace."""

    @orchestrator.task(timeout=5)
    def quick():
        return 1

    assert orchestrator.submit_task(quick).result(5) == 1


def test_waiting_for_an_attempt_ends_with_the_shutdown(make, caplog):
    """A task between two attempts is given up at once by a shutdown; report and future say so."""
    orchestrator = make(drain_time=60)

    @orchestrator.task(retries=5, backoff=100, name="patient")
    def failing():
        raise ValueError("on purpose")

    future = orchestrator.submit_task(failing)
    eventually(lambda: caplog.records)
    report = orchestrator.shutdown()
    assert report.seconds < 60
    assert [name.rsplit(".", 1)[-1] for name in report.cancelled] == ["failing"]
    assert not report.clean
    error = future.exception(0)
    assert isinstance(error, ShutdownError)
    assert "'patient' was abandoned before attempt 2" in str(error)
    assert isinstance(error.__cause__, ValueError)


def test_a_queued_task_with_options_is_cancelled_by_the_shutdown(make):
    """A task that waits for a worker is cancelled at the end of the time limit, and is in the report."""
    orchestrator = make(1)
    go, begun = threading.Event(), threading.Event()

    def block():
        begun.set()
        go.wait(10)

    @orchestrator.task(name="waiting")
    def waiting():
        raise AssertionError("it must not run")

    orchestrator.submit_task(block)
    begun.wait(5)
    future = orchestrator.submit_task(waiting)
    report = orchestrator.shutdown(0.1)
    assert len(report.cancelled) == len(report.abandoned) == 1
    assert isinstance(future.exception(5), ShutdownError)
    go.set()


@pytest.mark.parametrize("when", ["queued", "between attempts"])
def test_a_task_with_options_can_be_cancelled(make, when, caplog):
    """Its future can be cancelled while it waits for a worker; a running one cannot."""
    orchestrator = make(1)
    go, calls = threading.Event(), []
    if when == "queued":
        orchestrator.submit_task(go.wait, 10)

    @orchestrator.task(retries=1, backoff=0.2)
    async def later():
        calls.append(1)
        raise ValueError

    @orchestrator.task(retries=1)
    def now():
        calls.append(1)

    future = orchestrator.submit_task(now if when == "queued" else later)
    if when != "queued":
        eventually(lambda: calls)
        eventually(lambda: caplog.records)
    assert future.cancel()
    go.set()
    orchestrator.run_tasks()
    assert future.cancelled()
    assert len(calls) == (0 if when == "queued" else 1)


def test_tasks_with_options_are_bounded(make):
    """As many unfinished tasks with options as max_queue; the next is refused by its registered name."""
    orchestrator = make(1, max_queue=2)
    go = threading.Event()

    @orchestrator.task(name="waiting")
    def waiting():
        go.wait(10)

    futures = [orchestrator.submit_task(waiting) for _ in range(2)]
    with pytest.raises(QueueFullError, match="task 'waiting' was refused"):
        orchestrator.submit_task(waiting)
    go.set()
    for future in futures:
        future.result(5)
    orchestrator.submit_task(waiting).result(5)


def test_names_are_unique(orchestrator):
    """Two functions of one name are refused, naming both; registering a function anew changes its options."""

    @orchestrator.task(name="mail")
    def first(): ...

    with pytest.raises(ValueError, match=r"'mail' of .*second.* is taken by .*first"):

        @orchestrator.task(name="mail")
        def second(): ...

    orchestrator.task(first, name="mail", retries=4)
    assert orchestrator._backend.registry.find(first).retries == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"retries": -1}, "retries"),
        ({"retries": 1.5}, "retries"),
        ({"timeout": 0}, "timeout must be above 0 seconds"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": "5"}, "timeout must be a number of seconds"),
        ({"timeout": float("nan")}, "timeout must be a number of seconds"),
        ({"backoff_max": float("inf")}, "backoff_max must be a number of seconds from 0 to 1e+09"),
        ({"backoff": -1}, "backoff"),
        ({"backoff_max": "x"}, "backoff_max"),
        ({"durable": True}, "Orchestrator(store="),
    ],
)
def test_wrong_options_are_refused(orchestrator, options, words):
    """A wrong option is a ValueError when the function is registered."""
    with pytest.raises(ValueError) as caught:
        orchestrator.task(**options)
    assert words in str(caught.value)


def test_only_callables_are_registered(orchestrator):
    """What cannot be called cannot be registered."""
    with pytest.raises(TypeError, match="task"):
        orchestrator.task(retries=1)(5)


def test_unhashable_callables_run_without_options(orchestrator):
    """A callable that no dict can hold was never registered, and just runs."""
    orchestrator.task(Flaky(0).call)

    class Unhashable:
        __hash__ = None

        def __eq__(self, other):
            return True

        def __call__(self):
            return 5

    assert orchestrator.submit_task(Unhashable()).result(5) == 5


def test_without_a_store_there_are_no_failed_tasks():
    """What needs a store says so."""
    orchestrator = Orchestrator()
    for call in (
        orchestrator.failed_tasks,
        lambda: orchestrator.retry_failed(1),
        lambda: orchestrator.discard_failed(1),
    ):
        with pytest.raises(RuntimeError, match=r"store='tasks.db'"):
            call()
