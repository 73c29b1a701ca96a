from __future__ import annotations

from areion_orchestrator import Orchestrator


def test_a_submitted_task_runs_and_shutdown_is_clean():
    """A task submitted before start() runs, and the shutdown report says that nothing was left."""
    orchestrator = Orchestrator()
    assert orchestrator.submit_task(pow, 2, 5).result(timeout=5) == 32
    assert orchestrator.shutdown().clean
