"""The public names."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import areion_orchestrator


def test_public_names():
    """What is public is pinned here: a removal is a breaking change."""
    assert areion_orchestrator.__all__ == [
        "ArgumentError",
        "BaseOrchestrator",
        "Clock",
        "CronError",
        "CronSchedule",
        "Job",
        "JobOptions",
        "Orchestrator",
        "OrchestratorError",
        "QueueFullError",
        "ShutdownError",
        "ShutdownReport",
        "StoreError",
        "SystemClock",
        "TaskTimeoutError",
        "__version__",
    ]
    assert all(hasattr(areion_orchestrator, name) for name in areion_orchestrator.__all__)


def test_version():
    """The version is the distribution's."""
    assert areion_orchestrator.__version__ == importlib.metadata.version("areion-orchestrator")


def test_entry_point():
    """The default is found by its entry point."""
    (entry,) = importlib.metadata.entry_points(group="areion.orchestrator", name="default")
    assert entry.load() is areion_orchestrator.Orchestrator


def test_import_is_light():
    """Importing loads no sibling, and neither croniter nor SQLite before they are needed."""
    code = (
        "import sys, areion_orchestrator\n"
        "areion_orchestrator.Orchestrator(timezone='UTC').schedule_cron_task(print, {'hour': 3})\n"
        "heavy = {'croniter', 'dateutil', 'sqlite3', 'pytest', 'areion', 'areion_http', 'areion_logger',"
        " 'areion_engine', 'areion_router'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
