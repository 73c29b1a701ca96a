"""The contract, over the default orchestrator and over one that a stranger might write."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime

from areion_orchestrator import BaseOrchestrator, CronSchedule, Orchestrator
from areion_orchestrator.testing import CoroutineContract, OrchestratorContract


class Stranger(BaseOrchestrator):
    """Exactly the abstract methods, and the hook that waits."""

    def __init__(self):
        self._pool = ThreadPoolExecutor(4)
        self._futures: list[Future] = []
        self._stopped = threading.Event()
        self._threads = []
        self._started = False

    def start(self):
        if not self._started:
            self._started = True
            for thread in self._threads:
                thread.start()

    def submit_task(self, func, /, *args, **kwargs):
        future = self._pool.submit(func, *args, **kwargs)
        self._futures.append(future)
        return future

    def schedule_cron_task(self, func, /, cron, *args, **kwargs):
        schedule = CronSchedule(cron, "UTC")

        def fire():
            for due in schedule.upcoming():
                if self._stopped.wait((due - datetime.now(UTC)).total_seconds()):
                    return
                self._pool.submit(func, *args, **kwargs)

        self._threads.append(threading.Thread(target=fire, daemon=True))
        if self._started:
            self._threads[-1].start()

    def run_tasks(self):
        wait(self._futures)

    def shutdown(self):
        self._stopped.set()
        if self._started:
            for thread in self._threads:
                thread.join()
        self._pool.shutdown()


class TestDefault(CoroutineContract):
    def make(self):
        return Orchestrator()


class TestStranger(OrchestratorContract):
    def make(self):
        return Stranger()


class TestWithStore(CoroutineContract):
    def make(self):
        return Orchestrator(store=self.path)

    def setup_method(self):
        import tempfile
        from pathlib import Path

        self._folder = tempfile.TemporaryDirectory()
        self.path = Path(self._folder.name, "tasks.db")

    def teardown_method(self):
        self._folder.cleanup()


def test_the_abstract_methods_alone_make_an_orchestrator():
    """A class with just the four abstract methods can be made; the hooks do nothing."""

    class Least(BaseOrchestrator):
        def start(self): ...
        def submit_task(self, func, /, *args, **kwargs): ...
        def schedule_cron_task(self, func, /, cron, *args, **kwargs): ...
        def shutdown(self): ...

    least = Least()
    assert BaseOrchestrator.__abstractmethods__ == {"start", "submit_task", "schedule_cron_task", "shutdown"}
    assert least.run_tasks() is least.set_logger(object()) is least.bind_loop(None) is None
    assert least.jobs == ()
