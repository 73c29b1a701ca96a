"""Coroutine tasks on a bound loop, and on the orchestrator's own."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest
from areion_orchestrator import ShutdownError
from areion_orchestrator.testing import eventually


async def current():
    return asyncio.get_running_loop(), threading.current_thread()


async def test_coroutines_run_on_the_bound_loop(make):
    """After bind_loop(), coroutine functions run on that loop, in its thread."""
    orchestrator = make()
    orchestrator.bind_loop(asyncio.get_running_loop())
    loop, thread = await asyncio.wrap_future(orchestrator.submit_task(current))
    assert (loop, thread) == (asyncio.get_running_loop(), threading.current_thread())
    report = await asyncio.to_thread(orchestrator.shutdown)
    assert report.clean
    orchestrator.bind_loop(None)


async def test_cron_jobs_run_on_the_bound_loop(make):
    """So do the coroutine functions of cron jobs."""
    orchestrator = make()
    orchestrator.bind_loop(asyncio.get_running_loop())
    job = orchestrator.schedule_cron_task(current, "* * * * * *")
    orchestrator.start()
    while job.last_result is None:
        await asyncio.sleep(0.01)
    assert job.last_result[0] is asyncio.get_running_loop()
    await asyncio.to_thread(orchestrator.shutdown)
    orchestrator.bind_loop(None)


def test_without_a_bound_loop_they_run_on_one_of_their_own(orchestrator):
    """All coroutines share one loop thread, made with the first of them."""
    first, second = (orchestrator.submit_task(current).result(5) for _ in "12")
    assert first == second
    assert first[1].name == "areion-loop"


async def test_shutdown_waits_for_coroutines_on_the_bound_loop(make):
    """Called in another thread, as a server does, it lets coroutines on the loop finish."""
    orchestrator = make()
    orchestrator.bind_loop(asyncio.get_running_loop())
    future = orchestrator.submit_task(asyncio.sleep, 0.1, "done")
    report = await asyncio.to_thread(orchestrator.shutdown)
    assert (report.clean, future.result(0)) == (True, "done")
    orchestrator.bind_loop(None)


async def test_shutdown_on_the_loop_itself_does_not_hang(make):
    """Coroutines that the caller holds up are cancelled at once, not waited for."""
    orchestrator = make(drain_time=30)
    orchestrator.bind_loop(asyncio.get_running_loop())
    future = orchestrator.submit_task(asyncio.sleep, 60)
    await asyncio.sleep(0.01)
    report = orchestrator.shutdown()
    assert report.seconds < 30
    assert report.cancelled == ("sleep",)
    assert future.cancelled()
    await asyncio.sleep(0.01)
    orchestrator.bind_loop(None)


async def test_shutdown_cancels_what_does_not_end(make):
    """At the end of the time limit a coroutine is cancelled and may clean up."""
    orchestrator = make()
    orchestrator.bind_loop(asyncio.get_running_loop())
    cleaned = asyncio.Event()

    async def endless():
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.set()

    orchestrator.submit_task(endless)
    await asyncio.sleep(0.01)
    report = await asyncio.to_thread(orchestrator.shutdown, 0.05)
    assert len(report.cancelled) == 1
    await asyncio.wait_for(cleaned.wait(), 5)
    orchestrator.bind_loop(None)


async def test_unbinding_cancels_and_names_what_is_left(make, caplog):
    """When the loop goes away, coroutines on it are cancelled, with a warning; later ones run elsewhere."""
    orchestrator = make()
    orchestrator.bind_loop(asyncio.get_running_loop())
    future = orchestrator.submit_task(asyncio.sleep, 60)
    await asyncio.sleep(0.01)
    orchestrator.bind_loop(None)
    assert future.cancelled()
    assert "'sleep' was cancelled: its event loop went away" in caplog.text
    loop, _ = await asyncio.to_thread(orchestrator.submit_task(current).result, 5)
    assert loop is not asyncio.get_running_loop()


def test_a_bound_loop_that_was_closed(make):
    """A loop that was closed without a word is not used; coroutines run on the own loop."""
    orchestrator = make()
    loop = asyncio.new_event_loop()
    orchestrator.bind_loop(loop)
    loop.close()
    assert orchestrator.submit_task(current).result(5)[0] is not loop


def test_a_bound_loop_that_never_runs(make):
    """Coroutines on a loop that stopped do not hold up the shutdown beyond its time limit."""
    orchestrator = make()
    loop = asyncio.new_event_loop()
    orchestrator.bind_loop(loop)
    future = orchestrator.submit_task(current)
    report = orchestrator.shutdown(0.05)
    assert report.cancelled == ("current",)
    assert future.cancelled()
    loop.run_until_complete(asyncio.sleep(0))
    orchestrator.bind_loop(None)
    loop.close()


def test_a_coroutine_of_a_plain_function_during_shutdown(make):
    """A plain function that returns a coroutine after the drain gets an error; the coroutine is closed."""
    orchestrator = make()
    go = threading.Event()

    def late():
        go.wait(5)
        return current()

    future = orchestrator.submit_task(late)
    eventually(lambda: future.running())
    assert orchestrator.shutdown(0.05).abandoned
    go.set()
    assert isinstance(future.exception(5), ShutdownError)


def test_a_blocked_loop_is_left_behind(make, caplog):
    """A coroutine that blocks the own loop cannot hang the shutdown; the log says that the thread was left."""
    from areion_orchestrator import _loops

    orchestrator = make()
    go, begun = threading.Event(), threading.Event()

    async def block():
        begun.set()
        go.wait(20)

    orchestrator.submit_task(block)
    begun.wait(5)
    patience, _loops._LOOP_PATIENCE = _loops._LOOP_PATIENCE, 0.1
    try:
        orchestrator.shutdown(0.05)
    finally:
        _loops._LOOP_PATIENCE = patience
    assert "is blocked; its thread was left" in caplog.text
    go.set()
    eventually(lambda: not any(thread.name == "areion-loop" for thread in threading.enumerate()))


@pytest.mark.parametrize("count", [500])
def test_many_coroutines_from_many_threads(orchestrator, count):
    """None is lost, and none runs twice."""
    done = []

    async def note(number):
        await asyncio.sleep(0)
        done.append(number)

    def submit(first):
        for number in range(first, first + count):
            orchestrator.submit_task(note, number)

    threads = [threading.Thread(target=submit, args=(number * count,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    orchestrator.run_tasks()
    assert sorted(done) == list(range(4 * count))


def test_system_exit_in_a_coroutine_ends_no_loop(orchestrator):
    """A coroutine that calls sys.exit() fails; the loop, a server's perhaps, goes on."""

    async def leave():
        sys.exit(3)

    assert isinstance(orchestrator.submit_task(leave).exception(5), SystemExit)
    assert orchestrator.submit_task(asyncio.sleep, 0, "on").result(5) == "on"
